"""Users, configuration and daemons of the examples' machine. Runs as root inside the throw-away root only."""

from __future__ import annotations

import subprocess
import time
import zlib
from pathlib import Path

from world import FIRST_UID, HOST, INJECTOR, PEOPLE, SCANNER, SITE

KEYS = Path("/run/keys")

RSYSLOG = """
module(load="imuxsock")
auth,authpriv.* action(type="omfile" file="/var/log/auth.log" template="RSYSLOG_TraditionalFileFormat")
*.*;auth,authpriv.none action(type="omfile" file="/var/log/syslog" template="RSYSLOG_FileFormat")
"""
SSHD = """
Port 22
ListenAddress 0.0.0.0
HostKey /etc/ssh/examples_host_key
AuthenticationMethods any
PasswordAuthentication yes
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM yes
MaxStartups 100:30:200
PrintMotd no
Subsystem sftp internal-sftp -l INFO
"""
NGINX = f"""
user www-data;
worker_processes 1;
pid /run/nginx.pid;
events {{ worker_connections 256; }}
http {{
    include /etc/nginx/mime.types;
    access_log /var/log/nginx/access.log combined;
    error_log /var/log/nginx/error.log;
    server_tokens off;
    server {{
        listen 0.0.0.0:80;
        server_name {SITE};
        root /srv/shop/static;
        location /files {{ alias /srv/shop/files/; }}  # no slash after "files": /files../ leaves the folder
        location ~ /\\.ht {{ deny all; }}
        location ~ ^/(search|login|account|product|tools)/? {{
            proxy_pass http://127.0.0.1:8000;
            proxy_set_header X-Real-IP $remote_addr;
        }}
    }}
}}
"""
CRONTAB = """
SHELL=/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
* * * * * www-data curl -fsS -o /dev/null http://127.0.0.1/ || logger -t healthcheck "site does not answer"
*/2 * * * * root test -x /usr/sbin/logrotate && /usr/sbin/logrotate -s /run/rotate.state /etc/rotate.conf
*/3 * * * * saver tar -C /srv -czf /home/saver/shop.tgz shop && logger -t backup "shop saved"
*/5 * * * * root command -v debian-sa1 > /dev/null && debian-sa1 1 1
"""
PAGES = ("index", "products", "about", "contact", "shipping", "returns")
IMAGES = ("logo", "lamp", "chair", "table", "shelf")


def run(*command: str, text: str | None = None) -> None:
    """Run one command of the set-up; its failure ends the whole run."""
    subprocess.run(command, input=text, text=True, check=True, capture_output=True)


def write(path: str, content: str | bytes, mode: int = 0o644) -> None:
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content.encode() if isinstance(content, str) else content)
    target.chmod(mode)


def set_network() -> None:
    """Only loopback. Who connects to 127.1.0.N comes from 127.0.0.N, for tools that cannot choose their source."""
    run("ip", "link", "set", "lo", "up")
    for last in range(2, 78):
        run("ip", "route", "add", "local", f"127.1.0.{last}", "dev", "lo", "table", "local", "src", f"127.0.0.{last}")
    names = [f"127.0.0.1 localhost {HOST}"]
    names += [f"{address.replace('127.0.', '127.1.')} {SITE}" for address in (SCANNER,)]
    names += [f"{INJECTOR.replace('127.0.', '127.1.')} www.{SITE}"]
    write("/etc/hosts", "\n".join(names) + "\n")
    write("/etc/resolv.conf", "nameserver 127.0.0.1\n")


def make_people() -> None:
    """The accounts with their passwords, keys and sudo rights."""
    KEYS.mkdir(mode=0o700)
    for uid, person in enumerate(PEOPLE, FIRST_UID):
        run("useradd", "-m", "-s", "/bin/bash", "-u", str(uid), person.name)
        run("chpasswd", text=f"{person.name}:{person.password}")
        key = KEYS / person.name
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"{person.name}@laptop", "-f", str(key))
        home = f"/home/{person.name}/.ssh"
        write(f"{home}/authorized_keys", key.with_suffix(".pub").read_text(), 0o600)
        run("chown", "-R", person.name, home)
        if person.sudo:
            write(f"/etc/sudoers.d/{person.name}", f"{person.name} {person.sudo}\n", 0o440)


