"""The codes and SIDs that stand in EventData where Windows writes words into the rendered message.

Source: the messages of Microsoft's Security-Auditing provider (English), held against the EventData of the same events.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ACCESS_CODES", "CODES", "SIDS"]

_YES_NO: Final = {"Yes": "%%1842", "No": "%%1843"}
CODES: Final[dict[str, dict[str, str]]] = {
    "ImpersonationLevel": {
        "Anonymous": "%%1831",
        "Identification": "%%1832",
        "Impersonation": "%%1833",
        "Delegation": "%%1840",
    },
    **dict.fromkeys(("VirtualAccount", "ElevatedToken", "RestrictedAdminMode", "RemoteCredentialGuard"), _YES_NO),
    "TokenElevationType": {
        "TokenElevationTypeDefault (1)": "%%1936",
        "TokenElevationTypeFull (2)": "%%1937",
        "TokenElevationTypeLimited (3)": "%%1938",
    },
    "Direction": {"Inbound": "%%14592", "Outbound": "%%14593"},
    "LayerName": {
        "Transport": "%%14597",
        "ICMP Error": "%%14601",
        "Resource Assignment": "%%14608",
        "Listen": "%%14609",
        "Receive/Accept": "%%14610",
        "Connect": "%%14611",
    },
    "FailureReason": {
        "An Error occured during Logon.": "%%2304",
        "The specified user account has expired.": "%%2305",
        "The NetLogon component is not active.": "%%2306",
        "Account locked out.": "%%2307",
        "The user has not been granted the requested logon type at this machine.": "%%2308",
        "The specified account's password has expired.": "%%2309",
        "Account currently disabled.": "%%2310",
        "Account logon time restriction violation.": "%%2311",
        "User not allowed to logon at this computer.": "%%2312",
        "Unknown user name or bad password.": "%%2313",
    },
}
"""Field -> what Windows writes into the message -> the code that stands in EventData."""

ACCESS_CODES: Final = {
    "DELETE": "%%1537",
    "READ_CONTROL": "%%1538",
    "WRITE_DAC": "%%1539",
    "WRITE_OWNER": "%%1540",
    "SYNCHRONIZE": "%%1541",
    "ACCESS_SYS_SEC": "%%1542",
    "ReadData (or ListDirectory)": "%%4416",
    "WriteData (or AddFile)": "%%4417",
    "AppendData (or AddSubdirectory or CreatePipeInstance)": "%%4418",
    "ReadEA": "%%4419",
    "WriteEA": "%%4420",
    "Execute/Traverse": "%%4421",
    "DeleteChild": "%%4422",
    "ReadAttributes": "%%4423",
    "WriteAttributes": "%%4424",
    "Query key value": "%%4432",
    "Set key value": "%%4433",
    "Create sub-key": "%%4434",
    "Enumerate sub-keys": "%%4435",
    "Notify about changes to keys": "%%4436",
    "Create Link": "%%4437",
    "Force process termination": "%%4480",
    "Create new thread in process": "%%4481",
    "Set process session ID": "%%4482",
    "Perform virtual memory operation": "%%4483",
    "Read from process memory": "%%4484",
    "Write to process memory": "%%4485",
    "Duplicate handle into or out of process": "%%4486",
    "Create a subprocess of process": "%%4487",
    "Set process quotas": "%%4488",
    "Set process information": "%%4489",
    "Query process information": "%%4490",
    "Set process termination port": "%%4491",
    "Connect to service controller": "%%7168",
    "Create a new service": "%%7169",
    "Enumerate services": "%%7170",
    "Query service configuration information": "%%7184",
    "Query status of service": "%%7186",
    "Start the service": "%%7188",
    "Query information from service": "%%7191",
    "Control Access": "%%7688",
}
"""Rights in ``Accesses``, one a line."""

SIDS: Final = {
    "NULL SID": "S-1-0-0",
    "ANONYMOUS LOGON": "S-1-5-7",
    "NT AUTHORITY\\ANONYMOUS LOGON": "S-1-5-7",
    "SYSTEM": "S-1-5-18",
    "NT AUTHORITY\\SYSTEM": "S-1-5-18",
    "LOCAL SERVICE": "S-1-5-19",
    "NT AUTHORITY\\LOCAL SERVICE": "S-1-5-19",
    "NETWORK SERVICE": "S-1-5-20",
    "NT AUTHORITY\\NETWORK SERVICE": "S-1-5-20",
    "BUILTIN\\Administrators": "S-1-5-32-544",
    "BUILTIN\\Users": "S-1-5-32-545",
    "BUILTIN\\Backup Operators": "S-1-5-32-551",
    "BUILTIN\\Remote Desktop Users": "S-1-5-32-555",
    "Mandatory Label\\Untrusted Mandatory Level": "S-1-16-0",
    "Mandatory Label\\Low Mandatory Level": "S-1-16-4096",
    "Mandatory Label\\Medium Mandatory Level": "S-1-16-8192",
    "Mandatory Label\\Medium Plus Mandatory Level": "S-1-16-8448",
    "Mandatory Label\\High Mandatory Level": "S-1-16-12288",
    "Mandatory Label\\System Mandatory Level": "S-1-16-16384",
}
"""Names that Windows writes for well-known SIDs; other SIDs stay as they were rendered."""
