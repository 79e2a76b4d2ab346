"""Keyed pseudonyms of names: users, machines, domains; one name has one pseudonym, whatever it stands for."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from loglm.events.masking import mask_principal

__all__ = ["KeyedNames", "is_domain", "is_well_known"]

_CACHED = 65_536
_CONSONANTS = "bcdfghjklmnprstvwxyz"
_VOWELS = "aeiou"
_PARTS = re.compile(r"([^\W_]+)")
_STEM = re.compile(r"([^\W\d_]{2,})(\d{0,3})")

_ROLES = frozenset(
    "ad adfs admin administrator adm api app backup bastion build client cluster compute corp db dc default desktop "
    "dev dns domain exchange ext file firewall fs ftp fw gateway gpu guest gw host infra int internal ip jump kafka "
    "kube lab laptop ldap linux local localdomain localhost log login logs mail manager master mgmt mon monitor mx "
    "mysql nas net network node ns nt oracle pc postgres prd print prod proxy qa rds redis root router sa server "
    "service site smtp sql srv stage staging storage svc switch sys system team test ubuntu uat user vm vpn web win "
    "win10 win11 windows wks worker workgroup workstation ws www".split()
)
"""Parts of names that say what something is for, not whose it is."""
_LOG_WORDS = frozenset(
    "a about access account accountname accounts action active activity add added address after agent alert all "
    "allow allowed already an and android anonymized anonymous any any4 application apr are as at attempt attempts "
    "aug auth authenticated authentication authority authorized aws azure bad be because been before browser build "
    "by can cannot category cest cet changed check class client close closed code command config connect connected "
    "connection content control could count country create created crit critical cst data database debug dec "
    "default delete deleted denied department description details device did direction directory disabled "
    "disconnect disconnected dmz does domain domainname down drop dropped edt email emerg enabled engine "
    "environment error est eth0 event exceeded exist existing exists expired fail failed failure false fatal feb "
    "file files filter firewall first for format found fri from function generic get gmt google group had has hash "
    "have he header high host hostname http https id identity if ignored illegal image in info information input "
    "inside instance interface internal into invalid ios ip is it its jan job jul jun kernel key language last "
    "level library linux list local locked log logged logging login logins logoff logon logout low mac machine "
    "manager mar may medium message method microsoft missing mode model module mon monitor more mst must my n/a "
    "name names need network new no none normal not notice nov null number object oct of off office office365 ok on "
    "only open opened operation option or organization os other out output outside over owner package parameter "
    "partition password path pdt permission permissions platform plugin policy pool port pre-logon primary process "
    "product profile program projects protocol provider pst public query read reason received record redacted "
    "refresh refused region rejected remote remove removed report request required reset resource response result "
    "role root router rule running sat scan script secondary secret section security sensor sent sep server service "
    "session sessions set settings severe severity shell should signature site so software some source ssh ssh2 ssl "
    "start started state status stop stopped storage string subject success successful successfully such summary "
    "sun system table tag target task tcp template tenant terminated test text than that the their then there this "
    "thread threat thu time timeout title tls to token too tool trace traffic transaction true trust try trying tue "
    "type udp unable unavailable undefined unit unknown unlocked until up update updated url use used user "
    "user_name username users using utc value version via virus volume vpn wait warn warning was we web wed were "
    "when where which while who will windows with without workstation world would wrong yes you your zone".split()
)
"""What stands where a name could, without being anybody's."""
_PUBLIC_LABELS = frozenset(
    "_kerberos _ldap _msdcs _tcp _udp autodiscover imap in-addr ip6 isatap kerberos login mail mx ns ns1 ns2 ntp "
    "ocsp owa pop pop3 s3 smtp time webmail wpad www www2".split()
)
_PRIVATE_TLDS = frozenset(
    "ad arpa corp domain example home int internal intra intranet invalid lan loc local localdomain localhost priv "
    "private test".split()
)
_PUBLIC_TLDS = frozenset(
    # endings of file names and code are left out (sh, so, py, pl, rs, ps, md, cc, id, name, ...)
    "aero app biz cloud club com dev edu gov info io mil mobi net online org site top xyz "
    "ae ai ar at au be bg br by ca ch ci cl cn co cz de dk ee es eu fi fr gr hk hr hu ie il in ir it jp ke kr kz lt "
    "lu lv ma mx my ng nl no nz pe ph pk pt ro ru se sg si sk th tr tw ua uk us uy uz ve vn za".split()
)
_SECOND_LEVEL = frozenset("ac co com edu gob gov ne net or org".split())
_PUBLIC = frozenset(
    "adobe.com akadns.net akamai.net apache.org apple.com asp.net bing.com centos.org cisco.com cloudflare.com "
    "debian.org digicert.com docker.com docker.io elastic.co facebook.com fedoraproject.org github.com gke.io "
    "gnu.org google.com googleapis.com gravatar.com gstatic.com ibm.com icloud.com java.net k8s.io kernel.org "
    "kubernetes.io letsencrypt.org linkedin.com live.com microsoft.com microsoftonline.com mozilla.com mozilla.org "
    "msftncsi.com msn.com mysql.com nginx.org ntp.org office.com office.net office365.com openssh.com openssl.org "
    "oracle.com outlook.com paloaltonetworks.com php.net python.org redhat.com skype.com splunk.com "
    "suse.com symantec.com trafficmanager.net twitter.com ubuntu.com verisign.com vmware.com w3.org wikipedia.org "
    "windows.com windowsupdate.com xmlsoap.org yahoo.com youtube.com".split()
)
"""Sites of everybody: they stay with all that is below them."""
_HOSTING = frozenset(
    "amazonaws.com appspot.com azure.com azurewebsites.net cloudapp.net cloudfront.net "
    "github.io gmail.com googleusercontent.com gserviceaccount.com herokuapp.com hotmail.com "
    "onmicrosoft.com protonmail.com sharepoint.com windows.net".split()
)
"""Sites whose customers are named below or before them: they stay, what is below does not."""


