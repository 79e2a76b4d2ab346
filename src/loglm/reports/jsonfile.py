"""JSON text of any value a report holds."""

from __future__ import annotations

from typing import Any

import orjson

from loglm.reports.sanitize import escape_hidden, valid_unicode

__all__ = ["json_text"]


def json_text(value: Any, *, indent: bool = False) -> str:
    """JSON that reads back as the value and is safe to print on a terminal.

    Control, hidden and reordering characters are written as ``\\u`` escapes, also those that JSON would allow
    as they are. Lone surrogates, as undecodable file names have them, become U+FFFD; NaN becomes null.
    """
    option = orjson.OPT_INDENT_2 if indent else 0
    try:
        text = orjson.dumps(value, option=option)
    except orjson.JSONEncodeError:
        text = orjson.dumps(_writable(value), option=option)
    return escape_hidden(text.decode())


def _writable(value: Any) -> Any:
    if isinstance(value, str):
        return valid_unicode(value)
    if isinstance(value, dict):
        return {valid_unicode(key): _writable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(item) for item in value]
    return value
