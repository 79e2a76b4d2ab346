"""`loglm embed`: vectors and places in each format, and what it refuses."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from loglm.cli.main import app
from loglm.errors import InputError
from loglm.runtime.encoder import LogEncoder


def run(*arguments: object, stdin: str | None = None):
    return CliRunner().invoke(app, ["embed", *map(str, arguments)], input=stdin)


def test_npz_holds_vectors_and_places(auth_log: Path, tiny_model: Path, tmp_path: Path) -> None:
    target = tmp_path / "vectors.npz"
    assert run(auth_log, "--model", tiny_model, "-o", target).exit_code == 0
    with np.load(target, allow_pickle=False) as data:
        assert data["vectors"].shape == (3, 16)
        assert data["vectors"].dtype == np.float32
        assert [data["paths"][index] for index in data["path_index"]] == [str(auth_log)] * 3
        assert data["records"].tolist() == [1, 2, 3]
        assert np.diff(data["timestamps"]).tolist() == [2.0, 6.0]


def test_npy_holds_the_vectors_of_the_library(auth_log: Path, tiny_model: Path, tmp_path: Path) -> None:
    target = tmp_path / "vectors.npy"
    assert run(auth_log, "--model", tiny_model, "-o", target).exit_code == 0
    expected = LogEncoder.from_pretrained(tiny_model).embed(auth_log.read_text().splitlines())
    np.testing.assert_allclose(np.load(target, allow_pickle=False), expected, atol=1e-6)


def test_jsonl_goes_to_stdout_one_line_an_event(auth_log: Path, tiny_model: Path) -> None:
    result = run(auth_log, "--model", tiny_model, "--jsonl")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["record"] for row in rows] == [1, 2, 3]
    assert np.linalg.norm(rows[0]["vector"]) == pytest.approx(1, abs=1e-4)


def test_jsonl_file_is_what_stdout_gets(auth_log: Path, tiny_model: Path, tmp_path: Path) -> None:
    target = tmp_path / "vectors.jsonl"
    run(auth_log, "--model", tiny_model, "-o", target)
    assert target.read_text() == run(auth_log, "--model", tiny_model, "-o", "-").stdout


@pytest.mark.parametrize(("view", "same"), [("masked", True), ("exact", False)])
def test_view_decides_whether_process_ids_count(
    auth_log: Path, tiny_model: Path, tmp_path: Path, view: str, same: bool
) -> None:
    target = tmp_path / "vectors.npy"
    run(auth_log, "--model", tiny_model, "--view", view, "-o", target)
    first, second, _ = np.load(target)
    assert np.allclose(first, second) == same


def test_existing_file_stays_without_force(auth_log: Path, tiny_model: Path, tmp_path: Path) -> None:
    target = tmp_path / "vectors.npz"
    target.write_text("mine")
    result = run(auth_log, "--model", tiny_model, "-o", target)
    assert (result.exit_code, target.read_text()) == (2, "mine")
    assert "--force" in result.stderr
    assert run(auth_log, "--model", tiny_model, "-o", target, "--force").exit_code == 0
    assert np.load(target)["vectors"].shape == (3, 16)


def test_nothing_read_writes_nothing(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()
    result = run(tmp_path / "empty.log", "--model", tiny_model, "-o", tmp_path / "vectors.npz")
    assert result.exit_code == 2
    assert "no event was read" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["empty.log"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "say where the vectors go"),
        (("-o", "vectors.csv"), ".npz, .npy or .jsonl"),
        (("-o", "vectors.npz", "--jsonl"), "give one of them"),
        (("-o", "nowhere/vectors.npz"), "does not exist"),
    ],
)
def test_unusable_target_is_refused(
    auth_log: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], reason: str
) -> None:
    monkeypatch.chdir(auth_log.parent)
    result = run(auth_log, "--model", tiny_model, *options)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert list(auth_log.parent.iterdir()) == [auth_log]


def test_stdin_is_read(auth_log: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run("-", "--model", tiny_model, "--jsonl", stdin=auth_log.read_text())
    assert [json.loads(line)["path"] for line in io.StringIO(result.stdout)] == ["<stdin>"] * 3


def test_library_wants_a_list_of_lines(tiny_model: Path) -> None:
    with pytest.raises(InputError, match="expected a list of events, got one text"):
        LogEncoder.from_pretrained(tiny_model).embed("a line")


def test_long_events_are_read_in_pieces_and_counted(tiny_model: Path, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(f"Mar  4 10:15:01 web1 app[1]: {'failed password ' * 60}\nMar  4 10:15:02 web1 app[1]: ok\n")
    result = run(log, "--model", tiny_model, "-o", tmp_path / "vectors.npy")
    assert "1 with more than 64 tokens" in result.stderr
    assert np.load(tmp_path / "vectors.npy").shape == (2, 16)
    quiet = run(log, "--model", tiny_model, "-o", tmp_path / "vectors.npy", "--force", "--quiet")
    assert "tokens" not in quiet.stderr


def test_enormous_line_is_left_out_and_said(tiny_model: Path, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(f"Mar  4 10:15:01 web1 app[1]: {'x ' * 1_000_000}\nMar  4 10:15:02 web1 app[1]: ok\n")
    result = run(log, "--model", tiny_model, "-o", tmp_path / "vectors.npy")
    assert result.exit_code == 0
    assert "1 too-long" in result.stderr
    assert np.load(tmp_path / "vectors.npy").shape == (1, 16)


def test_batches_are_bounded_by_their_text(monkeypatch: pytest.MonkeyPatch, tiny_model: Path, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("".join(f"Mar  4 10:15:01 web1 app[1]: {'x ' * 400_000}\n" for _ in range(12)))
    sizes: list[int] = []
    embed = LogEncoder.embed

    def counting(self: LogEncoder, events: list, **options: object) -> np.ndarray:
        sizes.append(len(events))
        return embed(self, events, **options)

    monkeypatch.setattr(LogEncoder, "embed", counting)
    assert run(log, "--model", tiny_model, "-o", tmp_path / "vectors.npy").exit_code == 0
    assert sizes == [6, 6]
