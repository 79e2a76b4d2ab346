"""What the log-on, privilege and scheduling programs of Unix say: who, from where, what.

Wordings: OpenSSH auth.c and monitor.c, sudo's syslog format, Linux-PAM pam_unix, shadow-utils, cron, systemd-logind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Detail", "detail_of", "service_of"]

_LONGEST = 4096
"""Characters of a message that are looked at."""

_AUTH_PROGRAMS: Final = (
    "su login systemd-logind passwd chpasswd useradd usermod userdel groupadd groupmod groupdel gpasswd chage chsh "
    "chfn newusers polkitd pkexec gdm gdm-password lightdm sddm kdm xdm unix_chkpwd pam_unix doas runuser dropbear "
    "telnetd in.telnetd rlogin rsh sssd sssd_be krb5kdc winbindd saslauthd"
)
_SERVICES: Final = {
    **dict.fromkeys(("sshd", "sshd-session", "sshd-auth"), "sshd"),
    "sudo": "sudo",
    **dict.fromkeys(("cron", "crond", "anacron", "crontab", "atd"), "cron"),
    "vsftpd": "vsftpd",
    **dict.fromkeys(("auditd", "audit", "audispd"), "auditd"),
    **dict.fromkeys(("clamd", "freshclam", "clamscan"), "clamav"),
    "guacd": "guacamole",
    **dict.fromkeys(_AUTH_PROGRAMS.split(), "auth"),
}


@dataclass(slots=True)
class Detail:
    """What a message says beyond its text."""

    action: str
    """The message's own words for what happened: ``Failed password``, ``session opened``, ``COMMAND``."""
    user: str | None = None
    source_address: str | None = None
    process: str | None = None
    session: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    """Further parts of the message; sudo's and PAM's under their own names."""


def service_of(program: str) -> str:
    """The service in Sigma's words that a program's messages belong to; ``syslog`` for all others."""
    name = program.lower().partition("(")[0].rpartition("/")[2]
    return _SERVICES.get(name, "syslog")


def detail_of(program: str, message: str) -> Detail | None:
    """Who did what from where, of a message of a known program; None where its wording is not known."""
    patterns = _PATTERNS.get(program)
    message = message[:_LONGEST]
    if message.startswith("pam_"):
        return _pam_detail(message)
    if program.endswith(")") and "(pam_" in program:
        return _pam_detail(f"{program}: {message}")
    if program == "sudo":
        return _sudo_detail(message)
    if patterns is None:
        return None
    repeated = message.startswith("message repeated")
    if repeated:
        message = message.partition("[ ")[2].removesuffix("]")
    message = message.removeprefix("error: ").removeprefix("fatal: ").removeprefix("Disconnecting: ")
    for pattern in patterns:
        found = pattern.match(message)
        if found:
            return _detail(found.groupdict())
    return None


_ROLES: Final = frozenset(("action", "user", "source_address", "session", "process"))


def _detail(parts: dict[str, str | None]) -> Detail:
    fields = {name: value for name, value in parts.items() if value is not None and name not in _ROLES}
    return Detail(
        action=parts["action"] or "",
        user=_set(parts.get("user")),
        source_address=_set(parts.get("source_address")),
        process=parts.get("process"),
        session=parts.get("session"),
        fields=fields,
    )


def _set(value: str | None) -> str | None:
    return value if value and value not in ("-", "?", "(null)", "UNKNOWN") else None


# --- sudo and PAM, which write names before values ---------------------------------------------------------------

_SUDO = re.compile(
    r"\s{0,8}(?P<user>\S{1,64}) : (?P<what>(?:[^;=]{1,200}; )?)(?=(?:TTY|HOST|PWD|USER|GROUP|TSID|ENV|COMMAND)=)"
)
_SUDO_FIELD = re.compile(r"(TTY|HOST|PWD|CHROOT|USER|GROUP|TSID|ENV)=(.*?) ; ")
_PAM = re.compile(
    r"""(?x) (?:(?P<program>[\w.-]{1,64})\()? pam_(?P<module>\w{1,32})
        (?:\((?P<service>[^()\s]{1,64})\))? (?:\[\d{1,9}\])?
        \)? :? \s (?P<action> authentication\ (?:failure|success)s? | session\ (?:opened|closed) | check\ pass
        | user\ unknown | account\ \S{1,64}\ has\ expired | password\ changed | [^;:=,(]{1,64} )
        (?:\ for\ (?:user\ )? (?P<user>[^\s(;]{1,64}) (?:\(uid=(?P<target_uid>\d{1,10})\))? )?
        (?:\ by\ (?P<by>[^\s(]{0,64}) \(uid=(?P<by_uid>\d{1,10})\) )?"""
)
_PAM_FIELD = re.compile(r"\b(logname|uid|euid|tty|ruser|rhost|user)=([^\s)]*)")


