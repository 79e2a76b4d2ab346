"""What all HTML pages share: templates that make every value safe, the package's own style, and its CSP hash."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loglm.reports.sanitize import visible

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["PageFact", "csp_hash", "page_environment", "read_part", "trusted"]

_FOLDER = Path(__file__).with_name("page")


@dataclass(frozen=True, slots=True)
class PageFact:
    """A figure at the top."""

    name: str
    value: str
    note: str = ""


def page_environment() -> Environment:
    """A new environment for the templates of this package.

    On its way out every text is made visible (control, hidden and reordering characters become escapes) and escaped;
    a name that is not there is an error.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        keep_trailing_newline=True,
    )


def read_part(name: str) -> str:
    """A style or script of this package."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def trusted(text: str) -> Any:
    """Text of a file of this package, which the template does not escape."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704


def csp_hash(text: str) -> str:
    """The source expression that allows exactly this style or script (CSP level 3, section 6.7.2)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _printable(value: Any) -> Any:
    """Every text on its way out: visible, and still to be escaped; the package's own style and script pass."""
    from markupsafe import Markup

    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
