"""The corpus folder: shards and tokenizer of a run with what is known of them, made beside its place."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loglm.artifacts.files import take_place
from loglm.corpus.card import card_text
from loglm.corpus.folder import SPLITS, TOKENIZER_JSON, Split, write_corpus_json
from loglm.corpus.listing import Listing
from loglm.corpus.options import BuildOptions
from loglm.corpus.pseudonyms import Pseudonymiser
from loglm.corpus.report import report_text
from loglm.corpus.steps import StepResults

__all__ = ["finish_folder"]


def finish_folder(out: Path, listing: Listing, options: BuildOptions, results: StepResults) -> None:
    """Fill a folder beside ``out`` and put it in the place of what is there.

    Raises:
        OSError: It cannot be written; ``out`` is as it was.
    """
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        _fill(partial, listing, options, results)
        take_place(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _fill(folder: Path, listing: Listing, options: BuildOptions, results: StepResults) -> None:
    shards: dict[Split, list[str]] = {split: [] for split in SPLITS}
    for part in results.shards:
        for path in part.paths:
            shutil.copyfile(path, folder / path.name)
            shards[part.facts["split"]].append(path.name)
    shutil.copyfile(results.tokenizer.paths[0], folder / TOKENIZER_JSON)
    about = _about(listing, options, results)
    facts = write_corpus_json(folder, shards, vocab_size=results.tokenizer.facts["vocab_size"], about=about)
    report = {
        "steps": about["steps"],
        "drops": results.drops().for_report(_hidden(options.pseudonym_key)),
        "contamination": about["contamination"],
    }
    (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    (folder / "report.md").write_text(report_text(report), encoding="utf-8")
    (folder / "card.md").write_text(card_text(facts), encoding="utf-8")


def _about(listing: Listing, options: BuildOptions, results: StepResults) -> dict[str, Any]:
    from loglm import __version__

    kept, files = results.plan.facts["texts"], _files_by_source(results)
    return {
        "loglm_version": __version__,
        "options": options.facts(),
        "sources": [
            {
                "name": source.name,
                "licence": source.licence,
                "split": source.split,
                **_file_facts(files[index]),
                "texts": {split: kept.get(source.name, {}).get(split, 0) for split in SPLITS},
            }
            for index, source in enumerate(listing.sources)
        ],
        "benchmarks": [benchmark.name for benchmark in listing.benchmarks],
        "steps": _steps(results),
        "drops": results.drops().by_reason(),
        "contamination": results.contamination.facts["pairs"],
        "texts_cut": {
            split: sum(part.facts["cut"] for part in results.shards if part.facts["split"] == split) for split in SPLITS
        },
    }


def _files_by_source(results: StepResults) -> defaultdict[int, list[dict[str, Any]]]:
    """What was read of the files of each source, by its index, in order."""
    files = defaultdict[int, list[dict[str, Any]]](list)
    for part in results.read:
        files[part.facts["source"]] += part.facts["files"]
    return files


def _file_facts(files: list[dict[str, Any]]) -> dict[str, Any]:
    """Number of a source's files, their events, and a sha256 over their names and sha256s."""
    listed = "\n".join(f"{file['sha256']}  {file['name']}" for file in files)
    return {
        "files": len(files),
        "events": sum(file["events"] for file in files),
        "sha256": hashlib.sha256(listed.encode("utf-8", "surrogateescape")).hexdigest(),
    }


def _steps(results: StepResults) -> list[dict[str, Any]]:
    """What went into each step and what was left, without benchmarks."""
    read = [part for part in results.read if part.facts["source"] >= 0]
    counts = [sum(file["events"] for part in read for file in part.facts["files"])]
    deduplicated = [parts for view in results.deduplicated for parts in (view.exact, view.near)]
    counts += [sum(part.facts["texts"] for part in parts) for parts in (read, *deduplicated)]
    counts.append(sum(sum(splits.values()) for splits in results.plan.facts["texts"].values()))
    by_view = [
        f"{what} deduplication ({done.view} view)" for done in results.deduplicated for what in ("exact", "near")
    ]
    names = ("read and filter", *by_view, "balance")
    return [
        {"step": name, "before": before, "after": after}
        for name, before, after in zip(names, counts, counts[1:], strict=False)
    ]


def _hidden(key: bytes | None) -> Callable[[str], str]:
    return str if key is None else Pseudonymiser(key).apply
