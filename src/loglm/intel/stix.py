"""Passages of a STIX 2 bundle, ATT&CK's own among them: objects with descriptions, and what relationships say.

Source: STIX 2.1 (OASIS 2021); the ``x-mitre-`` objects of https://github.com/mitre/cti.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from loglm.attack import current_id, technique
from loglm.intel.passages import Block, Kind, Passage, cut

__all__ = ["is_stix", "stix_passages", "technique_title"]

_LEFT_OUT = frozenset(
    ("relationship", "sighting", "marking-definition", "language-content", "identity", "x-mitre-matrix")
)
_TEXTS = ("description", "abstract", "content", "explanation", "pattern")
"""Properties of objects in which text stands."""
_MAX_REFERRED = 8
"""A report that refers to more techniques is about none in particular."""

_Object = Mapping[str, Any]


def is_stix(document: object) -> bool:
    """Whether a JSON document is a bundle, or a list of STIX objects."""
    if isinstance(document, dict):
        return document.get("type") == "bundle" and isinstance(document.get("objects"), list)
    return isinstance(document, list) and bool(document) and all(_is_object(entry) for entry in document[:10])


def stix_passages(document: Any, path: str) -> Iterator[Passage]:
    """What the objects of a bundle say; revoked and deprecated ones are left out."""
    objects = document["objects"] if isinstance(document, dict) else document
    known = {entry["id"]: entry for entry in objects if _is_object(entry) and _is_current(entry)}
    techniques = {uid: found for uid, entry in known.items() if (found := _technique_of(entry))}
    detects = _detected(known.values(), techniques)
    for uid, entry in known.items():
        if entry["type"] == "relationship":
            yield from _related(entry, known, techniques, path)
        elif entry["type"] not in _LEFT_OUT:
            yield from _described(
                entry, techniques.get(uid), [*detects.get(uid, ()), *_referred(entry, techniques)], path
            )


def technique_title(technique_id: str) -> str:
    """``T1003.001 OS Credential Dumping: LSASS Memory``; the id alone for one that is not known."""
    found = technique(technique_id)
    if found is None:
        return technique_id
    parent = technique(found.parent) if found.parent else None
    return f"{technique_id} {f'{parent.name}: ' if parent else ''}{found.name}"


def _is_object(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("type"), str) and isinstance(entry.get("id"), str)


def _is_current(entry: _Object) -> bool:
    return not (entry.get("revoked") or entry.get("x_mitre_deprecated"))


def _technique_of(entry: _Object) -> str | None:
    """The technique that an attack-pattern is, as it is called today."""
    return current_id(_external_id(entry)) if entry["type"] == "attack-pattern" else None


def _external_id(entry: _Object) -> str:
    references = entry.get("external_references")
    for reference in references if isinstance(references, list) else ():
        if isinstance(reference, dict) and reference.get("source_name") in ("mitre-attack", "mitre-mobile-attack"):
            return str(reference.get("external_id", ""))
    return ""


def _detected(entries: Iterable[_Object], techniques: Mapping[str, str]) -> dict[str, list[str]]:
    """The techniques that detection strategies and their analytics are for."""
    found: dict[str, list[str]] = {}
    entries = list(entries)
    for entry in entries:
        target = techniques.get(str(entry.get("target_ref")))
        if entry["type"] == "relationship" and entry.get("relationship_type") == "detects" and target:
            found.setdefault(str(entry.get("source_ref")), []).append(target)
    for entry in entries:
        analytics = entry.get("x_mitre_analytic_refs")
        for analytic in analytics if isinstance(analytics, list) else ():
            found.setdefault(str(analytic), []).extend(found.get(entry["id"], ()))
    return found


def _referred(entry: _Object, techniques: Mapping[str, str]) -> list[str]:
    references = entry.get("object_refs")
    named = [techniques[uid] for uid in references if uid in techniques] if isinstance(references, list) else []
    return named if len(named) <= _MAX_REFERRED else []


def _described(entry: _Object, technique_id: str | None, about: list[str], path: str) -> Iterator[Passage]:
    texts = [str(entry[key]) for key in _TEXTS if isinstance(entry.get(key), str) and entry[key].strip()]
    place = _external_id(entry) or entry["id"]
    if technique_id:
        yield from _labelled(texts, technique_title(technique_id), path, place, Kind.DEFINITION, [technique_id])
    else:
        title = f"{entry['type'].removeprefix('x-mitre-')} {entry.get('name') or ''}".strip()
        yield from _labelled(texts, title, path, place, Kind.TEXT, about)


def _related(
    entry: _Object, known: Mapping[str, _Object], techniques: Mapping[str, str], path: str
) -> Iterator[Passage]:
    """What a relationship to a technique says: who used it how, or what helps against it."""
    target = techniques.get(str(entry.get("target_ref")))
    source = known.get(str(entry.get("source_ref")))
    if target is None or source is None or not isinstance(entry.get("description"), str):
        return
    verb = str(entry.get("relationship_type"))
    kind = Kind.EXAMPLE if verb == "uses" else Kind.TEXT
    title = f"{source.get('name') or source['type']} {verb} {technique_title(target)}"
    yield from _labelled([entry["description"]], title, path, entry["id"], kind, [target])


def _labelled(texts: list[str], title: str, path: str, place: str, kind: Kind, about: list[str]) -> Iterator[Passage]:
    """Passages with techniques that their source states, before those that they name."""
    for passage in cut([Block(text, place) for text in texts], title=title, path=path):
        named = passage.techniques if kind is Kind.TEXT else ()
        techniques = tuple(dict.fromkeys([*about, *named]))
        yield Passage(passage.text, passage.title, path, place, kind, techniques)
