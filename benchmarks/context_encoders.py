r"""The context encoder that ships beside those that the design had foreseen: foresight, and ranking of attacks.

    python benchmarks/context_encoders.py --data DIR --sigma RULES --out OUT

What ships is a recurrent network that reads gaps, rarities and log source and weighs six simple predictors of the next
kind of event. Foreseen was a small transformer over event vectors that predicts hidden events itself. Both learn here
from the same environments, at about the same CPU time (printed), and are judged on environments and recordings held
out; every fifth environment that is not says which weights are kept. The transformers predict

  codes of 256 or 1,024     k-means of the vectors of the training environments' kinds and texts;
                            next event, or events hidden from both sides
  kinds of 2,048            the hash of the template, as the six predictors have it
  the event's vector        told from the others of the batch (InfoNCE), by cosine

*bits*: of the kind of what came, mean over held-out environments, lower is better; *learned from*: the same over a
fourth of the entities that were learned from. They are comparable: where a code is predicted, the bits of the kind
given its code are added, by how frequent the kinds of that code are in the baseline; where a vector is predicted, the
vectors of all kinds met anywhere stand beside it, and have their share of all 2,048. Those of both sides know what came
after, and compare with no other row. What nobody expects costs 16 bits. *with six*: the transformer as a seventh
predictor beside the six, fixed weights fitted to the environments that choose.

*PR-AUC* is over recordings of `benchmarks/anomalies.py` with its baselines, of each entity's events of one text the
most unusual one; by surprise of the kind, for vectors by less cosine. *all parts* adds content and timing as `loglm
anomalies` does to the bits *with six*. The recordings' sources are not learned from. Means over seeds, and the range of
seeds; events are 500 of each file at most, and an event has the vector of its text, or of its kind where more than
two texts of it were met. OUT keeps vectors; the second run takes them from there.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from anomalies import Units, recordings
from context_events import EventVectors, KeepingCodebook
from context_transformer import EventSequence, EventTransformer, Plan, log_shares, train

from loglm.anomaly.baseline import fit_baseline
from loglm.anomaly.table import EventTable, TableReader
from loglm.context.encoder import BEGINNING, LEAST_PROBABILITY
from loglm.context.experts import EXPERTS
from loglm.context.mixture import fit_weights
from loglm.context.scorer import Scored
from loglm.models.context import ContextModel
from loglm.training.context.pretrain import ContextRecipe, pretrain_context
from loglm.training.context.streams import ScoredEntity, environments_of, read_entities

CODES = KeepingCodebook().codes
_LEARNED = (
    "benign-windows cowrie currentis evtx-attack-samples evtx-to-mitre-attack honeypots-uqo msticpy panther plaso-text "
    "slips stratus-red-team"
).split()
_CORPUS = "apache_logs_to_mysql crowdsec_hub wazuh suricata_alerts zeek_zat ossec".split()
_HELD_OUT = "dfir-museum rita splunk-attack-data elastic-examples benign-windows/dfir-museum-win11-rathbunvm".split()
_PLANS = {
    "transformer, 256 codes": Plan(codes=256),
    "transformer, 1,024 codes": Plan(codes=1_024),
    "transformer, both sides, 256 codes": Plan(codes=256, both_sides=True),
    "transformer, 2,048 kinds": Plan(codes=CODES),
    "transformer, vectors": Plan(target="vector"),
}
_CHAIN, _FIXED, _SHIPPED = "Markov chain of the baseline", "six predictors, fixed weights", "GRU that weighs the six"
_PER_FILE = 500
_LEAST = float(np.log(LEAST_PROBABILITY))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with attack/ and logs/corpus/")
    parser.add_argument("--sigma", type=Path, required=True, help="Sigma rules: the truth of the windows recordings")
    parser.add_argument("--out", type=Path, required=True, help="folder that keeps event vectors")
    parser.add_argument(
        "--sets", default="examples,invictus,zeek", help="recordings of benchmarks/anomalies.py to rank in"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=150, help="of a transformer")
    parser.add_argument("--shipped-steps", type=int, default=120, help="of the recurrent network")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    bench = read_bench(arguments)
    print(bench.described(), flush=True)
    rows: dict[str, list[Row]] = {}
    for name, row in _rows(bench, arguments):
        rows.setdefault(name, []).append(row)
        print(f"# {name}: {row}", flush=True)
    _print(rows)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A recording to rank attacks in: its entities after the baseline, and where their events stand."""

    group: str
    entities: list[ScoredEntity]
    units: Units
    places: list[np.ndarray]


