"""`loglm intel list` and `loglm intel remove`: which texts an index holds, and taking some out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from loglm.cli.options import AsJson
from loglm.plurals import plural

__all__ = ["list_texts", "remove"]


def list_texts(
    index: Annotated[Path, typer.Argument(help="Folder of the index.")],
    as_json: AsJson = False,
) -> None:
    """List the texts of an index: format, passages and path of each."""
    from dataclasses import asdict

    from loglm.cli.output import print_json
    from loglm.intel.building import held_texts
    from loglm.reports.sanitize import one_line

    texts = held_texts(index)
    if as_json:
        print_json({"texts": [asdict(text) for text in texts]})
        return
    for text in texts:
        typer.echo(f"{text.format:<8} {text.passages:>7,}  {one_line(text.name)}")


def remove(
    index: Annotated[Path, typer.Argument(help="Folder of the index.")],
    paths: Annotated[list[str], typer.Argument(help="Files, archives or folders, or names as loglm intel list shows.")],
) -> None:
    """Take texts out of an index; all that are named, or none where one of them is not in it."""
    from loglm.intel.building import remove_texts
    from loglm.reports.sanitize import one_line

    removed = remove_texts(index, paths)
    typer.echo(f"{plural(removed, 'text')} removed from {one_line(str(index))}", err=True)
