"""A context encoder is trained from folders of logs, exported, and says the same in ONNX Runtime as in torch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from loglm.anomaly.detector import find_anomalies
from loglm.anomaly.table import EventTable
from loglm.artifacts.config import ContextConfig
from loglm.artifacts.folder import open_model_dir
from loglm.artifacts.kinds import CONTEXT_ENCODER
from loglm.context.encoder import BEGINNING, ContextEncoder, Reading
from loglm.context.environment import Environment
from loglm.context.experts import EXPERTS
from loglm.context.scorer import ContextScorer
from loglm.context.state import load_scorer, save_scorer
from loglm.context.steps import Step, gap_level
from loglm.errors import EmptyInputError, InputError, ModelError
from loglm.models.context import ContextModel, ContextStep
from loglm.training.context import streams as streams_module
from loglm.training.context.folder import ContextData, _checked, export_context, make_context_model
from loglm.training.context.pretrain import ContextRecipe, _surprisals, pretrain_context, score_streams
from loglm.training.context.streams import ScoredEntity, Stream
from machine_logs import write_day

RECIPE = ContextRecipe(width=8, window=16, batch=4, steps=20, validate_every=10)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five environments, one folder each."""
    folder = tmp_path_factory.mktemp("logs")
    for number in range(5):
        (folder / f"e{number}").mkdir()
        write_day(folder / f"e{number}" / "messages", day=1 + number, host=f"h{number}")
    return folder


