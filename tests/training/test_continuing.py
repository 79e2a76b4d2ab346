"""Training goes on from given weights: what a model forgets without its old corpus and keeps with it, and refusals."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from safetensors.torch import load_file, save_file  # noqa: E402

from cli.tiny_model import write_tiny_model  # noqa: E402
from loglm.artifacts.folder import write_model_dir  # noqa: E402
from loglm.cli.main import app  # noqa: E402
from loglm.corpus.folder import TOKENIZER_JSON, write_corpus_json  # noqa: E402
from loglm.corpus.shards import TokenShard  # noqa: E402
from loglm.errors import EmptyInputError, InputError, ModelError, TrainingError  # noqa: E402
from loglm.tokenizer.bpe import load_tokenizer, train_tokenizer  # noqa: E402
from loglm.training.comparing import SplitChange, compare_models  # noqa: E402
from loglm.training.recipe import PretrainRecipe, run_recipe  # noqa: E402
from loglm.training.run_data import mixed  # noqa: E402
from loglm.training.run_folder import RunFiles  # noqa: E402
from loglm.training.run_models import load_trained  # noqa: E402


def auth_events(count: int) -> list[str]:
    numbers = random.Random(0)
    users, tools = ("root", "alice", "backup"), ("bash", "sudo", "cron", "sshd")
    return [
        f"linux/auth login\nmethod={numbers.choice(('password', 'publickey'))}\nprogram={numbers.choice(tools)}\n"
        f"Accepted {numbers.choice(users)} on port {numbers.randrange(20)}"
        for _ in range(count)
    ]


def shop_events(count: int) -> list[str]:
    """Texts that share neither fields nor words with those of `auth_events`."""
    numbers = random.Random(1)
    pages, verbs = ("cart", "basket", "search", "checkout"), ("GET", "POST", "PUT")
    return [
        f"nginx/access request\nstatus={numbers.choice((200, 301, 404, 500))}\nverb={numbers.choice(verbs)}\n"
        f"page {numbers.choice(pages)} size {numbers.randrange(20)}"
        for _ in range(count)
    ]


@pytest.fixture(scope="module")
def tokenizer_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tokenizer") / TOKENIZER_JSON
    train_tokenizer(auth_events(100) + shop_events(100), vocab_size=640).save(str(path))
    return path


@pytest.fixture(scope="module")
def old_corpus(tokenizer_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("auth"), auth_events(400), tokenizer_file)


@pytest.fixture(scope="module")
def new_corpus(tokenizer_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("shop"), shop_events(400), tokenizer_file)


def write_corpus(folder: Path, texts: list[str], tokenizer_file: Path) -> Path:
    """As `loglm corpus build` leaves it: the first half to learn from, the second to be measured on."""
    shutil.copyfile(tokenizer_file, folder / TOKENIZER_JSON)
    tokenizer = load_tokenizer(tokenizer_file)
    rows = [encoding.ids for encoding in tokenizer.encode_batch_fast(texts)]
    for name, part in (("train", rows[::2]), ("idts", rows[1::2])):
        TokenShard.from_sequences(part, [0] * len(part), ("made",)).save(folder / f"{name}.npz")
    shards = {name: [f"{name}.npz"] for name in ("train", "idts")}
    write_corpus_json(folder, shards, vocab_size=tokenizer.get_vocab_size(), about={"sources": []})
    return folder


@pytest.fixture(scope="module")
def first_run(old_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "first"
    run_recipe(recipe(old_corpus, folder, layers=1, steps=100))
    return folder


def recipe(corpus: Path, folder: Path, **changes: object) -> PretrainRecipe:
    usual = PretrainRecipe(
        corpus,
        folder,
        steps=60,
        contrastive_share=0,
        batch_tokens=1_024,
        learning_rate=2e-3,
        threads=1,
        device="cpu",
        precision="fp32",
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def compare(first: Path, second: Path, old: Path, new: Path) -> tuple[int, dict[str, object], str]:
    arguments = ["model", "compare", first, second, "--corpus", old, "--new-corpus", new, "--json"]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, json.loads(result.stdout), result.stderr


def test_a_model_that_forgot_is_refused_with_numbers(
    old_corpus: Path, new_corpus: Path, first_run: Path, tmp_path: Path
) -> None:
    run_recipe(recipe(new_corpus, tmp_path / "run", start=first_run))
    code, facts, stderr = compare(first_run, tmp_path / "run", old_corpus, new_corpus)
    assert (code, facts["is_refused"]) == (1, True)
    assert "on idts of" in stderr
    assert "more than 5.0%; train again with --replay" in stderr


def test_a_model_that_replayed_its_corpus_passes_and_has_learned(
    old_corpus: Path, new_corpus: Path, first_run: Path, tmp_path: Path
) -> None:
    results = run_recipe(recipe(new_corpus, tmp_path / "run", start=first_run, replay=old_corpus, replay_share=0.5))
    assert set(results["stages"]["masked"]["scores"]) == {"idts", "replay-idts"}
    code, facts, stderr = compare(first_run, tmp_path / "run", old_corpus, new_corpus)
    assert (code, stderr) == (0, "")
    by_split = {(row["corpus"], row["split"]): row for row in facts["splits"]}  # type: ignore[attr-defined]
    assert by_split["new", "idts"]["bits_per_byte_after"] < by_split["new", "idts"]["bits_per_byte_before"] / 2


def test_the_table_shows_before_and_after(old_corpus: Path, first_run: Path) -> None:
    arguments = ["model", "compare", first_run, first_run, "--corpus", old_corpus, "--max-loss", "0"]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("+0.0%") == 1


@pytest.mark.parametrize(
    ("after", "lost"),
    [((1.04, 0.8), False), ((1.06, 0.8), True), ((1.0, 0.75), True), ((0.5, 0.79), False), ((float("nan"), 0.8), True)],
    ids=["within", "bits", "accuracy", "gain", "nan"],
)
def test_the_worse_of_both_scores_counts(after: tuple[float, float], lost: bool) -> None:
    assert SplitChange("old", "idts", 10, 1.0, after[0], 0.8, after[1]).is_lost(0.05) == lost


def test_what_was_not_known_before_cannot_be_lost() -> None:
    assert not SplitChange("old", "idts", 10, 0.0, 0.01, 1.0, 1.0).is_lost(0.05)
    assert SplitChange("old", "idts", 10, 9.0, 9.0, 0.0, 0.0).loss == 0
    assert not SplitChange("new", "idts", 10, 1.0, 2.0, 0.8, 0.1).is_lost(0.05)


def test_a_corpus_without_test_splits_cannot_tell(old_corpus: Path, first_run: Path, tmp_path: Path) -> None:
    shutil.copytree(old_corpus, tmp_path / "old")
    facts = json.loads((tmp_path / "old" / "corpus.json").read_text())
    facts["splits"] = {"train": facts["splits"]["train"]}
    (tmp_path / "old" / "corpus.json").write_text(json.dumps(facts))
    with pytest.raises(EmptyInputError, match="neither idts nor odts"):
        compare_models(first_run, first_run, old=tmp_path / "old")
    code, printed, said = compare(first_run, first_run, old_corpus, tmp_path / "old")
    assert code == 0
    assert f"{tmp_path / 'old'}: has neither idts nor odts, so what was gained is not measured" in said
    assert {row["corpus"] for row in printed["splits"]} == {"old"}  # type: ignore[attr-defined]


def test_a_split_without_hidden_tokens_is_said_and_the_others_are_compared(
    old_corpus: Path, first_run: Path, tmp_path: Path
) -> None:
    """One event of one word, of which no token comes to be hidden."""
    old = shutil.copytree(old_corpus, tmp_path / "old")
    TokenShard.from_sequences([[2, 300, 3]], [0], ("made",)).save(old / "odts.npz")
    shards = {name: [f"{name}.npz"] for name in ("train", "idts", "odts")}
    vocab_size = load_tokenizer(old / TOKENIZER_JSON).get_vocab_size()
    write_corpus_json(old, shards, vocab_size=vocab_size, about={"sources": []})
    code, facts, said = compare(first_run, first_run, old, old_corpus)
    assert code == 0
    assert said == f"{old}: odts has too few events for any token to be hidden; not compared\n"
    by_split = {row["split"]: row for row in facts["splits"] if row["corpus"] == "old"}  # type: ignore[attr-defined]
    assert [by_split["odts"][key] for key in ("hidden_tokens", "loss", "is_lost")] == [0, None, False]
    assert by_split["idts"]["loss"] == 0
    write_corpus_json(old, {"odts": ["odts.npz"]}, vocab_size=vocab_size, about={"sources": []})
    with pytest.raises(EmptyInputError, match="give a larger --events or another --seed"):
        compare_models(first_run, first_run, old=old)


def test_a_model_of_no_numbers_is_refused_as_such(old_corpus: Path, first_run: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(first_run, tmp_path / "broken")
    weights = load_file(RunFiles(broken).weights)
    save_file({name: weight * float("nan") for name, weight in weights.items()}, RunFiles(broken).weights)
    arguments = ["model", "compare", first_run, broken, "--corpus", old_corpus]
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 1
    assert f"refused: what {broken} predicts on idts of {old_corpus} are no numbers" in done.stderr
    assert "nan" not in done.stdout + done.stderr


def test_replay_has_its_share_of_the_tokens() -> None:
    numbers = np.random.default_rng(0)
    shards = [
        TokenShard.from_sequences([[2] * n for n in numbers.integers(3, most, count)], [0] * count, (name,))
        for name, most, count in (("own", 9, 50), ("old", 30, 200))
    ]
    weights = [numbers.uniform(1, 2, len(shard)) for shard in shards]
    shard, chances = mixed(shards[0], weights[0], shards[1], weights[1], share=0.3)
    tokens = chances * shard.lengths
    assert tokens[shard.source == 1].sum() / tokens.sum() == pytest.approx(0.3)
    assert (shard.source_names, len(shard)) == (("own", "old"), 250)
    np.testing.assert_array_equal(shard[60], shards[1][10])


def test_the_checkpoint_of_another_replay_is_refused(
    old_corpus: Path, new_corpus: Path, first_run: Path, tmp_path: Path
) -> None:
    again = recipe(new_corpus, tmp_path / "run", start=first_run, replay=old_corpus, steps=2)
    run_recipe(again)
    with pytest.raises(TrainingError, match=r"--replay .share. 0.3 there, 0.5 asked"):
        run_recipe(replace(again, replay_share=0.5))
    other = tmp_path / "other"
    run_recipe(recipe(old_corpus, other, layers=1, steps=1))
    with pytest.raises(TrainingError, match=r"--start sha256 \w{8} there"):
        run_recipe(replace(again, start=other))


@pytest.fixture
def model_folder(first_run: Path, tmp_path: Path) -> Path:
    """As `loglm model export` makes it, without the parts that training does not read."""
    files = RunFiles(first_run)

    def fill(folder: Path) -> None:
        shutil.copyfile(files.weights, folder / files.weights.name)
        shutil.copyfile(files.tokenizer, folder / TOKENIZER_JSON)
        (folder / "config.json").write_text(json.dumps({"encoder": load_trained(first_run).model.config.to_json()}))

    return write_model_dir(tmp_path / "model", fill, about={"name": "first"})


def test_a_model_folder_with_weights_is_a_start(new_corpus: Path, model_folder: Path, tmp_path: Path) -> None:
    results = run_recipe(recipe(new_corpus, tmp_path / "run", start=model_folder, steps=1))
    assert results["size"] == "192 x 1"


def test_a_start_is_pooled_otherwise_without_losing_its_weights(
    new_corpus: Path, first_run: Path, tmp_path: Path
) -> None:
    config = load_trained(first_run).model.config
    assert config.pooling == "first-last"
    run_recipe(recipe(new_corpus, tmp_path / "run", start=first_run, pooling="mean", steps=1, learning_rate=1e-12))
    before, after = load_trained(first_run).model, load_trained(tmp_path / "run").model
    assert (after.config.pooling, after.config.vector_width) == ("mean", config.vector_width // 2)
    kept = {name: weight for name, weight in before.state_dict().items() if name.startswith(("backbone", "mlm"))}
    for name, weight in kept.items():
        torch.testing.assert_close(after.state_dict()[name], weight, rtol=0, atol=1e-6)


def test_a_changed_model_folder_is_no_start(new_corpus: Path, model_folder: Path, tmp_path: Path) -> None:
    (model_folder / "model.safetensors").write_bytes(b"other")
    with pytest.raises(ModelError, match="altered since it was written"):
        run_recipe(recipe(new_corpus, tmp_path / "run", start=model_folder))


def test_a_model_folder_without_weights_is_no_start(new_corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no weights \(model\.safetensors\).* give a run folder"):
        run_recipe(recipe(new_corpus, tmp_path / "run", start=write_tiny_model(tmp_path / "tiny")))


def test_an_empty_folder_is_no_start(new_corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="neither a run folder of `loglm pretrain` nor a model folder"):
        run_recipe(recipe(new_corpus, tmp_path / "run", start=tmp_path))


@pytest.fixture(scope="module")
def foreign_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In the tokens of a tokenizer of its own."""
    path = tmp_path_factory.mktemp("tokenizer") / TOKENIZER_JSON
    train_tokenizer(shop_events(50), vocab_size=640).save(str(path))
    return write_corpus(tmp_path_factory.mktemp("foreign"), shop_events(60), path)


