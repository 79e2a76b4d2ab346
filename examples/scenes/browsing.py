"""Ordinary visitors of the shop: people with browsers, a search engine's robot, an API client."""

from __future__ import annotations

import http.client
import random
import subprocess
from email.utils import formatdate
from itertools import cycle
from urllib.parse import quote, urlencode

from clock import Clock
from daemons import IMAGES, PAGES
from world import SITE

_FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0"
_CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
_SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Safari/605.1.15"
)
_PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
_LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_ROBOT = "Mozilla/5.0 (compatible; ExampleBot/2.1; +http://bot.example.org/about.html)"
_VISITORS = tuple(
    (f"127.0.0.{100 + number}", agent)
    for number, agent in enumerate((_FIREFOX, _CHROME, _SAFARI, _PHONE, _LINUX, _CHROME, _PHONE, _FIREFOX))
)
_ROBOT_ADDRESS = "127.0.0.120"
_API_ADDRESS = "127.0.0.121"
_WORDS = ("lamp", "oak chair", "round table", "shelf", "children's chair", "50% off", "select a table")
_CUSTOMERS = {"emma": "blue-kettle-4", "noah": "tall-window-9", "olga": "sunday-walk-2"}


class Browser:
    """One visitor's browser, with its cookies, cache and referrer."""

    def __init__(self, source: str, agent: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=10, source_address=(source, 0))
        self._headers = {"Host": SITE, "User-Agent": agent}
        self._seen: set[str] = set()
        self._page = ""

    def get(self, path: str, *, page: bool = True) -> None:
        headers = dict(self._headers)
        if self._page:
            headers["Referer"] = f"http://{SITE}{self._page}"
        if path in self._seen:
            headers["If-Modified-Since"] = formatdate(usegmt=True)
        self._request("GET", path, headers)
        self._seen.add(path)
        self._page = path if page else self._page

    def open_page(self, path: str, rng: random.Random) -> None:
        """A page with what it shows."""
        self.get(path)
        for part in ("/css/site.css", "/js/site.js", "/img/logo.png", f"/img/{rng.choice(IMAGES)}.png"):
            if part not in self._seen or rng.random() < 0.2:
                self.get(part, page=False)

    def log_in(self, user: str, password: str) -> None:
        self.get("/login")
        form = {"Content-Type": "application/x-www-form-urlencoded", "Referer": f"http://{SITE}/login"}
        body = urlencode({"user": user, "password": password})
        if self._request("POST", "/login", self._headers | form, body) == 302:
            self._headers["Cookie"] = "session=1"
            self.get("/account")

    def close(self) -> None:
        self._connection.close()

    def _request(self, method: str, path: str, headers: dict[str, str], body: str | None = None) -> int:
        self._connection.request(method, path, body=body, headers=headers)
        response = self._connection.getresponse()
        response.read()
        return response.status


def _visit(rng: random.Random, visitor: tuple[str, str]) -> None:
    browser = Browser(*visitor)
    browser.open_page("/", rng)
    if visitor[1] in (_SAFARI, _PHONE):
        browser.get("/apple-touch-icon.png", page=False)
    for _ in range(rng.randint(1, 3)):
        browser.open_page(f"/{rng.choice(PAGES)}.html", rng)
    kind = rng.random()
    if kind < 0.35:
        browser.get(f"/search?q={quote(rng.choice(_WORDS))}")
        browser.get(f"/product/{rng.randint(1, 8)}")
    elif kind < 0.6:
        user = rng.choice(sorted(_CUSTOMERS))
        if rng.random() < 0.4:
            browser.log_in(user, _CUSTOMERS[user].title())
        browser.log_in(user, _CUSTOMERS[user])
    elif kind < 0.75:
        browser.get("/files/catalogue.pdf")
    elif kind < 0.9:
        browser.get(rng.choice(("/sale.html", "/img/sofa.png", "/jobs.html")))
    browser.close()


def _crawl() -> None:
    browser = Browser(_ROBOT_ADDRESS, _ROBOT)
    for path in ("/robots.txt", "/sitemap.xml", *(f"/{page}.html" for page in PAGES)):
        browser.get(path)
    browser.close()


def _check_price(rng: random.Random) -> None:
    url = f"http://127.0.0.1/product/{rng.randint(1, 7)}"
    subprocess.run(
        ["curl", "-s", "--interface", _API_ADDRESS, "-H", f"Host: {SITE}", url], capture_output=True, check=False
    )


def browse(clock: Clock, seed: int) -> None:
    """One visit after the other until the run is over."""
    rng = random.Random(seed)
    visitors = cycle(rng.sample(_VISITORS, len(_VISITORS)))
    while clock.rest(clock.length_s / 45, clock.length_s / 16, rng):
        kind = rng.random()
        if kind < 0.78:
            _visit(rng, next(visitors))
        elif kind < 0.84:
            _crawl()
        else:
            _check_price(rng)