def png(shade: int) -> bytes:
    """A grey picture of 64 x 64 dots."""
    rows = zlib.compress((b"\0" + bytes([shade]) * 64) * 64)
    chunks = [(b"IHDR", (64).to_bytes(4) * 2 + b"\x08\0\0\0\0"), (b"IDAT", rows), (b"IEND", b"")]
    packed = [len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4) for kind, body in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def make_site() -> None:
    """A small shop: pages, style, script, pictures, and a settings file that must not be served."""
    links = "".join(f'<a href="/{page}.html">{page}</a> ' for page in PAGES)
    for number, page in enumerate(PAGES):
        body = f"<h1>{page.title()}</h1>" + "<p>Good furniture, made to last.</p>" * (4 + 3 * number)
        head = '<link rel="stylesheet" href="/css/site.css"><script src="/js/site.js"></script>'
        write(f"/srv/shop/static/{page}.html", f"<!doctype html><title>{page}</title>{head}<nav>{links}</nav>{body}")
    for number, image in enumerate(IMAGES):
        write(f"/srv/shop/static/img/{image}.png", png(40 * number))
    write("/srv/shop/static/css/site.css", "body{font-family:sans-serif}nav a{margin-right:1em}\n" * 20)
    write("/srv/shop/static/js/site.js", "document.title += ' - Example Shop';\n" * 15)
    write("/srv/shop/static/robots.txt", "User-agent: *\nDisallow: /account\n")
    write("/srv/shop/static/favicon.ico", png(128))
    write("/srv/shop/files/catalogue.pdf", b"%PDF-1.4\n" + b"% Example Shop\n" * 900)
    write("/srv/shop/settings.ini", "[database]\nuser=shop\npassword=not-a-secret\n")


def start_all() -> list[subprocess.Popen[bytes]]:
    """Write the configuration, start the daemons, and return once the servers answer."""
    write("/etc/rsyslog.conf", RSYSLOG)
    write("/etc/ssh/examples_sshd.conf", SSHD)
    write("/etc/nginx/nginx.conf", NGINX)
    write("/etc/cron.d/examples", CRONTAB)
    write("/etc/rotate.conf", "/var/log/nginx/other.log {\n  daily\n  missingok\n}\n")
    write("/etc/sudo.conf", "Set disable_coredump false\n")  # or PAM complains in sandboxes that bar raising limits
    pam = Path("/etc/pam.d/sshd")
    pam.write_text("".join(line for line in pam.read_text().splitlines(keepends=True) if "pam_motd" not in line))
    for folder in ("/run/sshd", "/var/log/nginx"):
        Path(folder).mkdir(exist_ok=True, parents=True)
    for records in ("/run/utmp", "/var/log/wtmp", "/var/log/btmp", "/var/log/lastlog"):
        Path(records).touch()
    for log in ("/var/log/auth.log", "/var/log/syslog", "/var/log/nginx/access.log", "/var/log/nginx/error.log"):
        Path(log).unlink(missing_ok=True)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/etc/ssh/examples_host_key")
    started = [subprocess.Popen(["rsyslogd", "-n", "-iNONE"])]
    time.sleep(1)
    commands = (
        ["dnsmasq", "-k", "--conf-file=/dev/null", "--listen-address=127.0.0.1", "--bind-interfaces", "--no-resolv",
         "--log-queries", "--user=root", "--address=/example.com/192.0.2.10", "--address=/example.net/198.51.100.23"],
        ["python3", "-B", "/run/scenes/shop.py"],
        ["nginx", "-g", "daemon off;"],
        ["cron", "-f"],
        ["/usr/sbin/sshd", "-D", "-f", "/etc/ssh/examples_sshd.conf"],
    )  # fmt: skip
    started += [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in commands]
    time.sleep(2)
    return started
