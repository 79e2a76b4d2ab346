"""Texts of ATT&CK as examples of names: descriptions of techniques, and procedure examples of groups and software."""

from __future__ import annotations

from pathlib import Path

from loglm.attack.intel import read_objects, read_procedures
from loglm.training.attack.named_texts import NamedTexts

__all__ = ["intel_texts"]

_SHARE = 1.0


def intel_texts(folder: Path) -> NamedTexts:
    """Texts of a folder that `loglm.attack.intel` reads.

    Raises:
        InputError: A file is missing, or a line is not what is expected.
    """
    named = [(f"{o.name} {o.description}", o.id) for o in read_objects(folder) if o.type == "attack-pattern"]
    named += [(procedure.text, procedure.technique) for procedure in read_procedures(folder)]
    bases = tuple((technique.partition(".")[0],) for _, technique in named)
    return NamedTexts(tuple(text for text, _ in named), bases, _SHARE)
