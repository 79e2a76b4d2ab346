"""Passages of ATT&CK's texts as JSON lines (`loglm.attack.intel`): objects with descriptions, procedure examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loglm.attack import current_id
from loglm.intel.passages import Block, Kind, Passage, cut
from loglm.intel.stix import technique_title

__all__ = ["is_attack_line", "line_passages"]

_OBJECT = ("id", "type", "name", "description")
_PROCEDURE = ("technique", "text")


def is_attack_line(entry: object) -> bool:
    """Whether a JSON value is an object of ATT&CK or a procedure example."""
    return isinstance(entry, dict) and any(all(key in entry for key in keys) for keys in (_OBJECT, _PROCEDURE))


def line_passages(entry: Mapping[str, Any], path: str) -> Iterator[Passage]:
    """The passages of one line; none where it has no text."""
    if "technique" in entry:
        known = current_id(str(entry["technique"]))
        title = f"{entry.get('source_name') or 'example'} uses {technique_title(known or str(entry['technique']))}"
        place, kind, text = str(entry.get("source") or entry["technique"]), Kind.EXAMPLE, entry["text"]
    else:
        known = current_id(str(entry["id"])) if entry["type"] == "attack-pattern" else None
        title = technique_title(known) if known else f"{str(entry['type']).removeprefix('x-mitre-')} {entry['name']}"
        place, kind, text = str(entry["id"]), Kind.DEFINITION if known else Kind.TEXT, entry["description"]
    if isinstance(text, str):
        for passage in cut([Block(text, place)], title=title, path=path):
            techniques = (known,) if known else passage.techniques
            yield Passage(passage.text, passage.title, path, place, kind if known else Kind.TEXT, techniques)
