"""Reading: documents in chunks of bounded size, with counts and earliest times."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

pl = pytest.importorskip("polars", reason="needs the train extra")

from loglm.corpus import reading  # noqa: E402
from loglm.corpus.listing import list_files  # noqa: E402
from loglm.corpus.reading import ReadJob, merge_problems, read_part  # noqa: E402
from loglm.corpus.sources import CorpusSource  # noqa: E402
from loglm.events.problems import Problems  # noqa: E402
from loglm.events.reading import read_events  # noqa: E402
from loglm.events.rendering import View  # noqa: E402


def job_of(path: Path, view: View = "masked") -> ReadJob:
    files = list_files([CorpusSource("app", (str(path),))], [], held_out=0.0, problems=Problems()).files
    return ReadJob("app", files, 2_560, view)


def written(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))


def test_a_document_counts_its_events_from_the_earliest_on(tmp_path: Path) -> None:
    line = "2024-03-0{}T10:00:00Z web1 app[{}]: service restarted by operator\n"
    (tmp_path / "a.log").write_text("".join(line.format(day, day) for day in (3, 1, 2)))
    facts = read_part(job_of(tmp_path / "a.log"), tmp_path)
    [row] = pl.read_parquet(written(tmp_path)).to_dicts()
    assert (row["count"], row["row"], row["time"]) == (3, 0, 1_709_287_200.0)
    assert facts["files"][0]["events"] == 3
    assert [(drop["reason"], drop["count"]) for drop in facts["drops"]] == [("repeated text (masked view)", 2)]


def test_the_exact_view_tells_apart_what_masking_makes_equal(tmp_path: Path) -> None:
    line = "2024-03-01T10:00:00Z web1 app[7]: connection from 203.0.113.{} refused by policy\n"
    (tmp_path / "a.log").write_text("".join(line.format(host) for host in (5, 6, 5)))
    facts = read_part(job_of(tmp_path / "a.log", "exact"), tmp_path)
    rows = pl.read_parquet(written(tmp_path)).to_dicts()
    assert len({row["hash"] for row in rows}) == len({row["exact"] for row in rows}) == 2
    assert len({row["text_hash"] for row in rows}) == len({row["text"] for row in rows}) == 1
    [drop] = facts["drops"]
    assert (drop["reason"], drop["count"]) == ("repeated text (exact view)", 1)
    assert "203.0.113" not in drop["examples"][0]


def test_chunks_are_bounded_and_hold_every_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_CHUNK_TEXTS", 7)
    names = [chr(97 + i) * 5 for i in range(20)]
    (tmp_path / "a.log").write_text("".join(f"service {name} was started again\n" for name in names))
    facts = read_part(job_of(tmp_path / "a.log"), tmp_path)
    assert [len(pl.read_parquet(path)) for path in written(tmp_path)] == [7, 7, 6]
    assert facts["texts"] == 20


def test_rejected_texts_that_are_remembered_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_CHUNK_TEXTS", 7)
    (tmp_path / "a.log").write_text("".join(f"service {chr(97 + i) * 5} was started again\n" * 2 for i in range(20)))
    job = replace(job_of(tmp_path / "a.log"), max_chars=8)
    chunks = reading._Chunks(job, tmp_path)
    held = []
    for row, event in enumerate(read_events([tmp_path / "a.log"])):
        chunks.add(event, job.files[0], row)
        held.append(len(chunks.rejected))
    assert (len(held), max(held)) == (40, 7)
    assert chunks.drops.counts == {("app", "too long"): 40}


def test_lone_surrogates_do_not_end_a_run(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"message": "a value \\ud800 that no file can hold", "n": 1}\n')
    assert read_part(job_of(tmp_path / "a.json"), tmp_path)["texts"] == 1


def test_what_cannot_be_read_is_told_after_a_round_through_json(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"message": "fine and long enough", "a": 1}\n{"message": broken\n{"a": 2}\n' * 3)
    facts = json.loads(json.dumps(read_part(job_of(tmp_path / "a.json"), tmp_path)))
    problems = Problems()
    merge_problems(facts["problems"], problems)
    assert problems.total_rejected > 0
    assert problems.examples
