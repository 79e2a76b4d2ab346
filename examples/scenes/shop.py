"""The web shop behind nginx: search, log-in and a "ping" page. Deliberately open to SQL and command injection.

It listens on loopback only, holds made-up data, and runs as ``www-data`` inside the throw-away root that
make_logs.sh builds. Never run it elsewhere.
"""

from __future__ import annotations

import html
import logging
import logging.handlers
import os
import pwd
import sqlite3
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PRODUCTS = ("Desk lamp", "Floor lamp", "Oak chair", "Folding chair", "Round table", "Wall shelf", "Corner shelf")
USERS = {"emma": "blue-kettle-4", "noah": "tall-window-9", "olga": "sunday-walk-2", "admin": "sunshine1"}

log = logging.getLogger("shop")


def make_database() -> sqlite3.Connection:
    """Products and customers, in memory."""
    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.execute("create table products (id integer primary key, name text)")
    database.execute("create table users (name text, password text)")
    database.executemany("insert into products (name) values (?)", [(name,) for name in PRODUCTS])
    database.executemany("insert into users values (?, ?)", USERS.items())
    return database


class Shop(BaseHTTPRequestHandler):
    """One request of one customer."""

    database = make_database()

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/search":
            self.search(query.get("q", ""))
        elif url.path == "/tools/ping":
            self.ping(query.get("host", ""))
        elif url.path.startswith("/product/"):
            self.answer(200 if url.path[9:] in "1234567" else 404, f"<h1>Product {html.escape(url.path[9:])}</h1>" * 8)
        elif url.path == "/login":
            self.answer(200, '<form method="post"><input name="user"><input name="password" type="password"></form>')
        elif url.path == "/account":
            signed_in = "session=" in self.headers.get("Cookie", "")
            self.answer(200, "<h1>Your orders</h1>") if signed_in else self.redirect("/login")
        else:
            self.answer(404, "not here")

    def do_POST(self) -> None:
        size = min(int(self.headers.get("Content-Length", "0")), 4096)
        form = {name: values[0] for name, values in parse_qs(self.rfile.read(size).decode("utf-8", "replace")).items()}
        user = form.get("user", "")[:40]
        if self.path != "/login":
            self.answer(405, "no")
        elif USERS.get(user) == form.get("password"):
            log.info("login ok user=%s from=%s", user, self.headers.get("X-Real-IP"))
            self.redirect("/account", cookie="session=1")
        else:
            log.warning("login failed user=%s from=%s", user, self.headers.get("X-Real-IP"))
            self.answer(401, "wrong name or password")

    def search(self, words: str) -> None:
        """The hole: the words go into the SQL text as they are."""
        try:
            rows = self.database.execute(f"select id, name from products where name like '%{words}%'").fetchall()
        except sqlite3.Error as error:
            log.error("search failed from=%s: %s", self.headers.get("X-Real-IP"), error)
            self.answer(500, f"database error: {html.escape(str(error))}")
            return
        self.answer(200, "".join(f'<li><a href="/product/{row[0]}">{html.escape(str(row[1]))}</a>' for row in rows))

    def ping(self, host: str) -> None:
        """The other hole: the host goes to a shell as it is."""
        done = subprocess.run(f"getent hosts {host}", shell=True, capture_output=True, timeout=5, check=False)
        self.answer(200, f"<pre>{html.escape(done.stdout.decode('utf-8', 'replace'))}</pre>")

    def answer(self, status: int, body: str) -> None:
        data = f"<!doctype html><title>Example Shop</title>{body}".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def redirect(self, target: str, cookie: str = "") -> None:
        self.send_response(302)
        self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """nginx keeps the access log."""


def main() -> None:
    handler = logging.handlers.SysLogHandler("/dev/log", logging.handlers.SysLogHandler.LOG_DAEMON)
    handler.ident = f"shop[{os.getpid()}]: "
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    server = ThreadingHTTPServer(("127.0.0.1", 8000), Shop)
    account = pwd.getpwnam("www-data")
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    server.serve_forever()


if __name__ == "__main__":
    main()
