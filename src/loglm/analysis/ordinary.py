"""What is ordinary in logs: events grouped by template, and like templates together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loglm.corpus.templates import template_of

if TYPE_CHECKING:
    from loglm.errors import SourceLocation
    from loglm.events.event import LogEvent

__all__ = ["MOST_RAW_CHARS", "Cluster", "Ordinary"]

MOST_RAW_CHARS = 4_096
"""Of a record that is shown."""

_MOST_TEMPLATES = 2_000
_ALIKE = 0.6


@dataclass(frozen=True, slots=True)
class Cluster:
    """Events of like templates."""

    template: str
    """The most frequent one: log source and action, names of fields, first words of the message."""
    events: int
    templates: int
    example: str
    """Raw text of its first event, cut at 4,096 characters. Untrusted."""
    location: SourceLocation
    """Of the example."""


class Ordinary:
    """Clusters of events, largest first.

    Templates are taken from the most frequent on; each joins the cluster whose first template has a vector of cosine .6
    or more to its own, or begins one. Only the 2,000 most frequent templates can begin one.

    Args:
        events: In the order in which they were read.
        texts: Rendered in the masked view, of each event.
        vectors: float32 (n, D), of each event, of unit length.
    """

    def __init__(self, events: Sequence[LogEvent], texts: Sequence[str], vectors: np.ndarray) -> None:
        templates = [template_of(text) for text in texts]
        first = {template: row for row, template in reversed(list(enumerate(templates)))}
        self._centres = np.zeros((0, vectors.shape[1]), np.float32)
        members: list[list[tuple[str, int]]] = []
        for place, (template, count) in enumerate(Counter(templates).most_common()):
            vector = vectors[first[template]]
            nearest, cosine = self._nearest(vector)
            if cosine >= _ALIKE or place >= _MOST_TEMPLATES:
                members[nearest].append((template, count))
            else:
                members.append([(template, count)])
                self._centres = np.concatenate([self._centres, vector[None]])
        self._templates = [own[0][0] for own in members]
        found = [_cluster(events, own, first[own[0][0]]) for own in members]
        self.clusters = sorted(found, key=lambda cluster: -cluster.events)

    def nearest(self, vector: np.ndarray) -> tuple[str, float]:
        """Template of the cluster that is nearest to a vector (D,), and the cosine; empty and 0 where there is none."""
        place, cosine = self._nearest(vector)
        return (self._templates[place], cosine) if self._templates else ("", 0.0)

    def _nearest(self, vector: np.ndarray) -> tuple[int, float]:
        if not len(self._centres):
            return 0, 0.0
        cosines = self._centres @ vector
        best = int(cosines.argmax())
        return best, float(cosines[best])


def _cluster(events: Sequence[LogEvent], members: Sequence[tuple[str, int]], row: int) -> Cluster:
    event = events[row]
    number = sum(count for _, count in members)
    return Cluster(members[0][0], number, len(members), event.raw[:MOST_RAW_CHARS], event.location)
