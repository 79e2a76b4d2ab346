"""Log sources of Windows events: Sigma's service for a channel, Sigma's category for an event id.

Source: https://github.com/SigmaHQ/sigma-specification (appendix: taxonomy) and pySigma's Windows log sources.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from loglm.events.event import LogSource

__all__ = ["canonical_channel", "channel_of_provider", "windows_log_source"]

_MOST_CHANNEL_CHARS: Final = 256
_OPERATIONAL: Final = {
    "appxdeployment-server": "AppXDeploymentServer",
    "appxpackaging-om": "AppxPackaging",
    "bits-client": "Bits-Client",
    "capi2": "CAPI2",
    "certificateservicesclient-lifecycle-system": "CertificateServicesClient-Lifecycle-System",
    "codeintegrity-operational": "CodeIntegrity",
    "dhcp": "DHCP-Server",
    "diagnosis-scripted": "Diagnosis-Scripted",
    "dns-client": "DNS-Client",
    "driver-framework": "DriverFrameworks-UserMode",
    "kernel-shimengine": "Kernel-ShimEngine",
    "lsa-server": "LSA",
    "ntfs": "Ntfs",
    "ntlm": "NTLM",
    "powershell": "PowerShell",
    "printservice-operational": "PrintService",
    "rdp-client": "TerminalServices-RDPClient",
    "sense": "SENSE",
    "shell-core": "Shell-Core",
    "smbclient-operational": "SMBClient",
    "smbserver-operational": "SMBServer",
    "sysmon": "Sysmon",
    "taskscheduler": "TaskScheduler",
    "terminalservices-localsessionmanager": "TerminalServices-LocalSessionManager",
    "terminalservices-remoteconnectionmanager": "TerminalServices-RemoteConnectionManager",
    "vhdmp": "VHDMP",
    "windefend": "Windows Defender",
    "winrm": "WinRM",
    "wmi": "WMI-Activity",
}
"""Service -> the middle of ``Microsoft-Windows-.../Operational``."""

_CHANNELS: Final = {
    **{f"Microsoft-Windows-{middle}/Operational": service for service, middle in _OPERATIONAL.items()},
    "Application": "application",
    "DNS Server": "dns-server",
    "ForwardedEvents": "forwardedevents",
    "Linux-Sysmon/Operational": "sysmon",
    "MSExchange Management": "msexchange-management",
    "Microsoft-IIS-Configuration/Operational": "iis-configuration",
    "Microsoft-ServiceBus-Client/Admin": "microsoft-servicebus-client",
    "Microsoft-ServiceBus-Client/Operational": "microsoft-servicebus-client",
    "Microsoft-Windows-AppLocker/EXE and DLL": "applocker",
    "Microsoft-Windows-AppLocker/MSI and Script": "applocker",
    "Microsoft-Windows-AppLocker/Packaged app-Deployment": "applocker",
    "Microsoft-Windows-AppLocker/Packaged app-Execution": "applocker",
    "Microsoft-Windows-AppModel-Runtime/Admin": "appmodel-runtime",
    "Microsoft-Windows-Application-Experience/Program-Compatibility-Assistant": "application-experience",
    "Microsoft-Windows-Application-Experience/Program-Telemetry": "application-experience",
    "Microsoft-Windows-BitLocker/BitLocker Management": "bitlocker",
    "Microsoft-Windows-DNS Client Events/Operational": "dns-client",
    "Microsoft-Windows-DNS-Server/Analytical": "dns-server-analytic",
    "Microsoft-Windows-DNS-Server/Audit": "dns-server-audit",
    "Microsoft-Windows-Hyper-V-Worker": "hyper-v-worker",
    "Microsoft-Windows-Kernel-EventTracing": "kernel-event-tracing",
    "Microsoft-Windows-Kernel-ShimEngine/Diagnostic": "kernel-shimengine",
    "Microsoft-Windows-LDAP-Client/Debug": "ldap",
    "Microsoft-Windows-PrintService/Admin": "printservice-admin",
    "Microsoft-Windows-Security-Mitigations/Kernel Mode": "security-mitigations",
    "Microsoft-Windows-Security-Mitigations/User Mode": "security-mitigations",
    "Microsoft-Windows-SMBClient/Connectivity": "smbclient-connectivity",
    "Microsoft-Windows-SMBClient/Security": "smbclient-security",
    "Microsoft-Windows-SMBServer/Connectivity": "smbserver-connectivity",
    "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall": "firewall-as",
    "OpenSSH/Operational": "openssh",
    "PowerShellCore/Operational": "powershell",
    "Security": "security",
    "System": "system",
    "Windows PowerShell": "powershell-classic",
}

_SERVICES: Final = {channel.lower(): service for channel, service in _CHANNELS.items()}
_CANONICAL: Final = {channel.lower(): channel for channel in _CHANNELS}

_ONE_CHANNEL: Final = (
    "appxdeployment-server",
    "bits-client",
    "capi2",
    "diagnosis-scripted",
    "ntlm",
    "powershell",
    "sysmon",
    "taskscheduler",
    "terminalservices-localsessionmanager",
    "terminalservices-remoteconnectionmanager",
    "windefend",
    "winrm",
    "wmi",
)
"""Services whose provider is named like the channel and writes hardly anything elsewhere."""
_EVENT_LOG_SERVICE: Final = "microsoft-windows-eventlog"
_SECURITY_OF_EVENT_LOG: Final = frozenset((1100, 1101, 1102, 1104, 1105, 1108))
"""Event ids that the event log service writes to Security; others go to System."""
_PROVIDER_CHANNELS: Final = {
    **{
        f"microsoft-windows-{_OPERATIONAL[service].lower()}": f"Microsoft-Windows-{_OPERATIONAL[service]}/Operational"
        for service in _ONE_CHANNEL
    },
    **dict.fromkeys(("microsoft-windows-security-auditing", "microsoft windows security auditing."), "Security"),
    **dict.fromkeys(
        (
            *(
                "service control manager",
                "eventlog",
                "user32",
                "netlogon",
                "disk",
                "volsnap",
                "ntfs",
                "tcpip",
                "w32time",
            ),
            *("microsoft-windows-kernel-boot", "microsoft-windows-kernel-general", "microsoft-windows-kernel-power"),
            *("microsoft-windows-distributedcom", "microsoft-windows-time-service", "microsoft-windows-winlogon"),
            *("microsoft-windows-windowsupdateclient", "microsoft-windows-directory-services-sam"),
        ),
        "System",
    ),
    **dict.fromkeys(
        (
            *("application error", "application hang", "windows error reporting", ".net runtime", "msiinstaller"),
            *("esent", "vss", "microsoft-windows-security-spp", "microsoft-windows-restartmanager"),
        ),
        "Application",
    ),
    "openssh": "OpenSSH/Operational",
    "powershell": "Windows PowerShell",
    "powershellcore": "PowerShellCore/Operational",
    "sysmon": "Microsoft-Windows-Sysmon/Operational",
}
"""Provider in lower case -> the channel that it writes to."""

_SYSMON: Final = {
    1: "process_creation",
    2: "file_change",
    3: "network_connection",
    4: "sysmon_status",
    5: "process_termination",
    6: "driver_load",
    7: "image_load",
    8: "create_remote_thread",
    9: "raw_access_thread",
    10: "process_access",
    11: "file_event",
    12: "registry_event",
    13: "registry_set",
    14: "registry_rename",
    15: "create_stream_hash",
    16: "sysmon_status",
    17: "pipe_created",
    18: "pipe_created",
    19: "wmi_event",
    20: "wmi_event",
    21: "wmi_event",
    22: "dns_query",
    23: "file_delete",
    24: "clipboard_capture",
    25: "process_tampering",
    26: "file_delete",
    27: "file_block_executable",
    28: "file_block_shredding",
    29: "file_executable_detected",
    255: "sysmon_error",
}
_CATEGORIES: Final = {
    "sysmon": _SYSMON,
    "security": {4688: "process_creation", 4689: "process_termination"},
    "powershell": {4103: "ps_module", 4104: "ps_script"},
    "powershell-classic": {400: "ps_classic_start", 600: "ps_classic_provider_start", 800: "ps_classic_script"},
}
_REGISTRY_CHANGES: Final = {
    "CreateKey": "registry_add",
    "CreateValue": "registry_add",
    "DeleteKey": "registry_delete",
    "DeleteValue": "registry_delete",
}
"""EventType of Sysmon's event 12."""