@dataclass(frozen=True, slots=True)
class Bench:
    """All that is learned from and judged on."""

    learned: list[ScoredEntity]
    choosing: list[ScoredEntity]
    held_out: list[ScoredEntity]
    ranked: list[Ranked]
    vectors: EventVectors

    def described(self) -> str:
        """What is in it."""
        parts = (("learned", self.learned), ("choosing", self.choosing), ("held out", self.held_out))
        return "; ".join(
            f"{name}: {sum(len(one.events) for one in own):,} events of {len({one.environment for one in own})} "
            f"environments, {len({e.step.code for one in own for e in one.events}):,} kinds"
            for name, own in parts
        )


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one predictor and seed; NaN where there is none."""

    cpu_s: float = np.nan
    learned: float = np.nan
    """Bits in environments that were learned from."""
    bits: float = np.nan
    mixed: float = np.nan
    ranking: tuple[float, ...] = ()
    """PR-AUC of each group, in order."""
    mixed_ranking: tuple[float, ...] = ()


def read_bench(arguments: argparse.Namespace) -> Bench:
    """Read everything, and embed the learned environments first, so that they alone say what a kind's vector is."""
    data, codebook = arguments.data, KeepingCodebook()
    vectors = EventVectors(arguments.out / "vectors.npz")
    apart = environments_of([data / "attack" / name for name in _HELD_OUT])
    paths = [data / "attack" / name for name in _LEARNED] + [data / "logs" / "corpus" / name for name in _CORPUS]
    found = sorted((name, files) for name, files in environments_of(paths).items() if name not in apart)

    def read(environments: Sequence[tuple[str, Sequence[str]]]) -> list[ScoredEntity]:
        return list(read_entities(environments, codebook, most_events=_PER_FILE, seed=0, skipped=Counter()))

    learned = read([one for number, one in enumerate(found) if number % 5])
    vectors.learn(codebook.texts)
    choosing, held_out = read(found[::5]), read(sorted(apart.items()))
    ranked = list(_ranked(arguments, codebook))
    vectors.learn(codebook.texts)
    return Bench(learned, choosing, held_out, ranked, vectors)


def _ranked(arguments: argparse.Namespace, codebook: KeepingCodebook) -> Iterator[Ranked]:
    """Split as `benchmarks/anomalies.py` does."""
    for recording in recordings(arguments.data / "attack", arguments.sigma, arguments.sets.split(",")):
        table = EventTable()
        TableReader(table, codebook).read(iter(recording.events))
        split = Units.split(table, recording.is_attack)
        if split is None:
            continue
        learn, tested, units = split
        scorer = fit_baseline(table, learn, codes=CODES, encoder=None, budget=100.0, progress=iter).scorer
        place = {row: number for number, row in enumerate(tested.tolist())}
        found: dict[tuple[str, str], list[Scored]] = {}
        for entity, step in table.steps(tested.tolist()):
            for scored in scorer.add(entity, step):
                found.setdefault(entity, []).append(scored)
        entities = [ScoredEntity(recording.name, scorer.environment, own) for own in found.values()]
        places = [np.asarray([place[one.step.number] for one in own]) for own in found.values()]
        yield Ranked(recording.group, entities, units, places)


