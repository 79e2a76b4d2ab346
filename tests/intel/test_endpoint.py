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


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/v1", "localhost:8000", "http://"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(InputError, match="is no address"):
        Endpoint(url, "tiny")


def test_a_key_never_travels_unencrypted() -> None:
    with pytest.raises(InputError, match=r"would go to llm\.example unencrypted"):
        Endpoint("http://llm.example/v1", "tiny", "k3y")
    assert "k3y" not in repr(Endpoint("https://llm.example/v1", "tiny", "k3y"))
