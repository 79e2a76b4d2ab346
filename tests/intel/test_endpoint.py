"""A language model behind an OpenAI-compatible endpoint, here a server of this machine that plays one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from loglm.errors import InputError
from loglm.intel.endpoint import Endpoint, ask_model

from .chat_server import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as state:
        yield state


@pytest.mark.parametrize("suffix", ["", "/", "/chat/completions"])
def test_the_prompt_is_sent_and_the_answer_comes_back(server: Server, suffix: str) -> None:
    assert ask_model(Endpoint(server.url + suffix, "tiny", "k3y"), "What is it?") == "Reset the password [1]."
    [(path, authorization, body)] = server.asked
    assert (path, authorization, body["model"]) == ("/v1/chat/completions", "Bearer k3y", "tiny")
    assert body["messages"] == [{"role": "user", "content": "What is it?"}]


def test_without_a_key_none_is_sent(server: Server) -> None:
    ask_model(Endpoint(server.url, "tiny"), "x")
    assert server.asked[0][1] is None


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (401, b'{"error": "no such key"}', r"refused \(HTTP 401\).*no such key"),
        (302, b"", r"refused \(HTTP 302\)"),
        (200, b"<html>", "expected a chat completion"),
        (200, b'{"choices": []}', "expected a chat completion"),
        (200, b'{"choices": [{"message": {"content": ""}}]}', "answered nothing"),
    ],
)
def test_other_answers_are_errors(server: Server, status: int, body: bytes, reason: str) -> None:
    server.status, server.body = status, body
    with pytest.raises(InputError, match=reason):
        ask_model(Endpoint(server.url, "tiny"), "x")
    assert len(server.asked) == 1  # a redirect is not followed


def test_nobody_there_is_an_error(server: Server) -> None:
    with pytest.raises(InputError, match="cannot be reached"):
        ask_model(Endpoint("http://127.0.0.1:9/v1", "tiny"), "x")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://host/v1",
        "localhost:8000",
        "http://",
        "http://[::1",
        "http://h:99999",
        "http://h:x/v1",
        "http://h/v 1",
        "http://h/\u00fc",
        "htp://me:s3cret@h/v1",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(InputError, match="is no address") as refused:
        Endpoint(url, "tiny")
    assert "s3cret" not in str(refused.value)


def test_an_address_with_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(InputError, match="name or password") as refused:
        Endpoint("https://me:s3cret@llm.example/v1", "tiny")
    assert "s3cret" not in str(refused.value)


def test_messages_say_scheme_and_host_alone(server: Server) -> None:
    server.status = 500
    with pytest.raises(InputError, match="refused") as refused:
        ask_model(Endpoint(f"{server.url}?token=s3cret", "tiny"), "x")
    assert server.asked[0][0] == "/v1/chat/completions?token=s3cret"
    assert str(refused.value).startswith(f"{server.url.removesuffix('/v1')}: ")
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("key", ["k3y\r", " k3y\n", "k3y\r\n"])
def test_blanks_around_a_key_are_taken_off(server: Server, key: str) -> None:
    ask_model(Endpoint(server.url, "tiny", key), "x")
    assert server.asked[0][1] == "Bearer k3y"


@pytest.mark.parametrize("key", ["k3y\rx", "k3y x", "k3y\u20ac"])
def test_a_key_that_no_header_carries_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(InputError, match="endpoint's key holds") as refused:
        Endpoint("https://llm.example/v1", "tiny", key)
    assert "k3y" not in str(refused.value)


def test_a_key_that_the_endpoint_repeats_is_not_shown(server: Server) -> None:
    server.status, server.body = 401, b"x" * 298 + b"k3y is wrong"
    with pytest.raises(InputError, match="refused") as refused:
        ask_model(Endpoint(server.url, "tiny", "k3y"), "x")
    assert "k3y" not in str(refused.value)
    assert "xk" not in str(refused.value)


def test_this_machine_is_reached_without_a_proxy(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        ask_model(Endpoint(server.url.replace("127.0.0.1", "localhost"), "tiny", "k3y"), "x")
        ask_model(Endpoint("http://llm.example/v1", "tiny"), "x")
    assert len(server.asked) == 1
    assert [path for path, *_ in proxy.asked] == ["http://llm.example/v1/chat/completions"]


def test_a_key_never_travels_unencrypted() -> None:
    with pytest.raises(InputError, match=r"would go to llm\.example unencrypted"):
        Endpoint("http://llm.example/v1", "tiny", "k3y")
    assert "k3y" not in repr(Endpoint("https://llm.example/v1", "tiny", "k3y"))
