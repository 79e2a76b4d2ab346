"""What an attack did and when: the script's own account, from which the labels are made."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Step:
    """One thing that an attack did. A line belongs to it if it is of its time and bears one of its marks."""

    technique_id: str
    tactic: str
    what: str
    start: float
    """POSIX seconds, UTC."""
    end: float
    addresses: frozenset[str] = frozenset()
    """Client addresses that nobody else used in that time."""
    programs: frozenset[str] = frozenset()
    """Syslog programs that nobody else ran in that time."""
    words: tuple[str, ...] = ()
    """Text that only this step wrote."""
    session_of: str = ""
    """Audit sessions opened from this address belong to the step."""


@dataclass
class Journal:
    """The steps of one run, in the order in which they ended."""

    steps: list[Step] = field(default_factory=list)

    @contextmanager
    def step(
        self,
        technique_id: str,
        tactic: str,
        what: str,
        *,
        addresses: tuple[str, ...] = (),
        programs: tuple[str, ...] = (),
        words: tuple[str, ...] = (),
        session_of: str = "",
    ) -> Iterator[None]:
        """Note the time that the body takes as a step."""
        start = time.time()
        yield
        self.steps.append(
            Step(
                technique_id,
                tactic,
                what,
                start,
                time.time(),
                frozenset(addresses),
                frozenset(programs),
                words,
                session_of,
            )
        )

    def from_now_on(self, technique_id: str, tactic: str, what: str, *, words: tuple[str, ...]) -> None:
        """Note something that goes on by itself until the run ends, known by its text."""
        self.steps.append(Step(technique_id, tactic, what, time.time(), float("inf"), words=words))
