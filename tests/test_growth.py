"""The check of linear time tells linear work from quadratic."""

from __future__ import annotations

import pytest

from growth import assert_linear


def _text(size: int) -> str:
    return "a" * size


def test_linear_work_passes() -> None:
    assert_linear(lambda text: [ord(char) for char in text], _text, 4_000_000)


def test_quadratic_work_fails() -> None:
    with pytest.raises(AssertionError, match="s at size 1500, "):
        assert_linear(lambda text: [text[at:].count("ab") for at in range(len(text)) for _ in range(8)], _text, 6_000)