class KeyedNames:
    """Names to pronounceable pseudonyms, drawn by a keyed hash from two billion words.

    Kept are well-known names (``root``, ``NT AUTHORITY\\SYSTEM``), words that say what a machine or account is for
    (``svc``, ``web``, ``dc``), up to three digits at the end of a word, separators, capitals, top-level domains and
    well-known public sites. Among 10,000 names two share a pseudonym in 2 or 3 of 100 cases.
    """

    def __init__(self, key: bytes) -> None:
        """``key``: 16 to 64 secret bytes."""
        self._key = key
        self.name = lru_cache(maxsize=_CACHED)(self._name)
        """The pseudonym of a user's, machine's or domain's name; remembers the last 65,536."""

    def _name(self, text: str) -> str:
        if is_well_known(text):
            return text
        return self._domain(text) if is_domain(text) else self._parts(text)

    def digits(self, text: str) -> str:
        """Other digits for every digit; all else stays."""
        stream = iter(self._stream("digits", re.sub(r"\D", "", text), len(text)))
        return "".join(str(next(stream) % 10) if character.isdecimal() else character for character in text)

    def bits(self, purpose: str, text: str, count: int) -> int:
        """A number of so many bits, the same for the same text."""
        stream = self._stream(purpose, text, count // 8 + 1)
        return int.from_bytes(stream) & ((1 << count) - 1)

    def letters_and_digits(self, text: str) -> str:
        """Another letter for every letter, another digit for every digit, capitals and all else as they are."""
        stream = iter(self._stream("mixed", text.lower(), 2 * len(text)))
        return "".join(_like(character, next(stream) << 8 | next(stream)) for character in text)

    def _domain(self, text: str) -> str:
        labels = text.split(".")
        lowered = [label.lower() for label in labels]
        ending = 2 if len(labels) > 2 and len(lowered[-1]) == 2 and lowered[-2] in _SECOND_LEVEL else 1
        site = ".".join(lowered[-ending - 1 :])
        if site in _PUBLIC:
            return text
        stay = ending + 1 if site in _HOSTING else ending
        named = [label if is_well_known(label) else self._parts(label) for label in labels[:-stay]]
        if site == "amazonaws.com":
            is_endpoint = len(labels) == 3 or (len(labels) == 4 and _REGION(labels[1]))
            named = [
                label if is_endpoint or _REGION(label) else name for label, name in zip(labels, named, strict=False)
            ]
        elif site not in _HOSTING and lowered[-1] in _PUBLIC_TLDS and named:
            named[-1] = _PARTS.sub(lambda part: self._named_part(part[1]), labels[-stay - 1])
        return ".".join([*named, *labels[-stay:]])

    def _parts(self, text: str) -> str:
        return _PARTS.sub(lambda part: self._part(part[1]), text)

    def _part(self, part: str) -> str:
        """Letters and digits without a separator; what says a purpose stays."""
        stem = part.lower().rstrip("0123456789")
        is_kept = part.lower() in _ROLES or (stem in _ROLES and len(part) - len(stem) <= 3)
        return part if is_kept else self._named_part(part)

    def _named_part(self, part: str) -> str:
        if part.isdecimal() and len(part) <= 3:
            return part
        stem = _STEM.fullmatch(part)
        return self._word(stem[1]) + stem[2] if stem else self.letters_and_digits(part)

    def _word(self, word: str) -> str:
        number = self.bits("word", word.lower(), 64)
        letters = []
        for place in range(9):
            alphabet = _VOWELS if place % 2 else _CONSONANTS
            number, letter = divmod(number, len(alphabet))
            letters.append(alphabet[letter])
        made = "".join(letters)
        if word.isupper():
            return made.upper()
        return made.capitalize() if word[0].isupper() else made

    def _stream(self, purpose: str, text: str, size: int) -> bytes:
        """Bytes that only the key's holder can tell."""
        given = text.encode("utf-8", "surrogatepass")
        out = b""
        while len(out) < size:
            count = len(out).to_bytes(8)
            out += hashlib.blake2b(given, key=self._key, person=purpose.encode(), salt=count).digest()
        return out


@lru_cache(maxsize=_CACHED)
def is_well_known(name: str) -> bool:
    """Whether a name is the same everywhere and names nobody."""
    lowered = name.strip().lower()
    known = lowered in _ROLES or lowered in _LOG_WORDS or lowered in _PUBLIC_LABELS
    return known or mask_principal(lowered) == lowered


def is_domain(text: str) -> bool:
    """Whether a dotted name ends as domains do."""
    head, dot, ending = text.rpartition(".")
    plain = ending.islower() or ending.isupper()
    return bool(dot and head and plain and ending.lower() in _PUBLIC_TLDS | _PRIVATE_TLDS)


_REGION = re.compile(r"(?:us|eu|ap|sa|ca|me|af|cn|il)(?:-gov)?-(?:[a-z]+)-\d").fullmatch


def _like(character: str, number: int) -> str:
    if character.isdecimal():
        return str(number % 10)
    if not character.isalpha():
        return character
    letter = chr(ord("a") + number % 26)
    return letter.upper() if character.isupper() else letter
