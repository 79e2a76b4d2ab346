"""From logs to a model folder with a context encoder: streams, training, ONNX, a check that both say the same."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from loglm import __version__
from loglm.artifacts.folder import model_target
from loglm.artifacts.kinds import CONTEXT_ENCODER
from loglm.context.codebook import TemplateCodebook
from loglm.context.encoder import CONTEXT_ONNX, LEAST_PROBABILITY
from loglm.errors import EmptyInputError, InputError, ModelError
from loglm.models.context import ContextModel, ContextStep
from loglm.plurals import plural
from loglm.training.context.pretrain import ContextRecipe, ContextScores, pretrain_context, score_streams
from loglm.training.context.streams import Stream, environments_of, read_streams
from loglm.training.export import quiet_export, strip_traces

__all__ = ["ContextData", "make_context_model"]

_LARGEST_DIFFERENCE = 1e-3
_FEWEST_ENVIRONMENTS = 4


@dataclass(frozen=True, slots=True)
class ContextData:
    """Which logs are learned from."""

    paths: Sequence[Path]
    held_out: Sequence[Path] = ()
    """Logs of other environments, to stop by and to score, which flatters the score; for none every fifth one."""
    most_events: int = 4_000
    """Read of each file at most."""
    licence: str = "as the logs that it learned from"
    """Of the weights."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Names of what is learned from, each with its origin and licence, for manifest and card."""


