"""The XML of one Windows event as the nested dict that the EVTX library makes of a record.

Only text that starts with an element is parsed: a document type, and with it an entity of its own, can stand in no
place where the parser would accept it.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring

__all__ = ["ParseError", "parse_event_xml"]

_MAX_DEPTH = 16
"""Deeper elements are left out."""
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FORBIDDEN_REFERENCE = re.compile(r"&#(?:[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F])|0*(?:[0-8]|1[124-9]|2\d|3[01]));")


def parse_event_xml(text: str) -> dict[str, Any]:
    """The element as a dict: ``{"Event": {"System": {...}, "EventData": {name: text, ...}}}``.

    Attributes of elements stand under ``#attributes``, unnamed ``Data`` elements under ``Data``. Control
    characters, which Windows writes although XML forbids them, become U+FFFD.

    Raises:
        ParseError: The text is not one well-formed element.
    """
    text = text.strip()
    if text[:1] != "<" or not text[1:2].isalpha():
        raise ParseError("does not start with an element")
    try:
        root = fromstring(text)  # noqa: S314  # see the module: there is no document type to expand
    except (ParseError, UnicodeEncodeError):
        root = fromstring(_FORBIDDEN_REFERENCE.sub("\ufffd", _FORBIDDEN.sub("\ufffd", text)))  # noqa: S314
    return {_name(root): _value(root, 0)}


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _value(element: Element, depth: int) -> Any:
    """The text of a plain element, else a dict of its children, attributes and text."""
    attributes = element.attrib
    if not len(element) and not attributes:
        return (element.text or "").strip()
    children: dict[str, Any] = {}
    if _name(element) == "EventData":
        _add_data(element, children)
    elif depth < _MAX_DEPTH:
        for child in element:
            _add(children, _name(child), _value(child, depth + 1))
    if attributes:
        children["#attributes"] = attributes
    text = element.text
    if text and not text.isspace():
        children["#text"] = text
    return children


def _add_data(element: Element, found: dict[str, Any]) -> None:
    """Put Data elements under their names; of several of one name the last counts, as where they are JSON keys."""
    unnamed: list[str | None] = []
    tag = element.tag.removesuffix("EventData") + "Data"
    for child in element:
        if child.tag != tag:
            _add(found, _name(child), _value(child, 1))
        elif (name := child.get("Name")) is None:
            unnamed.append(child.text)
        else:
            found[name] = child.text
    if unnamed:
        found["Data"] = {"#text": unnamed}


def _add(found: dict[str, Any], name: str, value: Any) -> None:
    """Put the value under its name, a second one under ``name_1`` and so on, as the EVTX library does."""
    key, number = name, 0
    while key in found:
        number += 1
        key = f"{name}_{number}"
    found[key] = value
