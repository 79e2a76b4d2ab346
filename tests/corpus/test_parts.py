"""Parts: computed once, again where their key or a byte of them differs, and never half there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loglm.corpus.executors import ThisProcess
from loglm.corpus.parts import FinishedPart, Part, key_of, run_parts


def double(job: int, out: Path) -> dict[str, Any]:
    with (out.parent / "calls").open("a") as calls:
        calls.write(f"{job} ")
    (out / "text").write_text(str(2 * job))
    if job == 13:
        raise OSError("no luck")
    return {"job": job, "by": {1: "number"}}


def run(work: Path, *jobs: int, key: str = "") -> list[FinishedPart]:
    parts = [Part(f"double-{job}", key_of(job, key), job) for job in jobs]
    steps: list[tuple[int, int]] = []
    done = run_parts(
        "double",
        double,
        parts,
        work=work,
        executor=ThisProcess(),
        progress=lambda _, n, total: steps.append((n, total)),
    )
    assert steps[-1] == (len(jobs), len(jobs))
    return done


def calls(work: Path) -> list[str]:
    return (work / "calls").read_text().split()


def test_finished_parts_are_taken_as_they_are(tmp_path: Path) -> None:
    first = run(tmp_path, 1, 2)
    assert run(tmp_path, 1, 2, 3)[:2] == first
    assert calls(tmp_path) == ["1", "2", "3"]
    assert [part.paths[0].read_text() for part in first] == ["2", "4"]


def test_a_part_of_another_key_is_computed_again(tmp_path: Path) -> None:
    run(tmp_path, 1)
    run(tmp_path, 1, key="other options")
    assert calls(tmp_path) == ["1", "1"]


@pytest.mark.parametrize("damage", ["changed", "missing", "no marker"])
def test_a_damaged_part_is_computed_again(tmp_path: Path, damage: str) -> None:
    [part] = run(tmp_path, 1)
    if damage == "changed":
        part.paths[0].write_text("3")
    else:
        (part.paths[0] if damage == "missing" else part.folder / "done.json").unlink()
    assert run(tmp_path, 1) == [part]
    assert part.paths[0].read_text() == "2"
    assert calls(tmp_path) == ["1", "1"]


def test_a_part_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no luck"):
        run(tmp_path, 13)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["calls"]


def test_facts_are_those_that_a_later_run_reads(tmp_path: Path) -> None:
    [computed], [read] = run(tmp_path, 1), run(tmp_path, 1)
    assert computed.facts == read.facts == {"job": 1, "by": {"1": "number"}}
    assert computed.checksum == read.checksum


def test_keys_differ_by_every_value() -> None:
    assert len({key_of(1), key_of("1"), key_of([1]), key_of(1, 2), key_of([1, 2]), key_of({"a": 1})}) == 6
