"""The last steps: the tokenizer that is taken, and texts with pseudonyms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("polars", reason="needs the train extra")
pytest.importorskip("rensa", reason="needs the train extra")

from loglm.corpus.build import build_corpus
from loglm.corpus.folder import CorpusFolder
from loglm.corpus.options import BuildOptions
from loglm.corpus.pseudonyms import Pseudonymiser
from loglm.corpus.sources import sources_of_paths
from loglm.errors import InputError
from loglm.tokenizer.bpe import load_tokenizer

KEY = b"thirty-two bytes of a secret key"


def text_of(corpus: CorpusFolder) -> str:
    tokenizer = load_tokenizer(corpus.tokenizer_path)
    return "\n".join(
        tokenizer.decode(corpus.load(split)[0].ids.tolist()) for split in ("train", "idts") if corpus.sequences(split)
    )


def test_pseudonyms_are_in_shards_tokenizer_and_report(logs: Path, tmp_path: Path) -> None:
    line = "Mar  4 10:15:{:02d} web1 app[{}]: job {} fetched https://wiki.wolfeschlegel.com/{} again\n"
    text = "".join(line.format(i, i, i, "alpha beta gamma delta epsilon zeta"[i % 25 :]) for i in range(40))
    (logs / "app" / "mail.log").write_text(text)
    plain = build_corpus(sources_of_paths([logs]), tmp_path / "plain")
    hidden = build_corpus(sources_of_paths([logs]), tmp_path / "hidden", BuildOptions(pseudonym_key=KEY))
    assert "wolfeschlegel" in text_of(plain)
    assert "wolfeschlegel" not in text_of(hidden)
    assert hidden.facts["options"]["pseudonymised"] is True
    for path in hidden.path.iterdir():
        assert b"wolfesch" not in path.read_bytes(), path.name
        assert KEY not in path.read_bytes(), path.name
    assert hidden.sequences("train") == plain.sequences("train")


def test_examples_of_near_duplicates_have_the_pseudonyms_of_their_whole_texts(logs: Path, tmp_path: Path) -> None:
    """Of a name that a key before it tells, the differing words alone would be but a word."""
    line = "Mar  4 10:15:{:02d} web1 app[7]: backup of disk two with nine parts queued, started for owner: {} tonight\n"
    names = ("alicesmith", "bobmeier", "carolking")
    (logs / "own").mkdir()
    (logs / "own" / "a.log").write_text("".join(line.format(i, name) for i, name in enumerate(names)))
    plain = build_corpus(sources_of_paths([logs]), tmp_path / "plain")
    hidden = build_corpus(sources_of_paths([logs]), tmp_path / "hidden", BuildOptions(pseudonym_key=KEY))
    owners = [Pseudonymiser(KEY).apply(f"owner: {name}").split()[1] for name in names]
    for corpus, (first, second, third) in ((plain, names), (hidden, owners)):
        drops = json.loads((corpus.path / "report.json").read_text())["drops"]
        [near] = [drop["examples"] for drop in drops if drop["source"] == "own"]
        assert near == [f"linux/syslog app: {other} for {first}" for other in (second, third)]
    for path in hidden.path.iterdir():
        assert not any(name.encode() in path.read_bytes() for name in names), path.name


def test_texts_are_cut_at_the_limit(logs: Path, tmp_path: Path) -> None:
    corpus = build_corpus(sources_of_paths([logs]), tmp_path / "out", BuildOptions(max_tokens=9))
    assert set(corpus.load("train")[0].lengths.tolist()) == {9}


def test_texts_are_counted_as_cut_where_they_are_longer_than_the_limit(logs: Path, tmp_path: Path) -> None:
    whole = build_corpus(sources_of_paths([logs]), tmp_path / "whole")
    lengths = whole.load("train")[0].lengths
    longest = int(lengths.max())
    assert whole.facts["texts_cut"] == {"train": 0, "idts": 0, "odts": 0}
    cut = {}
    for most in (longest - 1, longest):
        options = BuildOptions(max_tokens=most, tokenizer=whole.tokenizer_path)
        corpus = build_corpus(sources_of_paths([logs]), tmp_path / str(most), options)
        cut[most] = corpus.facts["texts_cut"]["train"]
        assert f"| train | training | {len(lengths)} |" in (corpus.path / "card.md").read_text()
    assert cut == {longest - 1: int((lengths == longest).sum()), longest: 0}


def test_a_tokenizer_of_another_kind_is_refused(logs: Path, tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models

    path = tmp_path / "other.json"
    Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]")).save(str(path))
    with pytest.raises(InputError, match="a tokenizer of another kind"):
        build_corpus(sources_of_paths([logs]), tmp_path / "out", BuildOptions(tokenizer=path))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "options", [{"near_threshold": 0.0}, {"held_out": 0.7}, {"per_source": 0}, {"vocab_size": 300}], ids=str
)
def test_options_out_of_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(InputError, match="expected"):
        BuildOptions(**options)  # type: ignore[arg-type]