def make_context_model(
    data: ContextData,
    target: Path,
    recipe: ContextRecipe,
    *,
    name: str,
    overwrite: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Train a context encoder and write its model folder, whole or not at all.

    Files of one folder are taken for one environment; its earlier part is its baseline, the rest is learned from.

    Returns:
        The manifest's facts.

    Raises:
        InputError: The target exists, or there are too few environments.
        EmptyInputError: A path holds no usable log.
        ModelError: The exported encoder differs from the trained one.
    """
    started = time.monotonic()
    with model_target(target, kind=CONTEXT_ENCODER, overwrite=overwrite) as write:
        train, held_out, skipped = _streams(data, recipe, say)
        model, fixed = pretrain_context(train, held_out, recipe, say)
        scores = score_streams(model, held_out, fixed)
        about: dict[str, Any] = {
            "name": name,
            "version": "1",
            "kind": CONTEXT_ENCODER,
            "loglm_version": __version__,
            "licence": data.licence,
            "sources": dict(data.sources),
            "created": time.strftime("%Y-%m-%d", time.gmtime()),
            "recipe": asdict(recipe),
            "environments": len({stream.environment for stream in train}),
            "events": int(sum(len(stream.readings) for stream in train)),
            "environments_too_small": skipped["too small"],
            "held_out": {key: round(value, 4) for key, value in asdict(scores).items()},
            "held_out_environments": len({stream.environment for stream in held_out}),
            "held_out_note": _note(recipe),
            "fixed_weights": [round(float(weight), 4) for weight in fixed],
            "seconds": round(time.monotonic() - started, 1),
        }

        def fill(folder: Path) -> None:
            export_context(model, folder / CONTEXT_ONNX)
            about["largest_difference"] = _checked(model, folder / CONTEXT_ONNX, held_out[0])
            (folder / "config.json").write_text(json.dumps({"context": model.config.to_json()}, indent=1) + "\n")
            (folder / "README.md").write_text(_card(about, scores), encoding="utf-8")

        write(fill, about)
    return about


def _streams(
    data: ContextData, recipe: ContextRecipe, say: Callable[[str], None]
) -> tuple[list[Stream], list[Stream], Counter[str]]:
    skipped: Counter[str] = Counter()

    def read(environments: Iterable[tuple[str, Sequence[str]]], what: str) -> list[Stream]:
        streams: list[Stream] = []
        for number, environment in enumerate(environments, 1):
            streams += read_streams(
                [environment], TemplateCodebook(), most_events=data.most_events, seed=recipe.seed, skipped=skipped
            )
            if number % 20 == 0:
                say(f"{number} environments {what} read, {sum(len(one.readings) for one in streams):,} events")
        return streams

    found = sorted(environments_of(data.paths).items())
    apart = sorted(environments_of(data.held_out).items()) if data.held_out else found[::5]
    names = {environment for environment, _ in apart}
    if len(names | {environment for environment, _ in found}) < _FEWEST_ENVIRONMENTS:
        raise InputError(
            f"{plural(len(found), 'folder')} with logs, each taken for an environment; expected {_FEWEST_ENVIRONMENTS} "
            "or more, of 60 events or more each"
        )
    train = read([one for one in found if one[0] not in names], "to learn from")
    held_out = read(apart, "held out")
    number = len({stream.environment for stream in train}) + len({stream.environment for stream in held_out})
    if not train or not held_out:
        raise EmptyInputError(
            "no events of entities to learn from; expected folders of logs, one an environment, of 60 events or more"
        )
    if number < _FEWEST_ENVIRONMENTS:
        raise InputError(
            f"only {plural(number, 'environment')} with enough events; expected {_FEWEST_ENVIRONMENTS} or more"
        )
    return train, held_out, skipped


def export_context(model: ContextModel, target: Path) -> None:
    """Write one step of the encoder: ``hidden`` (1, D), ``event`` (1, 4), ``given`` (1, experts) to ``next_hidden``,
    ``weights``, ``gaps``."""
    step = ContextStep(model).eval()
    config = model.config
    sample = (
        torch.zeros(1, config.width),
        torch.zeros(1, 4, dtype=torch.int64),
        torch.full((1, config.experts), 0.5),
    )
    with torch.inference_mode(), quiet_export():
        program = torch.onnx.export(
            step,
            sample,
            dynamo=True,
            input_names=["hidden", "event", "given"],
            output_names=["next_hidden", "weights", "gaps"],
            verbose=False,
        )
        if program is None:
            raise ModelError("ONNX export returned nothing")
        program.save(str(target))
    strip_traces(target)


def _checked(model: ContextModel, onnx_file: Path, stream: Stream) -> float:
    """Largest difference of a logit, of a weight or a gap's level, between torch on a whole stream and ONNX Runtime
    event by event."""
    from onnxruntime import InferenceSession

    session = InferenceSession(str(onnx_file), providers=["CPUExecutionProvider"])
    readings = stream.readings[:64]
    given = np.maximum(stream.given[:64], np.float32(LEAST_PROBABILITY))
    with torch.inference_mode():
        expected = model(torch.from_numpy(readings)[None], torch.from_numpy(given)[None])
    hidden, worst = np.zeros((1, model.config.width), np.float32), 0.0
    for place in range(len(readings)):
        inputs = {"hidden": hidden, "event": readings[place][None], "given": given[place][None]}
        hidden, *found = session.run(["next_hidden", "weights", "gaps"], inputs)
        for logits, of_torch in zip(found, expected, strict=True):
            worst = max(worst, float(np.abs(logits[0] - of_torch[0, place].numpy()).max()))
    if not worst <= _LARGEST_DIFFERENCE:
        raise ModelError(f"the exported context encoder differs from the trained one by {worst:.4f}; export it again")
    return round(worst, 6)


def _note(recipe: ContextRecipe) -> str:
    looks = plural(math.ceil(recipe.steps / recipe.validate_every), "look")
    return f"they also said when to stop, so that the encoder's figures are the best of {looks} and a little too good"


def _card(about: dict[str, Any], scores: ContextScores) -> str:
    rows = ((name, text.rpartition(": ")) for name, text in about["sources"].items())
    sources = [f"| `{name}` | {origin} | {licence} |" for name, (origin, _, licence) in rows]
    return "\n".join(
        [
            f"# {about['name']}",
            "",
            f"A LogLM context encoder: a recurrent network of width {about['recipe']['width']} that reads the events "
            "of one entity and says which expectation of the next one to believe. It holds no text of any event.",
            "",
            f"Learned from {plural(about['events'], 'event')} of {plural(about['environments'], 'environment')}; on "
            f"{plural(about['held_out_environments'], 'other')} (mean bits per event, lower is better; "
            f"{about['held_out_note']}):",
            "",
            "| next kind of event | bits |",
            "|---|---|",
            f"| Markov model of up to three events, of the baseline | {scores.sequence:.2f} |",
            f"| all expectations with fixed weights | {scores.fixed:.2f} |",
            f"| with the encoder's weights | {scores.encoder:.2f} |",
            "",
            f"Licence: {about['licence']}.",
            "",
            *(["| source | origin | licence |", "|---|---|---|", *sources, ""] if sources else []),
        ]
    )
