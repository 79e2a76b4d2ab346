"""`loglm intel`: threat-intelligence texts in an index, and what they say of a question, an event or a finding."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loglm.cli.intel_ask import ask
from loglm.cli.intel_texts import list_texts, remove
from loglm.cli.options import AsJson, Quiet
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.intel.building import BuildStats

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Texts on threats: index them, and find what they say of what was seen.")
app.command("ask")(ask)
app.command("list")(list_texts)
app.command("remove")(remove)


@app.command("index")
def index(
    paths: Annotated[list[str], typer.Argument(help="Texts, folders, patterns or archives; - for stdin.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the index; made, or added to.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Add texts to an index: Markdown, HTML, PDF, STIX bundles, MISP events, ATT&CK's texts, plain text.

    A text that is in the index as it is, by path and content, is left alone; one that has changed takes the place of
    what it was; texts from stdin are told apart by content. Techniques are known from the ids that texts name
    (T1003.001), from STIX relationships and from MISP galaxies; with ATT&CK's own bundle (enterprise-attack.json) in
    the index, questions that name none find them too.
    All of a run is added, or, where it is killed, nothing.
    """
    from functools import partial

    from loglm.cli.output import count_events, print_json, report_problems
    from loglm.errors import EmptyInputError
    from loglm.events import Problems
    from loglm.intel.building import add_texts

    problems = Problems()
    progress = partial(count_events, what="texts", quiet=quiet, look_every=1)
    try:
        stats = add_texts(out, paths, problems=problems, progress=progress)
    except EmptyInputError:
        if not quiet:
            report_problems(problems)
        raise EmptyInputError(
            "no text was read, so nothing is written. Looked for Markdown, HTML, PDF, STIX, MISP, ATT&CK's texts and "
            "plain text in files, folders and archives"
        ) from None
    if not quiet:
        report_problems(problems)
    if as_json:
        print_json({"index": str(out), **_document(stats)})
    else:
        _say(stats, out)


def _document(stats: BuildStats) -> dict[str, Any]:
    return {
        "documents": stats.documents,
        "known": stats.known,
        "replaced": stats.replaced,
        "passages": stats.passages,
        "techniques_known": stats.techniques,
        "formats": stats.formats,
    }


def _say(stats: BuildStats, out: Path) -> None:
    from loglm.reports.sanitize import one_line

    formats = ", ".join(f"{number:,} {name}" for name, number in stats.formats.most_common())
    known = f"; {stats.known:,} were there already" if stats.known else ""
    replaced = f", {stats.replaced:,} of them in place of older ones" if stats.replaced else ""
    added = f"{plural(stats.documents, 'text')} ({formats or 'none new'}{replaced})"
    passages, techniques = plural(stats.passages, "passage"), plural(stats.techniques, "technique")
    typer.echo(
        f"{added} with {passages} added to {one_line(str(out))}{known}; the index knows {techniques}",
        err=True,
    )
