"""An answer of a language model behind an OpenAI-compatible endpoint; used only where a person names one.

Source: OpenAI's chat completions, as llama.cpp, vLLM, Ollama and others serve them.
"""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPException
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

import orjson

from loglm.errors import InputError

__all__ = ["Endpoint", "ask_model"]

_PATH = "/chat/completions"
_MAX_ANSWER_BYTES = 8 << 20
_MAX_REFUSAL_BYTES = 64 << 10
_SHOWN_CHARS = 300
_VISIBLE = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a language model answers."""

    url: str
    """With or without ``/chat/completions``: ``http://localhost:11434/v1``."""
    model: str
    """As the endpoint calls it."""
    key: str | None = field(default=None, repr=False)
    """Sent as a bearer token, without blanks around it; None for an endpoint that asks for none."""
    timeout_s: float = 300.0

    def __post_init__(self) -> None:
        parts = _parts(self.url)
        object.__setattr__(self, "key", _checked_key(self.key))
        if self.key and parts.scheme == "http" and not self.is_here:
            raise InputError(
                f"--endpoint: the key would go to {parts.hostname} unencrypted; give an https address, or no key"
            )

    @property
    def shown(self) -> str:
        """Scheme, host and port: what messages say of the address, the rest of which may hold a secret."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine."""
        return _is_loopback(urlsplit(self.url).hostname or "")


def ask_model(endpoint: Endpoint, prompt: str) -> str:
    """The model's answer to a prompt. The prompt leaves this machine where the endpoint is another one.

    Raises:
        InputError: The endpoint cannot be reached, refuses, or answers otherwise than expected.
    """
    body = {
        "model": endpoint.model,
        "messages": [{"role": "user", "content": prompt}],
        "temperature": 0,
        "stream": False,
    }
    headers = {"Content-Type": "application/json"}
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    parts = urlsplit(endpoint.url)
    path = parts.path.rstrip("/")
    url = parts._replace(path=path if path.endswith(_PATH) else path + _PATH).geturl()
    request = urllib.request.Request(url, orjson.dumps(body), headers)  # noqa: S310 (http and https alone, see above)
    return _content(_sent(request, endpoint), endpoint)


def _sent(request: urllib.request.Request, endpoint: Endpoint) -> bytes:
    direct = [urllib.request.ProxyHandler({})] if endpoint.is_here else []
    opener = urllib.request.build_opener(_NoRedirect, *direct)
    try:
        with opener.open(request, timeout=endpoint.timeout_s) as response:
            data: bytes = response.read(_MAX_ANSWER_BYTES + 1)
    except urllib.error.HTTPError as error:
        said = _excerpt(_refusal(error), endpoint)
        raise InputError(f"{endpoint.shown}: the endpoint refused (HTTP {error.code}): {said}") from error
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise InputError(f"{endpoint.shown}: the endpoint cannot be reached ({reason}); is it running?") from error
    if len(data) > _MAX_ANSWER_BYTES:
        raise InputError(f"{endpoint.shown}: the answer has more than {_MAX_ANSWER_BYTES >> 20} MiB")
    return data


def _refusal(error: urllib.error.HTTPError) -> bytes:
    with error:
        try:
            return error.read(_MAX_REFUSAL_BYTES)
        except (OSError, HTTPException):
            return b""


def _content(data: bytes, endpoint: Endpoint) -> str:
    try:
        document: Any = orjson.loads(data)
        content = document["choices"][0]["message"]["content"]
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError) as error:
        shown = _excerpt(data[:_MAX_REFUSAL_BYTES], endpoint)
        raise InputError(f"{endpoint.shown}: expected a chat completion with choices, got {shown!r}") from error
    if not isinstance(content, str) or not content.strip():
        raise InputError(f"{endpoint.shown}: the model answered nothing")
    return content


def _excerpt(data: bytes, endpoint: Endpoint) -> str:
    """What the endpoint said, without the key, which some repeat."""
    said = data.decode("utf-8", "replace")
    return (said.replace(endpoint.key, "(key)") if endpoint.key else said)[:_SHOWN_CHARS]


def _parts(url: str) -> SplitResult:
    """The parts of an address that can be used; one that cannot is not repeated, since it may hold a password."""
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # as a port that is no number
        is_usable = False
    if not is_usable or not _VISIBLE.fullmatch(url):
        raise InputError(
            "--endpoint: what was given is no address; expected one of http or https such as http://localhost:11434/v1"
        )
    if "@" in parts.netloc:
        raise InputError(
            "--endpoint: the address holds a name or password (before the @); give it without, and a key in the "
            "environment variable of --key-env"
        )
    return parts


def _checked_key(key: str | None) -> str | None:
    """The key without blanks around it, None where nothing is left; it never stands in a message."""
    key = (key or "").strip()
    if key and not _VISIBLE.fullmatch(key):
        raise InputError(
            "the endpoint's key holds a blank, a control character or one beyond ASCII, which a header cannot carry; "
            "look at the environment variable of --key-env"
        )
    return key or None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry key and prompt to where nobody sent them."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None
