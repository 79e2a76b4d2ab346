"""The files of a corpus: in order, held out by name, grouped by source."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.conftest import write_source
from loglm.corpus.listing import file_groups, list_files
from loglm.corpus.sources import CorpusSource
from loglm.errors import EmptyInputError, InputError
from loglm.events.problems import Problems


def source(folder: Path, name: str, *, files: int, split: str = "train") -> CorpusSource:
    return CorpusSource(name, (str(write_source(folder / name, files=files, lines=2)),), split=split)


def test_benchmarks_come_first_and_held_out_sources_last(tmp_path: Path) -> None:
    sources = [source(tmp_path, "z", files=2, split="odts"), source(tmp_path, "a", files=2)]
    listing = list_files(sources, [source(tmp_path, "mark", files=1)], held_out=0.1, problems=Problems())
    assert [listing.source_name(file.source) for file in listing.files] == ["benchmark mark", "a", "a", "z", "z"]
    assert [file.number for file in listing.files] == [0, 1, 2, 3, 4]
    assert [file.name for file in listing.files[1:3]] == ["part0.log", "part1.log"]


def test_half_of_the_share_is_held_out_by_file(tmp_path: Path) -> None:
    sources = [source(tmp_path, "a", files=20), source(tmp_path, "b", files=9)]
    listing = list_files(sources, [], held_out=0.2, problems=Problems())
    held = [(listing.source_name(file.source), file.name) for file in listing.files if file.is_held_out]
    assert [name for name, _ in held] == ["a", "a"]


def test_held_out_files_do_not_depend_on_where_the_source_lies(tmp_path: Path) -> None:
    held = []
    for place in ("here", "there"):
        sources = [source(tmp_path / place, "a", files=20)]
        listing = list_files(sources, [], held_out=0.2, problems=Problems())
        held.append([file.name for file in listing.files if file.is_held_out])
    assert held[0] == held[1]


def test_groups_are_of_one_source_and_of_few_files(tmp_path: Path) -> None:
    sources = [source(tmp_path, "a", files=60), source(tmp_path, "b", files=3)]
    groups = file_groups(list_files(sources, [], held_out=0.0, problems=Problems()))
    assert [(group[0].source, len(group)) for group in groups] == [(0, 50), (0, 10), (1, 3)]


def test_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(EmptyInputError, match="nothing to build a corpus from"):
        list_files([CorpusSource("a", (str(tmp_path / "a"),))], [], held_out=0.1, problems=Problems())


def test_a_benchmark_without_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "marks").mkdir()
    marks = [source(tmp_path, "full", files=1), CorpusSource("marks", (str(tmp_path / "marks"),))]
    with pytest.raises(EmptyInputError, match=r"benchmark marks: no file to read in .*/marks, so .* give the logs"):
        list_files([source(tmp_path, "a", files=1)], marks, held_out=0.1, problems=Problems())


@pytest.mark.parametrize("where", ["source", "benchmark"])
def test_standard_input_is_refused(tmp_path: Path, where: str) -> None:
    own, stream = source(tmp_path, "a", files=1), CorpusSource("piped", ("-",))
    sources, marks = ([own, stream], []) if where == "source" else ([own], [stream])
    with pytest.raises(InputError, match=r"piped: - .* cannot be read again.* write it to a file"):
        list_files(sources, marks, held_out=0.1, problems=Problems())