def _sudo_detail(message: str) -> Detail | None:
    head = _SUDO.match(message)
    if head is None:
        return None
    rest, command_mark, command = message[head.end() :].partition("COMMAND=")
    fields = {name: value[:256] for name, value in _SUDO_FIELD.findall(rest)}
    what = head["what"].removesuffix(" ; ").strip()
    if command_mark:
        fields["COMMAND"] = command
    return Detail(
        action=what or "COMMAND", user=head["user"], process=command.split(" ", 1)[0][:512] or None, fields=fields
    )


def _pam_detail(message: str) -> Detail | None:
    found = _PAM.match(message)
    if found is None:
        return None
    fields = {name: value for name, value in _PAM_FIELD.findall(message, found.end("action")) if value}
    if found["by"]:
        fields["by"] = found["by"]
    user = _set(found["user"]) or fields.pop("user", None)
    return Detail(action=found["action"].strip(), user=user, source_address=_set(fields.get("rhost")), fields=fields)


# --- the others: the first pattern that matches says it all ------------------------------------------------------

_FROM = r" from (?P<source_address>\S{1,255})(?: port (?P<port>\d{1,5}))?"
_ADDRESS = r"(?P<source_address>[0-9A-Fa-f]{0,4}[.:][0-9A-Fa-f:.]{1,40})(?: port (?P<port>\d{1,5}))?(?:\s|$)"
_SSHD = (
    r"(?P<action>(?:Failed|Accepted|Postponed) (?P<method>\S{1,64})) for "
    r"(?:(?P<invalid>invalid|illegal) user )?(?P<user>.*?) from (?P<source_address>\S{1,255}) port (?P<port>\d{1,5})"
    r"(?: ssh\d)?(?::.*)?$",
    r"(?P<action>(?:Failed|Accepted|Postponed) (?P<method>\S{1,64})) for "
    r"(?:(?P<invalid>invalid|illegal) user )?(?P<user>.*)" + _FROM,
    r"(?P<action>(?:Invalid|Illegal) user) (?P<user>.*)" + _FROM,
    r"(?P<action>Connection (?:closed|reset)) by (?:(?:authenticating|invalid) user (?P<user>.*) )?" + _ADDRESS,
    r"(?P<action>Disconnected) from (?:(?:authenticating |invalid )?user (?P<user>.*) )?" + _ADDRESS,
    r"(?P<action>Received disconnect)" + _FROM.replace(r"\S{1,255})", r"[^\s:]{1,255}|[0-9A-Fa-f:]{2,45}(?=:))"),
    r"(?P<action>maximum authentication attempts exceeded) for (?:(?P<invalid>invalid) user )?(?P<user>.*)" + _FROM,
    r"(?P<action>Did not receive identification string)" + _FROM,
    r"(?P<action>Bad protocol version identification) .*" + _FROM,
    r"(?P<action>User) (?P<user>.*) from (?P<source_address>\S{1,255}) not allowed",
    r"(?P<action>Unable to negotiate) with (?P<source_address>\S{1,255})(?: port (?P<port>\d{1,5}))?",
    r"(?P<action>reverse mapping checking) getaddrinfo for (?P<name>\S{1,255}) \[(?P<source_address>[^\]\s]{1,45})\]",
    r"(?P<action>Address) (?P<source_address>\S{1,255}) maps to (?P<name>\S{1,255})",
    r"(?P<action>Too many authentication failures)(?: for (?:invalid user )?(?P<user>.*?))?(?:" + _FROM + r"|\s|$)",
    r"(?P<action>Starting session): .* for (?P<user>\S{1,64})" + _FROM,
    r"(?P<action>Close session): user (?P<user>\S{1,64})" + _FROM,
    r"(?P<action>(?:Connection|Timeout|Read error|Protocol major versions differ)\b[^:\d]{0,40}?)" + _FROM,
    r"(?P<action>subsystem request) for (?P<subsystem>\S{1,64}) by user (?P<user>\S{1,64})",
    r"PAM: (?P<action>[\w ]{1,64}) for (?:(?P<invalid>illegal|invalid) user )?(?P<user>.*)"
    r" from (?P<source_address>\S{1,255})",
    r"PAM (?P<action>\d{1,3} more authentication failures?);.*? rhost=(?P<source_address>\S{0,255})"
    r"(?:\s{1,2}user=(?P<user>\S{1,64}))?",
    r"(?P<action>Server listening) on (?P<address>\S{1,64}) port (?P<port>\d{1,5})",
)
_SU = (
    r"(?P<action>(?:Successful|FAILED) su) for (?P<target>\S{1,64}) by (?P<user>\S{1,64})",
    r"(?P<action>FAILED SU) \(to (?P<target>\S{1,64})\) (?P<user>\S{1,64}) on (?P<tty>\S{1,64})",
    r"\((?P<action>to) (?P<target>\S{1,64})\) (?P<user>\S{1,64}) on (?P<tty>\S{1,64})",
    r"(?P<action>[+-]) (?P<tty>\S{1,64}) (?P<user>[^\s:]{1,64})[:-](?P<target>\S{1,64})",
    r"(?P<action>BAD SU) (?P<user>\S{1,64}) to (?P<target>\S{1,64}) on (?P<tty>\S{1,64})",
)
_CRON = (r"\((?P<user>[^()\s]{1,64})\) (?P<action>[A-Z][A-Z -]{1,32}) \((?P<command>.*)\)$",)
_LOGIND = (
    r"(?P<action>New session) '?(?P<session>\w{1,32})'? of user '?(?P<user>[^\s'.]{1,64})",
    r"(?P<action>Removed session|Session) '?(?P<session>\w{1,32})",
)
_ACCOUNTS = (
    r"(?P<action>new user): name=(?P<user>[^,\s]{1,64}), UID=(?P<uid>\d{1,10}), GID=(?P<gid>\d{1,10}),"
    r" home=(?P<home>[^,]{0,255}), shell=(?P<shell>[^,\s]{0,255})",
    r"(?P<action>new group): name=(?P<group>[^,\s]{1,64}), GID=(?P<gid>\d{1,10})",
    r"(?P<action>add) '(?P<user>[^']{1,64})' to (?:shadow )?group '(?P<group>[^']{1,64})'",
    r"(?P<action>delete user|change user|lock user|unlock user) '(?P<user>[^']{1,64})'",
    r"(?P<action>delete) '(?P<user>[^']{1,64})' from (?:shadow )?group '(?P<group>[^']{1,64})'",
    r"(?:user (?P<by>\S{1,64}) )?(?P<action>password changed|added|removed)(?: for)? (?:user )?(?P<user>\S{1,64})",
)
_LOGIN = (
    r"(?P<action>FAILED LOGIN) (?:SESSION )?(?:\(?\d{1,3}\)? )?(?:FROM (?P<source_address>\S{1,255}) "
    r"|on '(?P<tty>[^']{1,64})' (?:from '(?P<host>[^']{1,255})' )?)FOR '?(?P<user>[^',]{1,64})",
    r"(?P<action>ROOT LOGIN) (?:ON|on) '?(?P<tty>[^\s']{1,64})'?"
    r"(?: (?:FROM|from) '?(?P<source_address>[^\s']{1,255}))?",
    r"(?P<action>LOGIN) ON (?P<tty>\S{1,64}) BY (?P<user>\S{1,64})(?: FROM (?P<source_address>\S{1,255}))?",
)
_DROPBEAR_FROM = r" from (?P<source_address>[0-9A-Fa-f.:]{2,45}):(?P<port>\d{1,5})"
_DROPBEAR = (
    r"(?P<action>Bad (?:password|PAM password) attempt) for '(?P<user>[^']{0,64})'" + _DROPBEAR_FROM,
    r"(?P<action>(?:Password|Pubkey|PAM password) auth succeeded) for '(?P<user>[^']{0,64})'(?: with .{1,200})?"
    + _DROPBEAR_FROM,
    r"(?P<action>Login attempt for nonexistent user)(?: '(?P<user>[^']{0,64})')?" + _DROPBEAR_FROM,
)


def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


_PATTERNS: Final = {
    **dict.fromkeys(("sshd", "sshd-session", "sshd-auth"), _compiled(_SSHD)),
    "su": _compiled(_SU),
    **dict.fromkeys(("cron", "CRON", "crond", "CROND", "crontab", "/usr/sbin/cron", "anacron"), _compiled(_CRON)),
    "systemd-logind": _compiled(_LOGIND),
    **dict.fromkeys(
        ("useradd", "usermod", "userdel", "groupadd", "groupdel", "gpasswd", "passwd", "chpasswd", "newusers", "chage"),
        _compiled(_ACCOUNTS),
    ),
    "login": _compiled(_LOGIN),
    "dropbear": _compiled(_DROPBEAR),
}
