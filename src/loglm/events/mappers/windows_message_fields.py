"""What the labels of rendered Windows messages are called in EventData.

Source: the messages of Microsoft's Security-Auditing provider (English), held against the EventData of the same
events; Sysmon's schema 4.90, whose messages use the field names themselves.
"""

from __future__ import annotations

from typing import Final

__all__ = ["BY_EVENT", "COMMON", "SYSMON_FIELDS"]

Sections = dict[str, dict[str, str]]

_SUBJECT: Final = {
    "Security ID": "SubjectUserSid",
    "Account Name": "SubjectUserName",
    "Account Domain": "SubjectDomainName",
    "Domain Name": "SubjectDomainName",
    "Logon ID": "SubjectLogonId",
    "Logon GUID": "LogonGuid",
}
_TARGET: Final = {
    "Security ID": "TargetUserSid",
    "Account Name": "TargetUserName",
    "Account Domain": "TargetDomainName",
    "Logon ID": "TargetLogonId",
    "Linked Logon ID": "TargetLinkedLogonId",
    "Network Account Name": "TargetOutboundUserName",
    "Network Account Domain": "TargetOutboundDomainName",
    "Logon GUID": "LogonGuid",
}
_OBJECT_ACCOUNT: Final = {
    "Security ID": "TargetSid",
    "Account Name": "TargetUserName",
    "Account Domain": "TargetDomainName",
}
_GROUP: Final = {
    "Security ID": "TargetSid",
    "Group Name": "TargetUserName",
    "Account Name": "TargetUserName",
    "Group Domain": "TargetDomainName",
    "Account Domain": "TargetDomainName",
}
_MEMBER: Final = {"Security ID": "MemberSid", "Account Name": "MemberName"}
_CALLER_PROCESS: Final = {"Process ID": "CallerProcessId", "Process Name": "CallerProcessName"}

COMMON: Final[Sections] = {
    "": {"Logon Type": "LogonType", "Impersonation Level": "ImpersonationLevel", "Privileges": "PrivilegeList"},
    "Subject": _SUBJECT,
    "Creator Subject": _SUBJECT,
    "Target Subject": _TARGET,
    "New Logon": _TARGET,
    "Target Account": _OBJECT_ACCOUNT,
    "Logon Information": {
        "Logon Type": "LogonType",
        "Restricted Admin Mode": "RestrictedAdminMode",
        "Remote Credential Guard": "RemoteCredentialGuard",
        "Virtual Account": "VirtualAccount",
        "Elevated Token": "ElevatedToken",
    },
    "Process Information": {
        "Process ID": "ProcessId",
        "Process Name": "ProcessName",
        "Caller Process ID": "ProcessId",
        "Caller Process Name": "ProcessName",
        "New Process ID": "NewProcessId",
        "New Process Name": "NewProcessName",
        "Token Elevation Type": "TokenElevationType",
        "Mandatory Label": "MandatoryLabel",
        "Creator Process ID": "ProcessId",
        "Creator Process Name": "ParentProcessName",
        "Process Command Line": "CommandLine",
        "Exit Status": "Status",
    },
    "Process": {"Process ID": "ProcessId", "Process Name": "ProcessName"},
    "Application Information": {"Process ID": "ProcessId", "Application Name": "Application"},
    "Network Information": {
        "Workstation Name": "WorkstationName",
        "Source Network Address": "IpAddress",
        "Network Address": "IpAddress",
        "Client Address": "IpAddress",
        "Source Port": "IpPort",
        "Client Port": "IpPort",
        "Port": "IpPort",
    },
    "Detailed Authentication Information": {
        "Logon Process": "LogonProcessName",
        "Authentication Package": "AuthenticationPackageName",
        "Transited Services": "TransmittedServices",
        "Package Name (NTLM only)": "LmPackageName",
        "Key Length": "KeyLength",
    },
    "Object": {
        "Object Server": "ObjectServer",
        "Object Type": "ObjectType",
        "Object Name": "ObjectName",
        "Handle ID": "HandleId",
        "Object Handle": "HandleId",
        "Resource Attributes": "ResourceAttributes",
    },
    "Access Request Information": {
        "Accesses": "AccessList",
        "Access Mask": "AccessMask",
        "Transaction ID": "TransactionId",
        "Privileges Used for Access Check": "PrivilegeList",
        "Restricted SID Count": "RestrictedSidCount",
    },
}
"""Section -> label -> field, in the events of the Security channel that say nothing else below."""

