"""What was left out of a corpus and why, for people."""

from __future__ import annotations

from typing import Any

from loglm.corpus.markdown import code, markdown_table, plain

__all__ = ["report_text"]


def report_text(report: dict[str, Any]) -> str:
    """``report.json`` as Markdown. Log text in it is shown as it is, whatever markup it holds."""
    steps = [(step["step"], step["before"], step["after"]) for step in report["steps"]]
    drops = [(plain(d["source"]), plain(d["reason"]), d["count"], _examples(d["examples"])) for d in report["drops"]]
    pairs = [
        (plain(p["of"]), plain(p["in"]), *(p[key] for key in ("texts", "equal", "same_template", "sampled", "near")))
        for p in report["contamination"]
    ]
    parts = [
        "# What was left out, and why\n",
        "Reading counts events, and drops of reading and exact deduplication are events; later ones are texts. The\n"
        "events of a source are its drops and the texts that stay. A text that comes again in one part of the logs\n"
        "is left out in reading already: exact deduplication is left with repeats of other parts and sources.\n",
        markdown_table(("step", "before", "after"), steps),
        "## By source and reason\n",
        markdown_table(("source", "reason", "dropped", "examples"), drops),
        "## Contamination that is left\n",
        "`texts`: of the first; `equal`: how many the second has too, by the token ids that are left of a text that\n"
        "was cut; `same template`: how many share a template with it; `sampled`: how many of these were compared with\n"
        "up to 500 texts of their template; `near`: how many of the sampled are near duplicates.\n",
        markdown_table(("of", "in", "texts", "equal", "same template", "sampled", "near"), pairs),
    ]
    return "\n".join(parts)


def _examples(texts: list[str]) -> str:
    return "<br>".join(map(code, texts))
