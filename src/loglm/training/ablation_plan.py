"""What an ablation trains: a TOML file of choices, each a few options of `loglm pretrain`::

    steps = 1000                # of every run, so that all read as many tokens
    seeds = 3

    [corpora]                   # relative to the file; the first gives the events that all are judged on
    logs = "corpus"
    with-texts = "corpus-with-texts"

    [reference]                 # options of `loglm pretrain`
    size = "nano"

    [choices.plain-masking]     # what differs
    masking = "plain"

    [choices.with-texts]
    corpus = "with-texts"
    seeds = 1                   # fewer than the others: what is far off needs no more

With ``start = "FOLDER"`` in place of a size, runs go on from the weights of a run folder or model folder, which is
judged beside them as it is.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeGuard, get_args

from loglm.artifacts.config import ENCODER_SIZES, EncoderFamily, Pooling
from loglm.errors import InputError
from loglm.training.masking import Masking, MaskUnit
from loglm.training.optimizer import Optimizer
from loglm.training.plan import Positives, Schedule
from loglm.training.recipe import PretrainRecipe

__all__ = ["REFERENCE", "START", "AblationPlan", "read_plan", "recipe_of"]

REFERENCE = "reference"
"""Name of the choice that all others are compared with."""
START = "start"
"""Name under which weights that runs go on from are judged."""

_KINDS: dict[str, Any] = {
    "corpus": str,
    "size": Literal[tuple(ENCODER_SIZES)],
    "family": EncoderFamily,
    "layers": int,
    "pooling": Pooling,
    "start": str,
    "batch_tokens": int,
    "schedule": Schedule,
    "optimizer": Optimizer,
    "learning_rate": float,
    "contrastive_share": float,
    "positives": Positives,
    "pairs": str,
    "pair_share": float,
    "whitening": bool,
    "mask_share": float,
    "masking": Masking,
    "mask_unit": MaskUnit,
}
"""Options that a plan may set."""
_SHOWN = 40
"""Characters of a value that is something else."""
_PLACES = frozenset({"start", "pairs"})
"""Those that are relative to the plan's folder."""
_KEYS = ("steps", "seeds", "corpora", "reference", "choices")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")


@dataclass(frozen=True, slots=True)
class AblationPlan:
    """What is trained."""

    steps: int
    seeds: int
    corpora: dict[str, Path]
    choices: dict[str, dict[str, Any]]
    """Options by name of the choice, `REFERENCE` first."""
    fewer_seeds: dict[str, int]
    """Of the choices that have not all `seeds`."""

    @property
    def first_corpus(self) -> Path:
        """Which gives the events that all are judged on."""
        return next(iter(self.corpora.values()))

    @property
    def start(self) -> Path | None:
        """Weights that the reference goes on from."""
        folder = self.choices[REFERENCE].get("start")
        return None if folder is None else Path(folder)

    def seeds_of(self, choice: str) -> int:
        """How many times a choice is trained."""
        return self.fewer_seeds.get(choice, self.seeds)

    def corpus_of(self, choice: str) -> Path:
        """The corpus that a choice learns from."""
        return self.corpora[self.choices[choice].get("corpus", next(iter(self.corpora)))]


