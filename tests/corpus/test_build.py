"""A corpus from end to end: counts add up, splits are clean, and what cannot be built leaves nothing behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from corpus.conftest import write_source

pytest.importorskip("polars", reason="needs the train extra")
pytest.importorskip("rensa", reason="needs the train extra")

from loglm.corpus import steps
from loglm.corpus.build import build_corpus
from loglm.corpus.deduplication import hash_ranges
from loglm.corpus.folder import CorpusFolder
from loglm.corpus.listing import Listing
from loglm.corpus.options import BuildOptions, DedupView
from loglm.corpus.sources import CorpusSource, hold_out_sources, sources_of_paths
from loglm.corpus.working_folder import open_working_folder, working_folder
from loglm.errors import EmptyInputError, InputError
from loglm.tokenizer.bpe import load_tokenizer


def build(logs: Path, out: Path, *, odts: tuple[str, ...] = (), **options: object) -> CorpusFolder:
    sources = hold_out_sources(sources_of_paths([logs]), odts)
    return build_corpus(sources, out, BuildOptions(**options))  # type: ignore[arg-type]


def texts_of(corpus: CorpusFolder, split: str) -> set[str]:
    tokenizer = load_tokenizer(corpus.tokenizer_path)
    shard, _ = corpus.load(split)  # type: ignore[arg-type]
    return {tokenizer.decode(shard[i].tolist()) for i in range(len(shard))}


@pytest.mark.parametrize("view", get_args(DedupView))
def test_events_are_what_is_kept_and_what_is_dropped(logs: Path, tmp_path: Path, view: DedupView) -> None:
    (logs / "app" / "more.log").write_text((logs / "app" / "part0.log").read_text() + "}\n{\n")
    corpus = build(logs, tmp_path / "out", odts=("web",), per_source=100, dedup_view=view)
    drops = json.loads((corpus.path / "report.json").read_text())["drops"]
    for source in corpus.facts["sources"]:
        dropped = sum(drop["count"] for drop in drops if drop["source"] == source["name"])
        assert source["events"] == dropped + sum(source["texts"].values()) > 0
    first = "masked" if view == "masked" else "exact"
    expected = {f"repeated text ({first} view)", "too short", "over the cap per source"}
    assert {drop["reason"] for drop in drops} >= expected


def test_splits_hold_their_sources_and_share_no_text(logs: Path, tmp_path: Path) -> None:
    corpus = build(logs, tmp_path / "out", odts=("web",), held_out=0.1)
    train, idts, odts = (texts_of(corpus, split) for split in ("train", "idts", "odts"))
    assert not train & idts
    assert not (train | idts) & odts
    assert all("web" in text for text in odts)
    assert not any("web" in text for text in train)
    assert 15 <= len(idts) <= 40


def write_clients(folder: Path, first: int, *, months: int, lines: int = 60) -> None:
    """Logins of few users from many addresses, which masking hides."""
    folder.mkdir()
    for month in range(months):
        text = "".join(
            f"2024-0{month + 1}-01T10:00:{i % 60:02d}Z gate login[{i}]: user admin{i % 9} at desk {'abc'[i % 3] * 4} "
            f"from 10.1.{first + month}.{i} was let in by rule {'xyz'[i % 3] * 4}\n"
            for i in range(lines)
        )
        (folder / f"{month}.log").write_text(text)


def test_views_keep_what_differs_in_them(tmp_path: Path) -> None:
    write_clients(tmp_path / "gate", 0, months=3)
    sources = sources_of_paths([tmp_path / "gate"])
    left = {}
    for view in get_args(DedupView):
        options = BuildOptions(dedup_view=view, near_threshold=1.0)
        try:
            left[view] = build_corpus(sources, tmp_path / view, options).facts["splits"]["train"]["sequences"]
        except EmptyInputError as error:
            left[view] = int(str(error).split(": ")[1].split()[0])
    assert left["exact"] > 100 > 10 > left["masked"] == left["both"] > 0


def test_the_exact_view_leaves_copies_of_a_text_in_one_split(logs: Path, tmp_path: Path) -> None:
    write_clients(logs / "gate", 0, months=4)
    write_clients(logs / "other", 9, months=1)
    write_source(logs / "web2")
    corpus = build(logs, tmp_path / "out", odts=("other", "web2"), held_out=0.2, dedup_view="exact", near_threshold=1.0)
    train, idts, odts = (texts_of(corpus, split) for split in ("train", "idts", "odts"))
    assert corpus.sequences("train") > len(train) + 100, "no text occurs several times"
    assert idts and odts
    assert not train & idts
    assert not (train | idts) & odts
    assert corpus.facts["drops"]["repeated text of another source (masked view)"] >= 50
    assert [pair["equal"] for pair in corpus.facts["contamination"]] == [0, 0, 0]


def test_benchmarks_need_the_masked_view(logs: Path, tmp_path: Path) -> None:
    sources, marks = sources_of_paths([logs / "app"]), [CorpusSource("held", (str(logs / "web"),))]
    with pytest.raises(InputError, match=r"the exact view lets their texts pass; compare in the masked view too"):
        build_corpus(sources, tmp_path / "out", BuildOptions(dedup_view="exact"), benchmarks=marks)
    assert not (tmp_path / "out").exists()
    build_corpus(sources, tmp_path / "out", BuildOptions(dedup_view="both"), benchmarks=marks)


@pytest.mark.parametrize("view", ["masked", "both"])
def test_no_text_of_a_benchmark_is_trained_on_though_another_of_it_is_near(
    logs: Path, tmp_path: Path, view: DedupView
) -> None:
    """Masking hides most of what two lines of the benchmark share, so that they are near in the exact view alone."""
    known = " ".join(f"10.0.0.{i}" for i in range(1, 31))
    other = " ".join(f"172.16.0.{i}" for i in range(1, 31))
    start = "Mar  1 10:00:00 web1 gate[7]:"
    (tmp_path / "marks.log").write_text(f"{start} door open {known}\n{start} gate shut {known}\n")
    (logs / "app" / "own.log").write_text(f"{start} gate shut {other}\n")
    sources, marks = sources_of_paths([logs / "app"]), [CorpusSource("held", (str(tmp_path / "marks.log"),))]
    corpus = build_corpus(sources, tmp_path / "out", BuildOptions(dedup_view=view), benchmarks=marks)
    assert not any("gate shut" in text for split in ("train", "idts") for text in texts_of(corpus, split))
    assert [pair["equal"] for pair in corpus.facts["contamination"]] == [0] * len(corpus.facts["contamination"])


def test_ranges_of_the_second_view_count_the_texts_of_benchmarks(
    logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []
    monkeypatch.setattr(steps, "hash_ranges", lambda number: counted.append(number) or hash_ranges(number))
    sources, marks = sources_of_paths([logs / "app"]), [CorpusSource("held", (str(logs / "web"),))]
    build_corpus(sources, tmp_path / "out", BuildOptions(dedup_view="both", near_threshold=1.0), benchmarks=marks)
    assert counted[0] == counted[1] > 300


def test_weights_lie_beside_the_sequences(logs: Path, tmp_path: Path) -> None:
    shard, weights = build(logs, tmp_path / "out").load("train")
    assert weights.shape == (len(shard),)
    assert (weights > 0).all()


def test_texts_of_a_benchmark_stay_out(logs: Path, tmp_path: Path) -> None:
    benchmark = tmp_path / "benchmark.log"
    lines = (logs / "app" / "part0.log").read_text().splitlines()[:30]
    benchmark.write_text("\n".join(line + (" again" if i % 2 else "") for i, line in enumerate(lines)) + "\n")
    marked = CorpusSource("held", (str(benchmark),))
    corpus = build_corpus(sources_of_paths([logs]), tmp_path / "out", benchmarks=[marked])
    reasons = corpus.facts["drops"]
    assert corpus.facts["steps"][0]["before"] == sum(source["events"] for source in corpus.facts["sources"]) == 540
    assert reasons["repeated text of benchmark held (masked view)"] == 15
    assert reasons["near duplicate of benchmark held (masked view)"] >= 10
    left = [pair for pair in corpus.facts["contamination"] if pair["of"] == "benchmark held"]
    assert [(pair["in"], pair["equal"], pair["near"]) for pair in left] == [("train", 0, 0), ("idts", 0, 0)]
    assert all(pair["same_template"] <= pair["texts"] == 30 for pair in left)


@pytest.mark.parametrize("view", ["masked", "both"])
def test_texts_near_any_text_of_a_benchmark_stay_out(logs: Path, tmp_path: Path, view: DedupView) -> None:
    """The own text is near the benchmark's second (.82), which is near its first (.82); own and first share .67."""
    words = "deny login portal guest wired floor west badge late night quiet desk spare paper lamp plant".split()
    changed = "allow logout kiosk staff".split()
    lines = [f"Mar  1 10:00:00 web1 gate[7]: {' '.join([*changed[:n], *words[n:]])}" for n in (0, 2, 4)]
    (tmp_path / "marks.log").write_text("\n".join(lines[:2]) + "\n")
    (logs / "app" / "own.log").write_text(lines[2] + "\n")
    sources, marks = sources_of_paths([logs / "app"]), [CorpusSource("held", (str(tmp_path / "marks.log"),))]
    corpus = build_corpus(sources, tmp_path / "out", BuildOptions(dedup_view=view), benchmarks=marks)
    assert not any("staff wired" in text for split in ("train", "idts") for text in texts_of(corpus, split))
    assert [pair["near"] for pair in corpus.facts["contamination"]] == [0] * len(corpus.facts["contamination"])