def _rows(bench: Bench, arguments: argparse.Namespace) -> Iterator[tuple[str, Row]]:
    shares = {name: [_given(one) for one in own] for name, own in _parts(bench).items()}
    sequence = EXPERTS.index("sequence")
    yield _CHAIN, _row(bench, {name: [given[:, sequence] for given in own] for name, own in shares.items()})
    weights = fit_weights(np.concatenate(shares["choosing"]), sources=len(EXPERTS))
    yield _FIXED, _row(bench, {name: [given @ weights for given in own] for name, own in shares.items()}, parts=True)
    for seed in range(arguments.seeds):
        started = time.process_time()
        recipe = ContextRecipe(steps=arguments.shipped_steps, validate_every=arguments.shipped_steps // 5, seed=seed)
        streams = ([one.stream() for one in own] for own in (bench.learned, bench.choosing))
        model, _ = pretrain_context(*streams, recipe, lambda _: None)
        cost = time.process_time() - started
        said = {name: [_weighed(model, one) for one in own] for name, own in _parts(bench).items()}
        yield _SHIPPED, replace(_row(bench, said, parts=True), cpu_s=cost)
        for name, plan in _PLANS.items():
            yield name, _transformer_row(bench, shares, replace(plan, seed=seed, steps=arguments.steps))


def _parts(bench: Bench) -> dict[str, list[ScoredEntity]]:
    ranked = [one for recording in bench.ranked for one in recording.entities]
    return {"learned": bench.learned[::4], "choosing": bench.choosing, "held out": bench.held_out, "ranked": ranked}


def _given(entity: ScoredEntity) -> np.ndarray:
    """What the six gave what came, float64 (n, experts)."""
    return np.asarray([one.given[: len(EXPERTS)] for one in entity.events], np.float64)


def _weighed(model: ContextModel, entity: ScoredEntity) -> np.ndarray:
    """What the network's weights of the six gave what came, float64 (n,)."""
    readings = np.asarray([BEGINNING, *(one.reading for one in entity.events)], np.int64)
    given = np.concatenate([np.ones((1, len(EXPERTS))), _given(entity)])
    with torch.inference_mode():
        read = torch.from_numpy(np.maximum(given, LEAST_PROBABILITY).astype(np.float32))
        weights = torch.softmax(model(torch.from_numpy(readings)[None], read[None])[0][0, :-1], dim=-1)
    shares: np.ndarray = (weights.double().numpy() * given[1:]).sum(axis=1)
    return shares


def _transformer_row(bench: Bench, shares: dict[str, list[np.ndarray]], plan: Plan) -> Row:
    """Train, predict, and mix with the six."""
    teller = Teller.fitted(bench, plan)
    said = {name: teller.shares(own) for name, own in _parts(bench).items()}
    alone = {name: [one[:, 0] for one in own] for name, own in said.items()}
    together = {
        name: [np.column_stack([given, own]) for given, own in zip(shares[name], alone[name], strict=True)]
        for name in alone
    }
    weights = fit_weights(np.concatenate(together["choosing"]), sources=len(EXPERTS) + 1)
    mixed = _row(bench, {name: [one @ weights for one in own] for name, own in together.items()}, parts=True)
    row = _row(bench, alone)
    if plan.target == "vector":
        row = replace(row, ranking=_ranking(bench, [-one[:, 1] for one in said["ranked"]]))
    return replace(row, cpu_s=teller.cpu_s, mixed=mixed.bits, mixed_ranking=mixed.mixed_ranking)


class Teller:
    """A trained transformer, and what its codes mean."""

    model: EventTransformer
    cpu_s: float

    def __init__(self, bench: Bench, plan: Plan) -> None:
        self._bench = bench
        self._matrix = bench.vectors.matrix(CODES)
        self._tensor = torch.from_numpy(self._matrix)
        self._plan = plan
        self._code_of = self._codes(bench, plan)
        self._known = np.flatnonzero(bench.vectors.known(CODES))

    @classmethod
    def fitted(cls, bench: Bench, plan: Plan) -> Teller:
        """Fit codes to the learned environments, and the transformer."""
        teller = cls(bench, plan)
        counts = Counter(one.environment for one in bench.learned for _ in range(0, len(one.events) - 1, 64))
        learned = [teller._sequence(one, 1 / counts[one.environment] ** 0.5) for one in bench.learned]
        choosing = [teller._sequence(one) for one in bench.choosing]
        teller.model, teller.cpu_s = train(learned, choosing, teller._tensor, plan)
        return teller

    def shares(self, entities: Sequence[ScoredEntity]) -> list[np.ndarray]:
        """float64 (n, 2) each: the probability of the kind that came, and the cosine."""
        sequences, candidates = [self._sequence(one) for one in entities], None
        if self._plan.target == "vector":
            sequences = [replace(one, targets=np.searchsorted(self._known, one.targets)) for one in sequences]
            candidates = self._tensor[self._known]
        found = log_shares(self.model, sequences, self._tensor, candidates)
        if candidates is not None:
            for own in found:
                own[:, 0] += np.log(len(candidates) / CODES)
        else:
            for entity, own in zip(entities, found, strict=True):
                own[:, 0] += self._within(entity)
        return [np.column_stack([np.exp(np.maximum(own[:, 0], _LEAST)), own[:, 1]]) for own in found]

    def _within(self, entity: ScoredEntity) -> np.ndarray:
        """Logarithm of the probability of each kind given its code, by the baseline."""
        frequency = entity.usual.frequency
        of_code = np.bincount(self._code_of, frequency, self._plan.codes)
        kinds = np.asarray([one.step.code for one in entity.events])
        logs: np.ndarray = np.log(frequency[kinds] / of_code[self._code_of[kinds]])
        return logs

    def _sequence(self, entity: ScoredEntity, weight: float = 1.0) -> EventSequence:
        kinds = np.asarray([one.step.code for one in entity.events])
        rows = self._bench.vectors.rows([one.step.key for one in entity.events], kinds, CODES)
        targets = kinds if self._plan.target == "vector" else self._code_of[kinds]
        return EventSequence(np.asarray([one.reading for one in entity.events], np.int64), rows, targets, weight)

    def _codes(self, bench: Bench, plan: Plan) -> np.ndarray:
        """Code of each kind, int64 (kinds,): nearest centre of its vector."""
        if plan.target == "vector" or plan.codes == CODES:
            return np.arange(CODES)
        from sklearn.cluster import KMeans

        learned = sorted({int(row) for one in bench.learned for row in self._rows_of(one)})
        codes = min(plan.codes, len(learned))
        means = KMeans(codes, n_init=1, max_iter=10, random_state=plan.seed).fit(self._matrix[learned])
        nearest: np.ndarray = means.predict(self._matrix[:CODES]).astype(np.int64)
        return nearest

    def _rows_of(self, entity: ScoredEntity) -> np.ndarray:
        kinds = [one.step.code for one in entity.events]
        return self._bench.vectors.rows([one.step.key for one in entity.events], kinds, CODES)


def _row(bench: Bench, shares: dict[str, list[np.ndarray]], *, parts: bool = False) -> Row:
    """Figures of what a predictor gave what came; with ``parts`` the ranking by all parts of a surprise too."""
    surprise = {name: [-np.log2(np.maximum(one, LEAST_PROBABILITY)) for one in shares[name]] for name in _JUDGED}
    means = {name: _mean_of_environments(_parts(bench)[name], surprise[name]) for name in ("learned", "held out")}
    row = Row(learned=means["learned"], bits=means["held out"], ranking=_ranking(bench, surprise["ranked"]))
    if not parts:
        return row
    entities = _parts(bench)["ranked"]
    every = [bits + _rest(one) for one, bits in zip(entities, surprise["ranked"], strict=True)]
    return replace(row, mixed_ranking=_ranking(bench, every))


_JUDGED = ("learned", "held out", "ranked")


def _mean_of_environments(entities: Sequence[ScoredEntity], bits: Sequence[np.ndarray]) -> float:
    of: dict[str, list[np.ndarray]] = {}
    for entity, own in zip(entities, bits, strict=True):
        of.setdefault(entity.environment, []).append(own)
    return float(np.mean([np.concatenate(own).mean() for own in of.values()]))


def _rest(entity: ScoredEntity) -> np.ndarray:
    """Bits of content and timing of each event: all that does not come from the kind."""
    return np.asarray([one.surprise.bits - one.surprise.rarity - one.surprise.order for one in entity.events])


def _ranking(bench: Bench, scores: Sequence[np.ndarray]) -> tuple[float, ...]:
    """Mean PR-AUC of each group's recordings."""
    left = iter(scores)
    found: dict[str, list[float]] = {}
    for recording in bench.ranked:
        every = np.zeros(sum(map(len, recording.places)))
        for places in recording.places:
            every[places] = next(left)
        found.setdefault(recording.group, []).append(recording.units.ranking("", every).pr_auc)
    return tuple(float(np.mean(own)) for own in found.values())


def _print(rows: dict[str, list[Row]]) -> None:
    """Means over seeds with their range."""
    print(f"{'':<36}" + "".join(f"{head:>22}" for head in ("CPU s", "bits, learned from", "bits", "bits, with six")))
    for name, own in rows.items():
        cells = [_cell([getattr(row, column) for row in own]) for column in ("cpu_s", "learned", "bits", "mixed")]
        print(f"{name:<36}" + "".join(f"{cell:>22}" for cell in cells))
    print(f"\n{'':<36}{'PR-AUC by group':>66}{'all parts, with six':>66}")
    for name, own in rows.items():
        groups = [zip(*(getattr(row, column) for row in own), strict=True) for column in ("ranking", "mixed_ranking")]
        print(f"{name:<36}" + "".join(f"{' / '.join(_cell(values) for values in group):>66}" for group in groups))


def _cell(values: Sequence[float]) -> str:
    mean = np.mean(values)
    if np.isnan(mean):
        return ""
    digits = 3 if mean < 1 else 2
    spread = f" ({min(values):.{digits}f}-{max(values):.{digits}f})" if len(values) > 1 else ""
    return f"{mean:.{digits}f}{spread}"


if __name__ == "__main__":
    main()
