"""Sources from folders and from files that name them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loglm.corpus.sources import CorpusSource, hold_out_sources, read_sources_file, sources_of_paths
from loglm.errors import EmptyInputError, InputError


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    for name in ("b/x.log", "a/deep/y.log", "loose.log", ".hidden/z.log"):
        path = tmp_path / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x\n")
    return tmp_path / "logs"


def test_folders_inside_a_path_are_its_sources(logs: Path) -> None:
    sources = sources_of_paths([logs])
    assert [(source.name, source.paths) for source in sources] == [
        ("a", (str(logs / "a"),)),
        ("b", (str(logs / "b"),)),
        ("logs", (str(logs / "loose.log"),)),
    ]


def test_several_paths_prefix_their_folders(logs: Path) -> None:
    assert [source.name for source in sources_of_paths([logs, logs / "b"])] == ["logs/a", "logs/b", "logs", "b"]


def test_a_file_is_a_source_of_its_own(logs: Path) -> None:
    assert sources_of_paths([logs / "loose.log"]) == [CorpusSource("loose", (str(logs / "loose.log"),))]


def test_equal_names_are_refused(logs: Path) -> None:
    (logs / "a" / "logs").mkdir()
    (logs / "a" / "logs" / "f.log").write_text("x")
    with pytest.raises(InputError, match=r"two sources are called 'logs'.*--sources FILE"):
        sources_of_paths([logs, logs / "a" / "logs"])


def test_an_absent_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        sources_of_paths([tmp_path / "nowhere"])


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmptyInputError, match="nothing in"):
        sources_of_paths([tmp_path])


TOML = """
[[source]]
name = "sshd"
paths = ["logs/b"]
licence = "MIT"

[[source]]
name = "other"
paths = ["logs/a", "logs/loose.log"]
split = "odts"
"""


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_a_file_names_sources_with_paths_beside_it(tmp_path: Path, suffix: str) -> None:
    import tomllib

    file = tmp_path / f"sources{suffix}"
    file.write_text(TOML if suffix == ".toml" else json.dumps(tomllib.loads(TOML)))
    assert read_sources_file(file) == [
        CorpusSource("sshd", (str(tmp_path / "logs/b"),), "MIT"),
        CorpusSource("other", (str(tmp_path / "logs/a"), str(tmp_path / "logs/loose.log")), "not stated", "odts"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("source = 3", "names no source"),
        ("[[source]]\nname = 'a'\npaths = ['x']\nlicense = 'MIT'", "unknown in a source: license"),
        ("[[source]]\nname = 'a'", "without name or paths"),
        ("[[source]]\nname = 'a'\npaths = ['x']\nsplit = 'test'", "split 'test'; expected train or odts"),
        ("[[source", "cannot be read as .toml"),
        ("[[source]]\nname='a'\npaths=['x']\n[[source]]\nname='a'\npaths=['y']", "two sources are called 'a'"),
    ],
    ids=["no sources", "unknown key", "no paths", "unknown split", "broken", "twice"],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "sources.toml"
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        read_sources_file(file)


def test_hold_out_moves_sources_by_name(logs: Path) -> None:
    moved = hold_out_sources(sources_of_paths([logs]), ["b"])
    assert {source.name: source.split for source in moved} == {"a": "train", "b": "odts", "logs": "train"}


@pytest.mark.parametrize(
    ("names", "message"),
    [(["c"], "--odts c: no source has this name; the sources are a, b, logs"), (["a", "b", "logs"], "none is left")],
    ids=["unknown", "all"],
)
def test_hold_out_refuses(logs: Path, names: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        hold_out_sources(sources_of_paths([logs]), names)
