"""An ablation in miniature: runs are trained once, judged alike, and a plan's mistakes are named."""

from __future__ import annotations

import csv
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from labelled_logs import write_logs

pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from loglm.cli.main import app
from loglm.corpus.folder import write_corpus_json
from loglm.corpus.shards import TokenShard
from loglm.errors import InputError
from loglm.evaluation.intrinsic import score_models
from loglm.tokenizer.bpe import train_tokenizer
from loglm.training import ablation
from loglm.training.ablation import train_runs
from loglm.training.ablation_hidden import HiddenSets
from loglm.training.ablation_plan import read_plan
from loglm.training.hidden_tokens import encoder_scorer
from loglm.training.recipe import PretrainRecipe, run_recipe
from loglm.training.run_models import load_trained
from training.conftest import rendered_events, write_corpus

REFERENCE = """
[reference]
layers = 1
batch_tokens = 256
"""

_TRAINED, _HELD_OUT = slice(-20), slice(-20, None)


@pytest.fixture
def plan(corpus_folder: Path, tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(
        f'steps = 3\nseeds = 2\n[corpora]\nlogs = "{corpus_folder}"\n{REFERENCE}\n[choices.plain]\nmasking = "plain"\n'
    )
    return path


def test_choices_are_trained_once_and_judged_beside_the_reference(plan: Path, tmp_path: Path) -> None:
    out, data = tmp_path / "out", tmp_path / "data"
    data.mkdir()
    command = ["evaluate", "ablation", str(plan), "--out", str(out), "--data", str(write_logs(data)), "--threads", "1"]
    first = CliRunner().invoke(app, command)
    assert first.exit_code == 0, first.stderr
    assert {folder.name for folder in out.iterdir() if folder.is_dir()} == {
        "reference-0",
        "plain-0",
        "reference-1",
        "plain-1",
    }
    assert first.stdout == (out / "table.md").read_text()
    with (out / "table.csv").open() as file:
        rows = {(row["choice"], row["metric"]): row for row in csv.DictReader(file)}
    metrics = {metric for _, metric in rows}
    assert {"idts bits per byte", "odts bits per byte", "template search MRR", "HDFS blocks PR-AUC"} <= metrics
    assert not any("sources of all corpora" in metric for metric in metrics)  # there is one corpus
    assert float(rows["reference", "odts bits per byte"]["gain"]) == 0
    low, mean, high = (float(rows["plain", "odts bits per byte"][name]) for name in ("low", "mean", "high"))
    assert low < mean < high
    (row,) = (line for line in first.stdout.splitlines() if line.startswith("| odts bits per byte"))
    assert row.endswith(f"{mean:.3f}; {float(rows['plain', 'odts bits per byte']['gain']):+.3f} {_gain(rows)} |")
    weights = {path: path.stat().st_mtime_ns for path in out.glob("*/model.safetensors")}
    second = CliRunner().invoke(app, command)
    assert second.stdout == first.stdout
    assert "training" not in second.stderr
    for name in ("ablation.json", "judged.json"):  # as an earlier version left them, killed while it wrote
        (out / "plain-0" / name).write_text('{"of": ')
    third = CliRunner().invoke(app, command)
    assert third.stdout == first.stdout
    assert weights == {path: path.stat().st_mtime_ns for path in out.glob("*/model.safetensors")}


def test_corpora_of_different_sources_are_judged_on_those_of_all_too(plan: Path, tmp_path: Path) -> None:
    texts = {
        "auth": [*dict.fromkeys(rendered_events(200))],
        "rules": [f"sigma/rule\nrule number {n} names a tool" for n in range(50)],
    }
    tokenizer = train_tokenizer([text for source in texts.values() for text in source], vocab_size=640)
    for name, sources in (("both", texts), ("logs", {"auth"}), ("unused", {"rules"})):
        trained, held_out = ({source: texts[source][part] for source in sources} for part in (_TRAINED, _HELD_OUT))
        write_corpus(tmp_path / name, {"train": trained, "idts": held_out}, tokenizer)
    corpora = 'both = "both"\nlogs-only = "logs"\nrules-only = "unused"'
    plan.write_text(
        f'steps = 2\n[corpora]\n{corpora}\n{REFERENCE}[choices.logs-only]\ncorpus = "logs-only"\n'
        '[choices.plain]\nmasking = "plain"\n'
    )
    out = tmp_path / "out"
    figures = idts_figures(plan, out)
    read, model = read_plan(plan), load_trained(out / "logs-only-0").model
    hidden = HiddenSets.of_plan(read)
    scores = score_models(hidden.sets, {"": encoder_scorer(model)}, token_bytes=hidden.token_bytes)
    by_source = {score.source: score.bits_per_byte.mean for score in scores if score.data == "idts"}
    assert by_source.keys() == {"all", "auth", "rules"}
    assert {choice for choice, _ in figures} == {"reference", "logs-only", "plain"}
    assert figures["logs-only", "idts bits per byte"] == pytest.approx(by_source["all"])
    assert figures["logs-only", "idts bits per byte, sources of all corpora"] == pytest.approx(by_source["auth"])
    weights = {path: path.stat().st_mtime_ns for path in out.glob("*/*.*") if path.name != "judged.json"}
    for path in out.glob("*/judged.json"):  # as an earlier version left them
        kept = json.loads(path.read_text())
        del kept["of"]["shared_sources"], kept["values"]["idts bits per byte, sources of all corpora"]
        path.write_text(json.dumps(kept))
    assert idts_figures(plan, out) == figures
    assert weights == {path: path.stat().st_mtime_ns for path in out.glob("*/*.*") if path.name != "judged.json"}
    plan.write_text(plan.read_text().replace('corpus = "logs-only"', "mask_share = 0.2"))
    assert HiddenSets.of_plan(read_plan(plan)).shared == ()


def idts_figures(plan: Path, out: Path) -> dict[tuple[str, str], float]:
    """By choice and name, as the command prints them."""
    done = CliRunner().invoke(app, ["evaluate", "ablation", str(plan), "--out", str(out), "--threads", "1", "--json"])
    assert done.exit_code == 0, done.stderr
    rows = json.loads(done.stdout)
    return {(row["choice"], row["metric"]): row["value"]["mean"] for row in rows if row["metric"].startswith("idts")}


def test_gains_are_of_equal_seeds_in_whatever_order_runs_end() -> None:
    found = {"reference": {0: {"loss": 1.0}, 1: {"loss": 2.0}, 2: {"loss": 3.0}}}
    found["choice"] = {2: {"loss": 3.1}, 0: {"loss": 1.1}, 1: {"loss": 2.1}}
    gain = ablation._figure(found, "choice", "loss", 3).gain
    assert (gain.low, gain.mean, gain.high) == pytest.approx((0.1, 0.1, 0.1))


def test_a_choice_may_have_fewer_seeds(plan: Path, tmp_path: Path) -> None:
    plan.write_text(plan.read_text() + "seeds = 1\n")
    assert _unfinished(plan, tmp_path / "out") == ["reference-0", "plain-0", "reference-1"]
    found = {"reference": {0: {"loss": 1.0}, 1: {"loss": 2.0}}, "plain": {0: {"loss": 1.5}}}
    figure = ablation._figure(found, "plain", "loss", 2)
    assert (figure.value.mean, figure.gain.mean) == (1.5, 0.5)
    assert math.isnan(figure.gain.low)


def _gain(rows: dict[tuple[str, str], dict[str, str]]) -> str:
    low, high = (float(rows["plain", "odts bits per byte"][f"gain_{end}"]) for end in ("low", "high"))
    return f"({low:+.3f} to {high:+.3f})"


def test_runs_go_on_from_given_weights_and_are_judged_beside_them(
    recipe: PretrainRecipe, plan: Path, corpus_folder: Path, tmp_path: Path
) -> None:
    run_recipe(replace(recipe, run_dir=tmp_path / "first", contrastive_share=0))
    pairs = [{"first": f"sshd login {i}", "second": f"what login {i} means"} for i in range(30)]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    plan.write_text(
        f'steps = 2\nseeds = 2\n[corpora]\nlogs = "{corpus_folder}"\n[reference]\nstart = "first"\nbatch_tokens = 256\n'
        '[choices.pairs]\ncontrastive_share = 1.0\npositives = "pairs"\npairs = "pairs.jsonl"\npair_share = 0.3\n'
    )
    out = tmp_path / "out"
    result = CliRunner().invoke(app, ["evaluate", "ablation", str(plan), "--out", str(out), "--threads", "1", "--json"])
    assert result.exit_code == 0, result.stderr
    figures = {(row["choice"], row["metric"]): row for row in json.loads(result.stdout)}
    start, reference, pairs_row = (figures[name, "odts bits per byte"] for name in ("start", "reference", "pairs"))
    assert start["value"]["low"] is None  # one model, no interval
    assert start["gain"]["mean"] == pytest.approx(start["value"]["mean"] - reference["value"]["mean"])
    assert len({start["value"]["mean"], reference["value"]["mean"], pairs_row["value"]["mean"]}) == 3
    assert list(json.loads((out / "pairs-0" / "results.json").read_text())["stages"]) == ["contrastive"]
    assert json.loads((out / "pairs-0" / "run.json").read_text())["pairs"]["share"] == 0.3
    assert _unfinished(plan, out) == []
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs[1:]))
    assert _unfinished(plan, out) == ["pairs-0", "pairs-1"]
    run_recipe(replace(recipe, run_dir=tmp_path / "other", contrastive_share=0, seed=1))
    (tmp_path / "other" / "model.safetensors").replace(tmp_path / "first" / "model.safetensors")
    assert _unfinished(plan, out) == ["reference-0", "pairs-0", "reference-1", "pairs-1"]