def test_other_tokenizers_are_refused(
    foreign_corpus: Path, old_corpus: Path, new_corpus: Path, first_run: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"another tokenizer than the corpus .* build --tokenizer .*tokenizer\.json"):
        run_recipe(recipe(foreign_corpus, tmp_path / "run", start=first_run))
    with pytest.raises(InputError, match="another tokenizer than the corpus to learn from"):
        run_recipe(recipe(new_corpus, tmp_path / "run", start=first_run, replay=foreign_corpus))
    with pytest.raises(InputError, match="another tokenizer than that of 'first'"):
        compare_models(first_run, first_run, old=old_corpus, new=foreign_corpus)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"start": "run", "size": "nano"}, "leave out --size"),
        ({"start": "run", "layers": 2}, "leave out --size"),
        ({"replay": "corpus"}, "say with --start"),
    ],
    ids=["size", "layers", "replay alone"],
)
def test_options_that_contradict_each_other(options: dict[str, object], reason: str) -> None:
    paths = {key: Path(value) if isinstance(value, str) and key != "size" else value for key, value in options.items()}
    with pytest.raises(InputError, match=reason):
        PretrainRecipe(Path("corpus"), Path("out"), steps=5, **paths)  # type: ignore[arg-type]


def test_an_empty_corpus_is_no_replay(new_corpus: Path, first_run: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    shutil.copytree(new_corpus, empty)
    TokenShard.from_sequences([], [], ("none",)).save(empty / "train.npz")
    size = load_tokenizer(empty / TOKENIZER_JSON).get_vocab_size()
    write_corpus_json(empty, {"train": ["train.npz"]}, vocab_size=size, about={"sources": []})
    with pytest.raises(InputError, match="empty: the split 'train' is empty"):
        run_recipe(recipe(new_corpus, tmp_path / "run", start=first_run, replay=empty))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_of_nothing_or_all_is_refused(
    old_corpus: Path, new_corpus: Path, first_run: Path, tmp_path: Path, share: float
) -> None:
    with pytest.raises(InputError, match="must lie between 0 and 1"):
        run_recipe(recipe(new_corpus, tmp_path / "run", start=first_run, replay=old_corpus, replay_share=share))