@pytest.mark.parametrize("text", ["", "!\n?\n"], ids=["no event", "no text"])
def test_a_benchmark_without_texts_is_refused(logs: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "marks.log").write_text(text)
    marks = [CorpusSource("full", (str(logs / "web"),)), CorpusSource("held", (str(tmp_path / "marks.log"),))]
    with pytest.raises(
        EmptyInputError, match=r"benchmark held: no event with a text .* in .*marks\.log, so .* give the logs"
    ):
        build_corpus(sources_of_paths([logs / "app"]), tmp_path / "out", benchmarks=marks)
    assert not (tmp_path / "out").exists()


def test_work_for_the_sources_grows_with_their_number_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not with its square: each source was named once for each part of the logs."""
    for number in range(40):
        write_source(tmp_path / "logs" / f"s{number}", files=1, lines=3)
    asked = []
    source_name = Listing.source_name
    monkeypatch.setattr(Listing, "source_name", lambda self, index: asked.append(index) or source_name(self, index))
    build(tmp_path / "logs", tmp_path / "out")
    assert 40 <= len(asked) <= 10 * 40


def test_a_given_tokenizer_is_used_and_kept(logs: Path, tmp_path: Path) -> None:
    first = build(logs, tmp_path / "first")
    second = build(logs, tmp_path / "second", tokenizer=first.tokenizer_path, held_out=0.0)
    assert second.tokenizer_path.read_bytes() == first.tokenizer_path.read_bytes()
    assert second.facts["options"]["tokenizer"] == "given"


def test_log_text_is_no_markup_in_report_and_card(logs: Path, tmp_path: Path) -> None:
    evil = "Mar  1 10:00:01 web1 app[1]: <script>alert(1)</script> | [x](javascript:y) `z` \x1b[2J\u202e end\n"
    (logs / "app" / "evil.log").write_text(evil * 3)
    folder = build(logs, tmp_path / "out").path
    report = (folder / "report.md").read_text()
    assert "&#60;script&#62;alert" in report
    for sign in ("<script", "\x1b", "\u202e", "[x]"):
        assert sign not in report
        assert sign not in (folder / "card.md").read_text()


@pytest.mark.parametrize("text", ["", "Mar  1 10:00:01 web1 app[1]: started the only service\n"], ids=["no", "one"])
def test_too_few_lines_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text(text)
    with pytest.raises(EmptyInputError, match=r"too little to build a corpus: [01] different text.* at least 20"):
        build(tmp_path / "logs", tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs"]


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmptyInputError, match="to build a corpus from; give folders of logs"):
        build(tmp_path, tmp_path / "out")


def test_a_corpus_is_replaced_on_demand_alone(logs: Path, tmp_path: Path) -> None:
    out = build(logs, tmp_path / "out").path
    with pytest.raises(InputError, match="already there; give another folder, or --force"):
        build(logs, out)
    write_source(logs / "new")
    again = build_corpus(sources_of_paths([logs]), out, overwrite=True)
    assert len(again.facts["sources"]) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "out"]


def test_a_corpus_that_another_run_finished_meanwhile_is_not_replaced(
    logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was not there when this run began, and is when it has the working folder for itself."""
    first = []

    def finished_before(out: Path) -> object:
        monkeypatch.undo()
        first.append(build(logs, out).path.stat().st_ino)
        return open_working_folder(out)

    monkeypatch.setattr("loglm.corpus.build.open_working_folder", finished_before)
    with pytest.raises(InputError, match="already there; give another folder, or --force"):
        build(logs, tmp_path / "out")
    assert first == [(tmp_path / "out").stat().st_ino]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "out"]


