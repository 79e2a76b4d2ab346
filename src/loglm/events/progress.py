"""How long steps tell of themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

__all__ = ["Progress", "silent"]

_Item = TypeVar("_Item")


class Progress(Protocol):
    """Passes items on and may show how many there were."""

    def __call__(self, items: Iterable[_Item], what: str) -> Iterator[_Item]:
        """The items as they come; ``what`` they are, in the plural."""


def silent(items: Iterable[_Item], what: str) -> Iterator[_Item]:  # noqa: ARG001
    """A `Progress` that shows nothing."""
    return iter(items)
