"""What is remembered of all entities, in a folder with checksums: saved, loaded, and joined from several machines."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from loglm.artifacts.folder import open_model_dir, write_model_dir
from loglm.context.encoder import ContextEncoder, Reading
from loglm.context.environment import Environment
from loglm.context.ordering import EntityOrder
from loglm.context.ring import EntityRing
from loglm.context.scorer import ContextScorer, Entity, EntityContext, Scored, ScorerOptions, Weights
from loglm.context.spill import entities_saved
from loglm.context.steps import Step
from loglm.errors import DamagedFolderError, ModelError

__all__ = [
    "StoredScorer",
    "load_scorer",
    "merge_entities",
    "read_scorer",
    "save_scorer",
    "stored_scorer",
    "write_scorer",
]

_ARRAYS: Final = "state.npz"
_FACTS: Final = "state.json"
_SPILLED: Final = "entities.sqlite"
"""Those that were not in memory; not there where all were."""
_RING: Final = tuple(EntityRing().arrays())


def save_scorer(scorer: ContextScorer, folder: Path | str, *, about: Mapping[str, Any], overwrite: bool = True) -> Path:
    """Write all that a scorer knows: the environment, weights, options, counts, and each entity's recent events.

    Args:
        scorer: Events that it holds back are saved too.
        folder: Written whole or not at all, with a sha256 of each file; never pickle.
        about: Further facts for the manifest.
        overwrite: Replace a folder that is there.

    Raises:
        InputError: It cannot be written.
    """

    def fill(target: Path) -> None:
        write_scorer(scorer, target)

    return write_model_dir(Path(folder), fill, about={"kind": "context state", **about}, overwrite=overwrite)


def write_scorer(scorer: ContextScorer, folder: Path) -> None:
    """Write the files of `save_scorer` into a folder that the caller makes whole."""
    entities, encoder = scorer.entities, scorer.encoder
    arrays = {f"environment/{name}": array for name, array in scorer.environment.arrays().items()}
    arrays |= _entity_arrays(list(entities.near.values()), 0 if encoder is None else encoder.config.width)
    facts = {
        "weights": asdict(scorer.weights),
        "options": {**asdict(scorer.options), "explain_from": _finite(scorer.options.explain_from)},
        "encoder": None if encoder is None else encoder.identity,
        "counts": dict(scorer.counts),
        "entities": [[kind, value, *_order_facts(context)] for (kind, value), context in entities.near.items()],
    }
    entities.save_spilled(folder / _SPILLED)
    np.savez_compressed(folder / _ARRAYS, **arrays)  # type: ignore[arg-type]
    (folder / _FACTS).write_text(json.dumps(facts), encoding="utf-8")


def load_scorer(folder: Path | str, encoder: ContextEncoder | None) -> ContextScorer:
    """A scorer that goes on where the saved one stood.

    Args:
        folder: Written by `save_scorer`.
        encoder: The same encoder, or None where none was used.

    Raises:
        ModelError: The folder is missing, altered, or was saved with another encoder.
    """
    folder, _ = open_model_dir(folder, kinds=None)
    return read_scorer(folder, encoder)


def read_scorer(folder: Path, encoder: ContextEncoder | None) -> ContextScorer:
    """`load_scorer` of a folder that was checked."""
    try:
        with np.load(folder / _ARRAYS, allow_pickle=False) as found:
            arrays = dict(found)
        facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
        if facts["encoder"] != (None if encoder is None else encoder.identity):
            given = "none" if encoder is None else "another"
            kept = "without a context encoder" if facts["encoder"] is None else "with another context encoder"
            raise ModelError(
                f"{folder}: saved {kept}, {given} is given; give the one that it was saved with, or none if it was none"
            )
        scorer = _restored(arrays, facts, encoder)
        if (folder / _SPILLED).is_file():
            scorer.entities.load_spilled(folder / _SPILLED)
        return scorer
    except (OSError, KeyError, TypeError, ValueError, IndexError, EOFError, zipfile.BadZipFile) as error:
        problem = f"does not hold a state of contexts ({type(error).__name__}: {error})"
        message = f"{folder}: {problem}; fit on a baseline again"
        raise DamagedFolderError(message, str(folder), problem) from error


@dataclass(frozen=True, slots=True)
class StoredScorer:
    """What a saved scorer says of itself."""

    entities: int
    """Remembered."""
    most_entities: int
    """At most."""
    scored: int
    """Events, since its baseline."""


def stored_scorer(folder: Path) -> StoredScorer:
    """What can be told of a scorer without loading it, nor its encoder; of a folder that was checked.

    Raises:
        OSError, KeyError, TypeError, ValueError: It holds no scorer.
    """
    facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
    spilled = entities_saved(folder / _SPILLED) if (folder / _SPILLED).is_file() else 0
    most = _options(facts["options"]).most_entities
    return StoredScorer(len(facts["entities"]) + spilled, most, int(facts["counts"].get("scored", 0)))


def merge_entities(scorer: ContextScorer, others: Iterable[ContextScorer]) -> list[Scored]:
    """Take over the entities of scorers of the same environment, as from other partitions of a stream.

    What several remember of one entity is joined by time (`EntityContext.join`); counts are added. Those heard of
    longest ago, by the time of their last event, are evicted first, now and later; entities without any time before
    all others.

    Args:
        scorer: Takes them.
        others: Are not to be used afterwards.

    Returns:
        What was held back of the entities that are one too many.
    """
    for other in others:
        scorer.entities.merge(other.entities)
        scorer.counts.update(other.counts)
    return scorer.evict(scorer.entities.newest)


def _entity_arrays(contexts: list[EntityContext], width: int) -> dict[str, np.ndarray]:
    rings = [context.ring.arrays() for context in contexts]
    arrays = {f"ring/{name}": np.stack([ring[name] for ring in rings]) for name in _RING} if rings else {}
    hidden = np.zeros((len(contexts), width), np.float32)
    readings = np.full((len(contexts), len(Reading._fields)), -1, np.int64)
    for place, context in enumerate(contexts):
        if context.hidden is not None and context.reading is not None:
            hidden[place], readings[place] = context.hidden, context.reading
    given = [np.zeros(0, np.float32) if context.given is None else context.given for context in contexts]
    known = max(map(len, given), default=0)
    rows = [row if len(row) == known else np.zeros(known, np.float32) for row in given]
    held = [(place, *step) for place, context in enumerate(contexts) for step in context.order.state()[2]]
    keys = np.asarray([row[1] for row in held], np.uint64)
    numbers = np.asarray([(row[0], row[2], row[3], row[5]) for row in held], np.int64).reshape(-1, 4)
    times = np.asarray([row[4] for row in held], np.float64)
    return arrays | {
        "hidden": hidden,
        "readings": readings,
        "given": np.stack(rows) if rows else np.zeros((0, 0), np.float32),
        "held_keys": keys,
        "held_numbers": numbers,
        "held_times": times,
    }


def _restored(arrays: dict[str, np.ndarray], facts: dict[str, Any], encoder: ContextEncoder | None) -> ContextScorer:
    start = "environment/"
    environment = Environment.restored({name[len(start) :]: a for name, a in arrays.items() if name.startswith(start)})
    weights = Weights(tuple(facts["weights"]["experts"]), tuple(facts["weights"]["gaps"]))
    scorer = ContextScorer(environment, encoder, weights=weights, options=_options(facts["options"]))
    scorer.counts.update(facts["counts"])
    held = _held_steps(arrays, len(facts["entities"]))
    for place, (kind, value, newest, last) in enumerate(facts["entities"]):
        entity: Entity = (kind, value)
        order = EntityOrder.restored(scorer.options.lateness_s, newest, last, held[place])
        context = EntityContext(order, EntityRing.restored({name: arrays[f"ring/{name}"][place] for name in _RING}))
        if arrays["readings"][place, 0] >= 0:
            context.hidden = arrays["hidden"][place].copy()
            context.reading = Reading(*map(int, arrays["readings"][place]))
            context.given = arrays["given"][place].copy()
        scorer.entities[entity] = context
    return scorer


def _options(values: Mapping[str, Any]) -> ScorerOptions:
    options = {**values, "explain_from": values["explain_from"] or float("inf")}
    if "in_memory" not in options:  # of before entities lay in a file: the most there were in memory
        del options["most_entities"]
    return ScorerOptions(**options)


def _held_steps(arrays: dict[str, np.ndarray], entities: int) -> list[list[Step]]:
    held: list[list[Step]] = [[] for _ in range(entities)]
    for key, (place, code, source, number), time in zip(
        arrays["held_keys"].tolist(), arrays["held_numbers"].tolist(), arrays["held_times"].tolist(), strict=True
    ):
        held[place].append(Step(key, code, source, time, number))
    return held


def _order_facts(context: EntityContext) -> tuple[float | None, float | None]:
    newest, last, _ = context.order.state()
    return newest, last


def _finite(value: float) -> float | None:
    return None if value == float("inf") else value