def test_a_folder_of_something_else_is_never_replaced(logs: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="not a corpus, so it is not replaced"):
        build_corpus(sources_of_paths([logs]), tmp_path / "home", overwrite=True)
    assert (tmp_path / "home" / "letter.txt").read_text() == "dear"


_ON_A_FULL_DISK = """
import resource, sys
from loglm.cli.main import app
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
sys.argv = ["loglm", "corpus", "build", {logs!r}, "--out", {out!r}]
app()
"""


@pytest.mark.parametrize(
    ("limit", "has_parts"), [(2_000, False), (60_000, True)], ids=["while reading", "at the tokenizer"]
)
def test_a_full_disk_is_said_and_leaves_no_folder_but_can_be_resumed(
    logs: Path, tmp_path: Path, limit: int, has_parts: bool
) -> None:
    out = tmp_path / "out"
    code = _ON_A_FULL_DISK.format(limit=limit, logs=str(logs), out=str(out))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "not written, since the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()
    assert ("goes on from the finished parts" in done.stderr, working_folder(out).is_dir()) == (has_parts, has_parts)
    build(logs, out).load("train")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "out"]


def test_the_base_install_names_the_extra(logs: Path, tmp_path: Path) -> None:
    code = "import sys; sys.modules['polars'] = None\nfrom loglm.cli.main import app\napp()"
    arguments = [sys.executable, "-c", code, "corpus", "build", str(logs), "--out", str(tmp_path / "out")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "comes with the extra loglm[train]" in done.stderr