_KERBEROS: Final[Sections] = {
    "Account Information": {
        "Account Name": "TargetUserName",
        "Account Domain": "TargetDomainName",
        "Supplied Realm Name": "TargetDomainName",
        "User ID": "TargetSid",
        "Security ID": "TargetSid",
        "Logon GUID": "LogonGuid",
    },
    "Service Information": {"Service Name": "ServiceName", "Service ID": "ServiceSid"},
    "Additional Information": {
        "Ticket Options": "TicketOptions",
        "Result Code": "Status",
        "Failure Code": "Status",
        "Ticket Encryption Type": "TicketEncryptionType",
        "Pre-Authentication Type": "PreAuthType",
        "Transited Services": "TransmittedServices",
    },
    "Certificate Information": {
        "Certificate Issuer Name": "CertIssuerName",
        "Certificate Serial Number": "CertSerialNumber",
        "Certificate Thumbprint": "CertThumbprint",
    },
}
_LOGOFF: Final[Sections] = {"Subject": _TARGET}
_SESSION: Final[Sections] = {
    "Subject": {"Account Name": "AccountName", "Account Domain": "AccountDomain", "Logon ID": "LogonID"},
    "Session": {"Session Name": "SessionName"},
    "Additional Information": {"Client Name": "ClientName", "Client Address": "ClientAddress"},
}
_SHARE: Final[Sections] = {
    "Network Information": {
        "Object Type": "ObjectType",
        "Source Address": "IpAddress",
        "Source Port": "IpPort",
    },
    "Share Information": {
        "Share Name": "ShareName",
        "Share Path": "ShareLocalPath",
        "Relative Target Name": "RelativeTargetName",
    },
    "Access Request Information": {"Access Mask": "AccessMask", "Accesses": "AccessList"},
}
_FILTERING: Final[Sections] = {
    "Network Information": {
        "Direction": "Direction",
        "Source Address": "SourceAddress",
        "Source Port": "SourcePort",
        "Destination Address": "DestAddress",
        "Destination Port": "DestPort",
        "Protocol": "Protocol",
        "Interface Index": "InterfaceIndex",
    },
    "Filter Information": {
        "Filter Origin": "FilterOrigin",
        "Filter Run-Time ID": "FilterRTID",
        "Layer Name": "LayerName",
        "Layer Run-Time ID": "LayerRTID",
        "Remote User ID": "RemoteUserID",
        "Remote Machine ID": "RemoteMachineID",
    },
}
_CONNECTION: Final[Sections] = {
    **_FILTERING,
    "Application Information": {"Process ID": "ProcessID", "Application Name": "Application"},
}
_TASK: Final[Sections] = {
    "Task Information": {
        "Task Name": "TaskName",
        "Task Content": "TaskContent",
        "Task New Content": "TaskContentNew",
    },
}
_GROUP_CHANGE: Final[Sections] = {
    "Member": _MEMBER,
    "Group": _GROUP,
    "Additional Information": {"Privileges": "PrivilegeList"},
}
_ACCOUNT_ATTRIBUTES: Final = {
    "SAM Account Name": "SamAccountName",
    "Display Name": "DisplayName",
    "User Principal Name": "UserPrincipalName",
    "Home Directory": "HomeDirectory",
    "Home Drive": "HomePath",
    "Script Path": "ScriptPath",
    "Profile Path": "ProfilePath",
    "User Workstations": "UserWorkstations",
    "Password Last Set": "PasswordLastSet",
    "Account Expires": "AccountExpires",
    "Primary Group ID": "PrimaryGroupId",
    "Allowed To Delegate To": "AllowedToDelegateTo",
    "Old UAC Value": "OldUacValue",
    "New UAC Value": "NewUacValue",
    "User Account Control": "UserAccountControl",
    "User Parameters": "UserParameters",
    "SID History": "SidHistory",
    "Logon Hours": "LogonHours",
}
_ACCOUNT_CHANGE: Final[Sections] = {
    "New Account": _OBJECT_ACCOUNT,
    "Attributes": _ACCOUNT_ATTRIBUTES,
    "Changed Attributes": _ACCOUNT_ATTRIBUTES,
    "Additional Information": {"Privileges": "PrivilegeList"},
}