def windows_log_source(channel: str, event_id: int | None, event_type: str = "") -> LogSource:
    """The log source of an event; events of other channels have the channel's name in lower case as service.

    Args:
        channel: As the event names it, in any case; Windows allows 255 characters, of more the first 256 count.
        event_id: None where the record has none.
        event_type: The ``EventType`` field, by which Sysmon's event 12 adds or deletes.
    """
    return _log_source(channel[:_MOST_CHANNEL_CHARS], event_id, event_type[:_MOST_CHANNEL_CHARS])


@lru_cache(maxsize=8192)
def _log_source(channel: str, event_id: int | None, event_type: str) -> LogSource:
    name = channel.lower()
    service = _SERVICES.get(name, name)
    category = "" if event_id is None else _CATEGORIES.get(service, {}).get(event_id, "")
    if service == "sysmon" and event_id == 12:
        category = _REGISTRY_CHANGES.get(event_type, category)
    return LogSource("linux" if name.startswith("linux-") else "windows", service, category)


def channel_of_provider(provider: str, event_id: int | None) -> str:
    """The channel of an event of which only the provider is told; empty where that does not tell it."""
    name = provider.lower()
    if name == _EVENT_LOG_SERVICE:
        return "Security" if event_id in _SECURITY_OF_EVENT_LOG else "System"
    return _PROVIDER_CHANNELS.get(name, "")


def canonical_channel(channel: str) -> str:
    """The channel's name as Windows writes it, where a shipper changed the case (``security``)."""
    return _CANONICAL.get(channel.lower(), channel)
