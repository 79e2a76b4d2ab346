"""Contamination: what two splits, or a split and a benchmark, have in common is counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from corpus.conftest import documents

pl = pytest.importorskip("polars", reason="needs the train extra")
pytest.importorskip("rensa", reason="needs the train extra")

from loglm.corpus.build import build_corpus  # noqa: E402
from loglm.corpus.contamination import ContaminationJob, contamination_part  # noqa: E402
from loglm.corpus.folder import SPLITS  # noqa: E402
from loglm.corpus.options import BuildOptions  # noqa: E402
from loglm.corpus.sharding import ShardJob, Tokenization, shard_part, shard_ranges  # noqa: E402
from loglm.corpus.sources import sources_of_paths  # noqa: E402
from loglm.tokenizer.bpe import train_tokenizer  # noqa: E402

LOGIN = (
    "linux/sshd sshd\nhostname=<host>\nlogin of user {} was let in by rule of the day since none forbids it until {}"
)
TEXTS = {
    "train": [
        LOGIN.format("<user>", "noon"),
        LOGIN.format("<user>", "dawn"),
        "linux/cron cron\njob backup was started",
    ],
    "idts": [
        LOGIN.format("<user>", "dusk"),  # near a training text (.9)
        LOGIN.replace("forbids it", "of all others say so").format("<user>", "1"),  # of its template alone (.75)
        "linux/cron cron\njob cleanup was ended",
    ],
    "benchmark": [
        LOGIN.format("<user>", "noon"),  # equal to a training text
        LOGIN.format("<user>", "night"),  # near it
        "linux/cron cron\njob report was mailed",
    ],
}


def counted(tmp_path: Path, *, max_tokens: int = 512) -> dict[tuple[str, str], dict[str, Any]]:
    """The counts of `TEXTS` by (of, in)."""
    sources = {"train": 0, "idts": 0, "benchmark": -1}
    rows = [{"text": text, "source": sources[name]} for name, texts in TEXTS.items() for text in texts]
    marks = documents(tmp_path / "marks.parquet", [row for row in rows if row["source"] < 0])
    own = documents(tmp_path / "own.parquet", [row for row in rows if row["source"] == 0])
    split = pl.col("text").is_in(TEXTS["idts"]).cast(pl.Int8).alias("split")
    plan = pl.read_parquet(own).select("hash", "text_hash", "source", "template", split, pl.lit(1.0).alias("weight"))
    plan.write_parquet(tmp_path / "plan.parquet")
    train_tokenizer([row["text"] for row in rows], vocab_size=512).save(str(tmp_path / "tokenizer.json"))
    tokenization = Tokenization(tmp_path / "tokenizer.json", max_tokens, None)
    for index, name in enumerate(SPLITS):
        for ends in shard_ranges(plan, index):
            shard_part(
                ShardJob(tmp_path / "plan.parquet", (own,), tokenization, index, *ends, ("app",), name), tmp_path
            )
    shards = {name: tuple(tmp_path.glob(name)) for name in SPLITS}
    names = {-1: "benchmark mark", 0: "app"}
    job = ContaminationJob(tmp_path / "plan.parquet", (marks, own), names, 0.8, shards, tokenization)
    return {(pair.pop("of"), pair.pop("in")): pair for pair in contamination_part(job, tmp_path)["pairs"]}


def test_equal_near_and_equally_built_texts_are_counted(tmp_path: Path) -> None:
    assert counted(tmp_path) == {
        ("idts", "train"): {"texts": 3, "equal": 0, "same_template": 2, "sampled": 2, "near": 1},
        ("benchmark mark", "train"): {"texts": 3, "equal": 1, "same_template": 2, "sampled": 2, "near": 2},
        ("benchmark mark", "idts"): {"texts": 3, "equal": 0, "same_template": 2, "sampled": 2, "near": 2},
    }


def test_texts_that_are_equal_once_they_are_cut_are_equal(tmp_path: Path) -> None:
    """Ten tokens hold less than the login's head, and all of none of the other texts."""
    pairs = counted(tmp_path, max_tokens=10)
    assert {key: pair["equal"] for key, pair in pairs.items()} == {
        ("idts", "train"): 2,
        ("benchmark mark", "train"): 2,
        ("benchmark mark", "idts"): 2,
    }


def test_the_report_of_a_build_counts_what_its_cut_makes_equal(logs: Path, tmp_path: Path) -> None:
    for most in (512, 16):
        corpus = build_corpus(
            sources_of_paths([logs]), tmp_path / str(most), BuildOptions(max_tokens=most, held_out=0.3)
        )
        train, idts = (
            [tuple(shard[i].tolist()) for i in range(len(shard))]
            for shard in (corpus.load(split)[0] for split in ("train", "idts"))
        )
        [pair] = corpus.facts["contamination"]
        assert (pair["of"], pair["in"], pair["texts"]) == ("idts", "train", len(idts))
        assert pair["equal"] == sum(ids in set(train) for ids in idts)
        assert (pair["equal"] > 0) == (most == 16)