BY_EVENT: Final[dict[int, Sections]] = {
    4625: {
        "Account For Which Logon Failed": _TARGET,
        "Failure Information": {"Failure Reason": "FailureReason", "Status": "Status", "Sub Status": "SubStatus"},
    },
    4634: _LOGOFF,
    4647: _LOGOFF,
    4648: {
        "Account Whose Credentials Were Used": {**_TARGET, "Logon GUID": "TargetLogonGuid"},
        "Target Server": {"Target Server Name": "TargetServerName", "Additional Information": "TargetInfo"},
    },
    4662: {
        "Operation": {
            "Operation Type": "OperationType",
            "Accesses": "AccessList",
            "Access Mask": "AccessMask",
            "Properties": "Properties",
        },
        "Additional Information": {"Parameter 1": "AdditionalInfo", "Parameter 2": "AdditionalInfo2"},
    },
    4673: {
        "Service": {"Server": "ObjectServer", "Service Name": "Service"},
        "Service Request Information": {"Privileges": "PrivilegeList"},
    },
    4674: {"Requested Operation": {"Privileges": "PrivilegeList"}},
    4690: {
        "Source Handle Information": {"Source Handle ID": "SourceHandleId", "Source Process ID": "SourceProcessId"},
        "New Handle Information": {"Target Handle ID": "TargetHandleId", "Target Process ID": "TargetProcessId"},
    },
    4697: {
        "Service Information": {
            "Service Name": "ServiceName",
            "Service File Name": "ServiceFileName",
            "Service Type": "ServiceType",
            "Service Start Type": "ServiceStartType",
            "Service Account": "ServiceAccount",
        },
    },
    **dict.fromkeys(range(4698, 4703), _TASK),
    4703: {"Target Account": _TARGET},
    **dict.fromkeys((4720, 4738, 4741, 4742), _ACCOUNT_CHANGE),
    **dict.fromkeys((4728, 4729, 4732, 4733, 4746, 4751, 4756, 4757), _GROUP_CHANGE),
    **dict.fromkeys((4768, 4769, 4770, 4771), _KERBEROS),
    4776: {
        "": {
            "Authentication Package": "PackageName",
            "Logon Account": "TargetUserName",
            "Source Workstation": "Workstation",
            "Error Code": "Status",
        },
    },
    4778: _SESSION,
    4779: _SESSION,
    4798: {"User": _OBJECT_ACCOUNT, "Process Information": _CALLER_PROCESS},
    4799: {"Group": _GROUP, "Process Information": _CALLER_PROCESS},
    **dict.fromkeys((5140, 5145), _SHARE),
    **dict.fromkeys((5152, 5154, 5155, 5158, 5159), _FILTERING),
    **dict.fromkeys((5156, 5157), _CONNECTION),
    7045: {
        "": {
            "Service Name": "ServiceName",
            "Service File Name": "ImagePath",
            "Service Type": "ServiceType",
            "Service Start Type": "StartType",
            "Service Account": "AccountName",
        },
    },
}
"""Event id -> sections that differ from `COMMON`, of the Security and System channels."""

SYSMON_FIELDS: Final = frozenset(
    """
    Archived CallTrace ClientInfo CommandLine Company Configuration ConfigurationFileHash Consumer Contents
    CreationUtcTime CurrentDirectory Description Destination DestinationHostname DestinationIp
    DestinationIsIpv6 DestinationPort DestinationPortName Details Device EventNamespace EventType FileVersion
    Filter GrantedAccess Hash Hashes ID Image ImageLoaded Initiated IntegrityLevel IsExecutable LogonGuid
    LogonId Name NewName NewThreadId Operation OriginalFileName ParentCommandLine ParentImage
    ParentProcessGuid ParentProcessId ParentUser PipeName PreviousCreationUtcTime ProcessGuid ProcessId
    Product Protocol Query QueryName QueryResults QueryStatus RuleName SchemaVersion Session Signature
    SignatureStatus Signed SourceHostname SourceImage SourceIp SourceIsIpv6 SourcePort SourcePortName
    SourceProcessGUID SourceProcessGuid SourceProcessId SourceThreadId SourceUser StartAddress StartFunction
    StartModule State TargetFilename TargetImage TargetObject TargetProcessGUID TargetProcessGuid
    TargetProcessId TargetUser TerminalSessionId Type User UtcTime Version
    """.split()
)
