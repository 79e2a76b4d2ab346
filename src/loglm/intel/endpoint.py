"""An answer of a language model behind an OpenAI-compatible endpoint; used only where a person names one.

Source: OpenAI's chat completions, as llama.cpp, vLLM, Ollama and others serve them.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPException
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import orjson

from loglm.errors import InputError

__all__ = ["Endpoint", "ask_model"]

_PATH = "/chat/completions"
_MAX_ANSWER_BYTES = 8 << 20
_SHOWN_CHARS = 300


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a language model answers."""

    url: str
    """With or without ``/chat/completions``: ``http://localhost:11434/v1``."""
    model: str
    """As the endpoint calls it."""
    key: str | None = field(default=None, repr=False)
    """Sent as a bearer token; None for an endpoint that asks for none."""
    timeout_s: float = 300.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"--endpoint: {self.url!r} is no address; expected one such as http://localhost:11434/v1")
        if self.key and parts.scheme == "http" and not _is_loopback(parts.hostname):
            raise InputError(
                f"--endpoint: the key would go to {parts.hostname} unencrypted; give an https address, or no key"
            )


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
    url = endpoint.url.rstrip("/")
    url = url if url.endswith(_PATH) else url + _PATH
    request = urllib.request.Request(url, orjson.dumps(body), headers)  # noqa: S310 (http and https alone, see above)
    return _content(_sent(request, endpoint), url)


def _sent(request: urllib.request.Request, endpoint: Endpoint) -> bytes:
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=endpoint.timeout_s) as response:
            data: bytes = response.read(_MAX_ANSWER_BYTES + 1)
    except urllib.error.HTTPError as error:
        said = error.read(_SHOWN_CHARS).decode("utf-8", "replace")
        raise InputError(f"{request.full_url}: the endpoint refused (HTTP {error.code}): {said}") from error
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise InputError(f"{request.full_url}: the endpoint cannot be reached ({reason}); is it running?") from error
    if len(data) > _MAX_ANSWER_BYTES:
        raise InputError(f"{request.full_url}: the answer has more than {_MAX_ANSWER_BYTES >> 20} MiB")
    return data


def _content(data: bytes, url: str) -> str:
    try:
        document: Any = orjson.loads(data)
        content = document["choices"][0]["message"]["content"]
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError) as error:
        shown = data[:_SHOWN_CHARS].decode("utf-8", "replace")
        raise InputError(f"{url}: expected a chat completion with choices, got {shown!r}") from error
    if not isinstance(content, str) or not content.strip():
        raise InputError(f"{url}: the model answered nothing")
    return content


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry key and prompt to where nobody sent them."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None