def read_plan(path: Path) -> AblationPlan:
    """Read and check a plan.

    Raises:
        InputError: It cannot be read, something in it is not known, options contradict each other, or two choices are
            the same; says what.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no plan can be read ({error}); see docs/training.md for one") from error
    unknown = data.keys() - set(_KEYS)
    if unknown:
        raise InputError(f"{path}: unknown key {min(unknown)!r}{_meant(min(unknown), _KEYS)}")
    _refuse_other_shapes(path, data)
    steps, seeds = data.get("steps"), data.get("seeds", 1)
    if not (_is_whole(steps) and _is_whole(seeds) and steps > 0 and seeds > 0):
        raise InputError(f"{path}: steps and seeds must be whole numbers above 0, got {steps!r} and {seeds!r}")
    corpora = {str(name): path.parent / str(folder) for name, folder in data.get("corpora", {}).items()}
    if not corpora:
        raise InputError(f'{path}: no corpus; write [corpora] and below it logs = "FOLDER", made by loglm corpus build')
    fewer = _fewer_seeds(path, data, seeds)
    plan = AblationPlan(steps, seeds, corpora, _choices(path, data, corpora), fewer)
    _refuse_contradictions(path, plan)
    return plan


def _refuse_other_shapes(path: Path, data: Mapping[str, Any]) -> None:
    """Raises InputError where TOML has something else in a table's place, or a corpus is no path."""
    for key, below in (("corpora", 'logs = "FOLDER"'), ("reference", 'size = "nano"'), ("choices", "")):
        if not isinstance(data.get(key, {}), dict):
            written = f"[{key}] and below it {below}" if below else '[choices.plain] and below it masking = "plain"'
            raise InputError(f"{path}: {key} is {_shown(data[key])}; expected a table: write {written}")
    for name, folder in data.get("corpora", {}).items():
        if not isinstance(folder, str):
            raise InputError(
                f'{path}: corpora: {name} is {_shown(folder)}; expected the path of a corpus, such as {name} = "FOLDER"'
            )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _meant(name: str, known: Iterable[str]) -> str:
    """For the end of a message: what may have been meant, and what there is."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f"{f'. Did you mean {close[0]!r}? Expected' if close else '; expected'} one of {', '.join(known)}"


def _is_whole(value: Any) -> TypeGuard[int]:
    """Whether it is a whole number; Python takes true for one."""
    return isinstance(value, int) and not isinstance(value, bool)


def recipe_of(
    plan: AblationPlan, choice: str, run_dir: Path, *, seed: int, threads: int | None = None
) -> PretrainRecipe:
    """The run of one choice and seed.

    Raises:
        InputError: Its options contradict each other.
    """
    given = {key: value for key, value in plan.choices[choice].items() if key != "corpus"}
    given |= {key: Path(given[key]) for key in _PLACES & given.keys()}
    return PretrainRecipe(
        corpus=plan.corpus_of(choice),
        run_dir=run_dir,
        steps=plan.steps,
        seed=seed,
        threads=threads,
        evaluate_every=plan.steps,
        **given,
    )


def _choices(path: Path, data: Mapping[str, Any], corpora: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
    reference, own = data.get("reference", {}), data.get("choices", {})
    for name, options in own.items():
        if not isinstance(options, dict):
            raise InputError(f"{path}: choice {name!r} is no table; write [choices.{name}] and its options below it")
        if name in (REFERENCE, START):
            raise InputError(f"{path}: choice {name!r} has a name with a meaning of its own; give it another")
    choices = {REFERENCE: reference} | {name: {**reference, **_without_seeds(options)} for name, options in own.items()}
    for name, options in choices.items():
        _check(path, name, options, corpora)
    return {name: _placed(path.parent, options) for name, options in choices.items()}


def _fewer_seeds(path: Path, data: Mapping[str, Any], seeds: int) -> dict[str, int]:
    own = data.get("choices", {})
    found = {
        name: options["seeds"] for name, options in own.items() if isinstance(options, dict) and "seeds" in options
    }
    for name, number in found.items():
        if not _is_whole(number) or not 0 < number <= seeds:
            raise InputError(
                f"{path}: {name}: seeds is {number!r}; expected 1 to {seeds}, as many as the reference has"
            )
    return found


def _without_seeds(options: Mapping[str, Any]) -> dict[str, Any]:
    return {option: value for option, value in options.items() if option != "seeds"}


def _refuse_contradictions(path: Path, plan: AblationPlan) -> None:
    """Before the first run, not when it is the turn of the last; and where two choices are the same run."""
    recipes: dict[str, PretrainRecipe] = {}
    for choice in plan.choices:
        try:
            recipe = recipe_of(plan, choice, path.parent, seed=0)
        except InputError as error:
            raise InputError(f"{path}: {choice}: {error}") from error
        for other, known in recipes.items():
            if recipe == known:
                raise InputError(f"{path}: {choice}: the same run as {other}; change an option of it or leave it out")
        recipes[choice] = recipe


def _placed(folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: str(folder / value) if key in _PLACES else value for key, value in options.items()}


def _check(path: Path, name: str, options: Mapping[str, Any], corpora: Mapping[str, Path]) -> None:
    """Raises InputError where a choice is misnamed or has an option that is unknown or of another kind."""
    if not _NAME.fullmatch(name):
        raise InputError(f"{path}: choice {name!r} names a folder; use lower-case letters, digits, dots and hyphens")
    known = [*_KINDS] if name == REFERENCE else [*_KINDS, "seeds"]
    for option, value in options.items():
        if option not in _KINDS:
            raise InputError(f"{path}: {name}: unknown option {option!r}{_meant(option, known)}")
        allowed = tuple(corpora) if option == "corpus" else get_args(_KINDS[option])
        if _is_other_kind(value, _KINDS[option], allowed):
            what = f"one of {', '.join(allowed)}" if allowed else f"a {_KINDS[option].__name__}"
            raise InputError(f"{path}: {name}: {option} is {value!r}; expected {what}")


def _is_other_kind(value: Any, kind: Any, allowed: Sequence[Any]) -> bool:
    if allowed:
        return value not in allowed
    return isinstance(value, bool) != (kind is bool) or not isinstance(value, (int, float) if kind is float else kind)
