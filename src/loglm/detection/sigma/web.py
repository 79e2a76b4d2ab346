"""The address that a web request was for, in the parts that Sigma's rules name.

Rules look for paths in ``cs-uri-query`` as often as for what stands after the question mark, since the products they
were written for keep the whole target there. So that field has the query, the whole target and its decoded form as
its values, and a comparison holds if it holds for one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from loglm.detection.sigma.fields import Getter, getter
from loglm.events.event import LogEvent

__all__ = ["WEB_TARGET"]

_whole = getter(("url", "request_uri", "target", "uri", "c-uri", "cs-uri", "http.url", "path", "request"))
_query = getter(("cs-uri-query", "c-uri-query", "query_string"))
_stem = getter(("cs-uri-stem", "c-uri-stem", "url_path", "uri_path"))
_decoded = getter(("cs-uri-decoded",))


def _text(value: Any) -> str:
    return value if isinstance(value, str) and value != "-" else ""


def _targets(event: LogEvent) -> list[str]:
    stem, query = _text(_stem(event)), _text(_query(event))
    whole = f"{stem}?{query}" if stem and query else stem or _text(_whole(event))
    return [text for text in (whole, _text(_decoded(event))) if text]


def _query_and_targets(event: LogEvent) -> list[str]:
    query = _text(_query(event))
    return [query, *_targets(event)] if query else _targets(event)


def _path(event: LogEvent) -> list[str]:
    return [text.partition("?")[0] for text in _targets(event)]


WEB_TARGET: Final[Mapping[str, Getter]] = {
    "c-uri": _targets,
    "cs-uri": _targets,
    "cs-uri-query": _query_and_targets,
    "cs-uri-stem": _path,
}
"""Field of rules for web servers and proxies -> what makes its values."""