def _unfinished(plan: Path, out: Path) -> list[str]:
    """Runs that would be trained."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ablation, "_train", lambda run: run.recipe.run_dir.name)
        said: list[str] = []
        train_runs(read_plan(plan), out, say=said.append)
    return [line.removeprefix("trained ") for line in said if line.startswith("trained ")]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ('positives = "pairs"\ncontrastive_share = 0.5', "odd: --positives pairs needs --pairs FILE"),
        ('start = "first"\n', "odd: --start goes on with the encoder that is there"),
        ("contrastive_share = 1.5", "odd: contrastive share 1.5 must lie between 0 and 1"),
    ],
    ids=["pairs", "start", "share"],
)
def test_options_that_contradict_each_other_are_named_before_the_first_run(
    plan: Path, options: str, reason: str
) -> None:
    plan.write_text(f"{plan.read_text()}\n[choices.odd]\n{options}\n")
    with pytest.raises(InputError, match=reason):
        read_plan(plan)


@pytest.mark.parametrize("name", ["reference", "start"])
def test_names_with_a_meaning_are_no_choices(plan: Path, name: str) -> None:
    plan.write_text(plan.read_text().replace("choices.plain", f"choices.{name}"))
    with pytest.raises(InputError, match=f"choice '{name}' has a name with a meaning"):
        read_plan(plan)


@pytest.mark.parametrize("name", ["ablation.toml", "stage_two.toml"])
def test_plans_of_the_recipes_can_be_carried_out(name: str) -> None:
    read = read_plan(Path(__file__).resolve().parents[2] / "recipes" / name)
    assert {"views", "pairs"} <= read.choices.keys()
    assert (read.start is None) == (name == "ablation.toml")


def test_recipes_try_each_choice_of_the_objective() -> None:
    """Shares hidden, what is hidden, what is drawn together, how vectors are pooled, what is learned from."""
    folder = Path(__file__).resolve().parents[2] / "recipes"
    choices = [o for name in ("ablation.toml", "stage_two.toml") for o in read_plan(folder / name).choices.values()]
    assert {option["mask_share"] for option in choices if "mask_share" in option} >= {0.15, 0.3}
    assert {option["pooling"] for option in choices if "pooling" in option} == {"mean", "cls"}
    assert {Path(option["pairs"]).stem for option in choices if "pairs" in option} == {"pairs", "exact-view", "entity"}
    assert {option.get("positives") for option in choices} == {None, "template", "pairs"}


def test_a_plan_says_what_differs(plan: Path, corpus_folder: Path) -> None:
    read = read_plan(plan)
    assert (read.steps, read.seeds, read.corpora) == (3, 2, {"logs": corpus_folder})
    assert read.choices == {
        "reference": {"layers": 1, "batch_tokens": 256},
        "plain": {"layers": 1, "batch_tokens": 256, "masking": "plain"},
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("steps = 3", "steps = 0"), "whole numbers above 0"),
        (("seeds", "seed"), "unknown key 'seed'"),
        (("[corpora]", "[corpora"), "no plan can be read"),
        (("[corpora]", "[choices]"), "no corpus"),
        (("[choices.plain]", "[choices]"), "choice 'masking' is no table"),
        (('masking = "plain"', 'masking = "palin"'), "masking is 'palin'; expected one of content-only, plain"),
        (('masking = "plain"', "mask_share = true"), "expected a float"),
        (('masking = "plain"', "dropout = 1"), "unknown option 'dropout'"),
        (('masking = "plain"', 'corpus = "other"'), "expected one of logs"),
        (('masking = "plain"', "whitening = 1"), "expected a bool"),
        (("choices.plain", "choices.'../up'"), "names a folder"),
        (('masking = "plain"', "seeds = 3"), "plain: seeds is 3; expected 1 to 2"),
        (('masking = "plain"', "mask_share = 0.3"), "plain: the same run as reference"),
    ],
    ids=[
        "steps",
        "key",
        "toml",
        "no-corpus",
        "no-table",
        "word",
        "number",
        "option",
        "corpus",
        "switch",
        "name",
        "seeds",
        "default",
    ],
)
def test_mistakes_in_a_plan_are_named(plan: Path, change: tuple[str, str], reason: str) -> None:
    plan.write_text(plan.read_text().replace(*change))
    with pytest.raises(InputError, match=reason.replace("(", "\\(")):
        read_plan(plan)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "steps = 3\n[corpora]\nlogs = 'c'\n[[choices]]\n",
            r"choices is \[{}\]; expected a table: write \[choices.plain",
        ),
        ("steps = 3\ncorpora = ['x']\n", r"corpora is \['x'\]; expected a table: write \[corpora\]"),
        ("steps = 3\nreference = 'nano'\n[corpora]\nlogs = 'c'\n", "reference is 'nano'; expected a table"),
        ("steps = 3\nchoices = 'x'\n[corpora]\nlogs = 'c'\n", "choices is 'x'; expected a table"),
        ("steps = 3\ncorpora = 'corpus'\n", "corpora is 'corpus'; expected a table"),
        ("steps = 3\n[corpora]\nlogs = ['c']\n", r"corpora: logs is \['c'\]; expected the path of a corpus"),
        ("steps = 3\n[corpora]\nlogs = 'c'\n[choices]\nplain = 3\n", "choice 'plain' is no table"),
        ("steps = true\n[corpora]\nlogs = 'c'\n", "whole numbers above 0, got True"),
        ("steps = 3\nseeds = true\n[corpora]\nlogs = 'c'\n", "whole numbers above 0, got 3 and True"),
        ("step = 3\n[corpora]\nlogs = 'c'\n", "unknown key 'step'. Did you mean 'steps'"),
        (
            "steps = 3\n[corpora]\nlogs = 'c'\n[choices.a]\nmaskng = 'plain'\n",
            "a: unknown option 'maskng'. Did you mean 'masking'",
        ),
    ],
)
def test_other_shapes_and_slips_in_a_plan_are_one_line(tmp_path: Path, text: str, reason: str) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(text)
    done = CliRunner().invoke(app, ["evaluate", "ablation", str(plan), "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert re.search(reason, done.stderr), done.stderr
    assert done.stderr.startswith(f"loglm: {plan}: ")
    assert done.stderr.count("\n") == 1


def test_corpora_of_different_tokenizers_are_refused(plan: Path, corpus_folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    train_tokenizer(["other words"], vocab_size=640).save(str(other / "tokenizer.json"))
    TokenShard.from_sequences([[2, 6, 3]], [0], ("made",)).save(other / "train.npz")
    write_corpus_json(other, {"train": ["train.npz"]}, vocab_size=640, about={})
    plan.write_text(plan.read_text().replace("[corpora]", f'[corpora]\nother = "{other}"'))
    result = CliRunner().invoke(app, ["evaluate", "ablation", str(plan), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "different tokenizers" in result.stderr
    assert not (tmp_path / "out").exists()
