"""Passages of MISP events: what happened, its attributes with their comments, and its reports.

Source: MISP core format (draft-dulaunoy-misp-core-format).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loglm.intel.passages import Block, Passage, cut, techniques_in
from loglm.intel.text_files import markdown_blocks

__all__ = ["is_misp", "misp_passages"]

_MAX_VALUE_CHARS = 500
_TAG = "mitre-attack-pattern"


def is_misp(document: object) -> bool:
    """Whether a JSON document is a MISP event, or a list of them as searches answer."""
    return any(True for _ in _events(document))


def misp_passages(document: Any, path: str) -> Iterator[Passage]:
    """The passages of all events; each has the techniques that galaxies and tags give to what it is of."""
    for event in _events(document):
        place = f"event {event.get('uuid') or event.get('id') or ''}".strip()
        title = str(event.get("info") or place)
        about = _labels(event)
        yield from _with(cut(_attributes(event, place, title), title=title, path=path), about)
        for cluster in _clusters(event):
            named = techniques_in(str(cluster.get("value")))
            block = Block(f"{cluster.get('value')}: {cluster.get('description')}", place)
            yield from _with(cut([block], title=title, path=path), list(named))
        for report in _entries(event, "EventReport"):
            blocks = [Block(b.text, place, b.heading) for b in markdown_blocks(str(report.get("content") or ""))]
            yield from _with(cut(blocks, title=f"{title} › {report.get('name')}", path=path), [])


def _events(document: object) -> Iterator[dict[str, Any]]:
    if isinstance(document, dict) and "response" in document:
        document = document["response"]
    for entry in document if isinstance(document, list) else [document]:
        event = entry.get("Event") if isinstance(entry, dict) else None
        if isinstance(event, dict) and ("info" in event or "Attribute" in event):
            yield event


def _attributes(event: dict[str, Any], place: str, title: str) -> Iterator[Block]:
    """The event's title, its attributes, and under the names of its objects theirs."""
    yield Block(title, place)
    yield from _values(event, place, "")
    for entry in _entries(event, "Object"):
        heading = " ".join(filter(None, (str(entry.get("name") or ""), str(entry.get("comment") or ""))))
        yield from _values(entry, place, heading)


def _values(holder: dict[str, Any], place: str, heading: str) -> Iterator[Block]:
    for entry in _entries(holder, "Attribute"):
        name = entry.get("object_relation") or entry.get("type") or "value"
        text = f"{name}: {str(entry.get('value') or '')[:_MAX_VALUE_CHARS]}"
        comment = str(entry.get("comment") or "").strip()
        yield Block(f"{text} ({comment})" if comment else text, place, heading)


def _clusters(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for galaxy in _entries(event, "Galaxy"):
        yield from (cluster for cluster in _entries(galaxy, "GalaxyCluster") if cluster.get("description"))


def _labels(event: dict[str, Any]) -> list[str]:
    """Techniques of the event's tags; ``misp-galaxy:mitre-attack-pattern="PowerShell - T1059.001"``."""
    names = [str(tag.get("name")) for tag in _entries(event, "Tag")]
    return [found for name in names if _TAG in name for found in techniques_in(name)]


def _entries(holder: dict[str, Any], key: str) -> Iterator[dict[str, Any]]:
    value = holder.get(key)
    yield from (entry for entry in value if isinstance(entry, dict)) if isinstance(value, list) else ()


def _with(passages: Iterator[Passage], techniques: list[str]) -> Iterator[Passage]:
    for passage in passages:
        both = tuple(dict.fromkeys([*techniques, *passage.techniques]))
        yield Passage(passage.text, passage.title, passage.path, passage.place, passage.kind, both)