@pytest.fixture(scope="module")
def model(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("model") / "context"
    make_context_model(ContextData([logs], most_events=300), target, RECIPE, name="tiny")
    return target


def streams(*, seed: int, length: int = 200) -> list[Stream]:
    """Two experts that are right in turn, which the gap before tells."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(4):
        turn = rng.integers(0, 2, length)
        readings = np.zeros((length, 4), np.int64)
        readings[:-1, 0] = 5 + 10 * turn[1:]
        given = np.full((length, len(EXPERTS)), 0.01, np.float32)
        given[np.arange(length), turn] = 0.9
        found.append(Stream(f"e{number}", readings, given, np.full(length, 0.5, np.float32)))
    return found


def test_it_learns_whom_to_believe() -> None:
    recipe = ContextRecipe(width=16, window=32, batch=16, steps=100, learning_rate=1e-2, validate_every=50)
    model, fixed = pretrain_context(streams(seed=0), streams(seed=1), recipe, lambda _: None)
    scores = score_streams(model, streams(seed=2), fixed)
    assert scores.fixed > 0.9
    assert scores.encoder < 0.6


def test_the_step_is_the_recurrence_of_torch() -> None:
    torch.manual_seed(0)
    model = ContextModel(ContextConfig(width=8, experts=len(EXPERTS))).eval()
    events, given = torch.randint(0, 16, (1, 12, 4)), torch.rand(1, 12, len(EXPERTS)).clamp_min(0.01)
    whole = model(events, given)[0][0]
    step, hidden = ContextStep(model).eval(), torch.zeros(1, 8)
    for place in range(12):
        hidden, weights, _ = step(hidden, events[:, place], given[:, place])
        torch.testing.assert_close(weights[0], whole[place], rtol=1e-4, atol=1e-5)


def test_a_model_folder_says_what_it_rests_on(model: Path) -> None:
    _, manifest = open_model_dir(model, kinds=(CONTEXT_ENCODER,))
    assert manifest["environments"] == 4
    assert manifest["held_out_environments"] == 1
    assert manifest["largest_difference"] < 1e-3
    card = (model / "README.md").read_text()
    assert "Markov model" in card
    assert manifest["held_out_note"] in card
    assert "stop, so that the encoder's figures are the best of 2 looks" in card
    encoder = ContextEncoder.load(model)
    outlook = encoder.advance(encoder.start(), *encoder.beginning())
    assert outlook.hidden.shape == (8,)
    assert outlook.weights.sum() == pytest.approx(1)


def test_the_encoder_changes_scores_and_a_restart_does_not(model: Path, tmp_path: Path) -> None:
    encoder = ContextEncoder.load(model)
    environment = Environment(4)
    environment.learn([[(Step(n % 3, n % 3, 0, 10.0 * n, n), gap_level(10.0)) for n in range(60)]])
    events = [(("host", "a"), Step(n % 4, n % 4, 0, 10.0 * n, n)) for n in range(40)]
    whole, plain, first = (ContextScorer(environment, e) for e in (encoder, None, encoder))
    expected = [s.surprise for event in events for s in whole.add(*event)]
    assert expected != [s.surprise for event in events for s in plain.add(*event)]
    before = [s.surprise for event in events[:17] for s in first.add(*event)]
    folder = save_scorer(first, tmp_path / "state", about={})
    second = load_scorer(folder, encoder)
    assert before + [s.surprise for event in events[17:] for s in second.add(*event)] == expected
    with pytest.raises(ModelError, match="another context encoder"):
        load_scorer(folder, None)


def test_anomalies_are_found_with_an_encoder(model: Path, tmp_path: Path) -> None:
    usual = write_day(tmp_path / "u.log", day=1)
    odd = write_day(tmp_path / "d.log", day=2, extra={700: "insmod[66]: loading out-of-tree module taints kernel"})
    found = find_anomalies([odd], baseline=[usual], encoder=ContextEncoder.load(model))
    assert [report.entity for report in found.reports] == [("host", "web1")]


def test_readings_are_bounded_by_the_model() -> None:
    assert len(Reading._fields) == 4
    assert gap_level(1e12) < ContextConfig(width=2, experts=1).levels


def test_another_process_is_refused_while_the_first_one_trains(logs: Path, tmp_path: Path) -> None:
    pytest.importorskip("fcntl", reason="needs POSIX locks")
    data, refused = ContextData([logs], most_events=200), []

    def say(line: str) -> None:
        with pytest.raises(InputError, match="another process is writing this context encoder; wait for its end"):
            make_context_model(data, tmp_path / "m", RECIPE, name="x", overwrite=True)
        refused.append(line)

    make_context_model(data, tmp_path / "m", RECIPE, name="x", say=say)
    assert refused
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_too_few_environments_are_refused(logs: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2 folders with logs"):
        make_context_model(ContextData([logs / "e0", logs / "e1"], most_events=200), tmp_path / "m", RECIPE, name="x")
    for name in "abcd":
        (tmp_path / "empty" / name).mkdir(parents=True)
        (tmp_path / "empty" / name / "a.log").write_text("one line\n")
    with pytest.raises(EmptyInputError):
        make_context_model(ContextData([tmp_path / "empty"]), tmp_path / "m", RECIPE, name="x")


def test_another_number_of_experts_is_refused(model: Path, tmp_path: Path) -> None:
    for name in ("context.onnx", "config.json"):
        (tmp_path / name).write_bytes((model / name).read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    config["context"]["experts"] += 1
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="experts"):
        ContextEncoder.load(tmp_path)


def drawn_shares(logs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    entities_of = streams_module._entities

    def noting(name: str, table: EventTable, codes: int, share: float) -> Iterator[ScoredEntity]:
        found[Path(name).name] = share
        return entities_of(name, table, codes, share)

    monkeypatch.setattr(streams_module, "_entities", noting)
    make_context_model(ContextData([logs], most_events=200), tmp_path / "m", RECIPE, name="x")
    return found


def test_each_environment_has_a_share_of_its_own(logs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shares = drawn_shares(logs, monkeypatch, tmp_path)
    assert len(set(shares.values())) == 5
    assert max(shares.values()) - min(shares.values()) > 0.1
    assert all(0.3 <= share <= 0.7 for share in shares.values())


def test_what_is_held_out_is_not_learned_from_however_it_is_written(logs: Path, tmp_path: Path) -> None:
    written_otherwise = logs / ".." / logs.name / "e3"
    facts = make_context_model(
        ContextData([logs], [written_otherwise], most_events=200), tmp_path / "m", RECIPE, name="x"
    )
    assert facts["environments"] == 4
    assert facts["held_out_environments"] == 1


def test_training_reads_what_the_scorer_feeds() -> None:
    """The surprisals of a stream by torch are those of an encoder that starts as in service."""
    torch.manual_seed(0)
    model = ContextModel(ContextConfig(width=8, experts=len(EXPERTS))).eval()
    (stream, *_) = streams(seed=3, length=12)
    step, hidden = ContextStep(model).eval(), torch.zeros(1, 8)
    reading, given = BEGINNING, np.ones(len(EXPERTS), np.float32)
    expected = []
    for place in range(12):
        hidden, weights, _ = step(hidden, torch.tensor([reading]), torch.from_numpy(given)[None])
        chance = torch.softmax(weights[0], -1).detach().numpy() @ stream.given[place]
        expected.append(-np.log2(chance))
        reading, given = Reading(*stream.readings[place].tolist()), stream.given[place]
    with torch.inference_mode():
        found = _surprisals(model, stream, np.full(len(EXPERTS), 1 / len(EXPERTS)))[:, 0]
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("mode", [True, False])
def test_scoring_leaves_the_model_as_it_is(mode: bool) -> None:
    model = ContextModel(ContextConfig(width=8, experts=len(EXPERTS))).train(mode)
    score_streams(model, streams(seed=0, length=5), np.full(len(EXPERTS), 1 / len(EXPERTS)))
    assert model.training is mode


def test_an_export_whose_gaps_differ_is_refused(tmp_path: Path) -> None:
    config = ContextConfig(width=8, experts=len(EXPERTS))
    model = ContextModel(config).eval()
    export_context(model, tmp_path / "context.onnx")
    stream = streams(seed=0, length=8)[0]
    assert _checked(model, tmp_path / "context.onnx", stream) < 1e-3
    with torch.no_grad():
        model.gaps.bias[0] += 1.0
    with pytest.raises(ModelError, match="differs"):
        _checked(model, tmp_path / "context.onnx", stream)
