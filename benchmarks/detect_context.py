r"""What ``loglm detect --context`` changes: alerts of heads that never met a machine, and of the shipped model.

    python benchmarks/detect_context.py --data DIR
    python benchmarks/detect_context.py --data DIR --sigma RULES --windows WINDOWS --surprise BITS \
        [--encoder-surprise BITS]

The first form runs the shipped model, from files to findings, on what RUNS names, once without and once with
``--context``, and prints windows that alert, findings, and seconds of CPU. It has learned from the attack recordings
and from the clean machine (though not as one run over all its files); from the others it has not.

The second form is of heads that never met what they are judged by: those of ``loglm evaluate attack``, of which only
the side that tells attacks from other windows is trained (a tenth of the time, the same probabilities), five seeds.
WINDOWS and BITS are what ``loglm evaluate attack --data DIR/attack --sigma RULES --windows WINDOWS --context-encoder
fixed --surprise BITS`` keeps; where they are missing they are made, in some ten minutes. ``--encoder-surprise`` adds
the rows of a context encoder's bits, kept by the same command with ``--context-encoder PATH``. Each row with context
stands twice: with thresholds set on moved scores, and as ``loglm detect --context`` has it, with thresholds of the head
alone and an intercept for windows with a past; then with other intercepts, of which the one shipped was chosen by these
rows.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from loglm.detection.engine import DetectionResult, detect
from loglm.evaluation.attack_baselines import Scorer
from loglm.evaluation.attack_benchmark import Benchmark, BenchmarkModel, run_benchmark
from loglm.evaluation.attack_context import context_figures
from loglm.evaluation.attack_metrics import seed_interval
from loglm.evaluation.window_surprise import load_bits
from loglm.evaluation.window_table import WindowTable

_SECURITY = "attack/security-datasets/atomic/windows/"
RUNS = {
    "attacks, recordings of laboratories": (
        f"{_SECURITY}persistence/host/empire_persistence_registry_modification_run_keys_standard_user_2020-09-04030609.json.zst",
        f"{_SECURITY}defense_evasion/host/cmd_wevtutil_modify_security_eventlog_path.json.zst",
        f"{_SECURITY}credential_access/host/empire_mimikatz_sam_access_2020-09-22041117.json.zst",
        f"{_SECURITY}lateral_movement/host/empire_wmic_add_user_backdoor_2020-09-14080546.json.zst",
        f"{_SECURITY}credential_access/host/empire_mimikatz_logonpasswords_2020-08-07103224.json.zst",
        f"{_SECURITY}lateral_movement/host/covenant_psremoting_command_2020-08-06115603.json.zst",
    ),
    "machines on which something happened": (
        "attack/dfir-museum/server2022-aptsimulator",
        "attack/dfir-museum/win10-belkasoft-insider",
    ),
    "ordinary": (
        "attack/benign-windows/dfir-museum-win11-rathbunvm",
        "logs/corpus/loghub/Linux_full.log.zst",
        "logs/corpus/loghub/OpenSSH_2k.log.zst",
        "logs/corpus/loghub/Windows_2k.log.zst",
    ),
}
SEEDS = 5
BUDGET = 0.01
INTERCEPTS = (0.0, -0.1, -0.2, -0.4, -0.6, -1.0)
SHOWN = {
    ("with past", "alerted"): "alerted",
    ("with past", "windows alerting"): "windows alerting",
    ("long recordings", "found in 5%"): "found in 5%",
    ("long recordings", "found in 10%"): "in 10%",
    ("long recordings", "found by alarm"): "by alarm",
    ("long recordings", "others alerting"): "others alerting",
}


def main() -> None:
    """Print one of the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with attack/, intel/ and logs/corpus/")
    parser.add_argument("--sigma", type=Path, help="Sigma rules")
    parser.add_argument("--windows", type=Path, help="windows kept by loglm evaluate attack")
    parser.add_argument("--surprise", type=Path, help="their surprise by fixed weights")
    parser.add_argument("--encoder-surprise", type=Path, help="their surprise by a context encoder")
    options = parser.parse_args()
    if options.windows is None:
        print_runs(options.data)
    elif options.sigma is None or options.surprise is None:
        parser.error("--windows needs --sigma and --surprise")
    else:
        print_held_out(options)


def print_runs(data: Path) -> None:
    """The shipped model on each of `RUNS`, without and with context."""
    heads = ("events", "windows", "compared", "alerting", "with", "raised", "lowered", "findings", "with", "CPU s", "x")
    print(" " * 42 + "".join(f"{head:>9}" for head in heads))
    for title, paths in RUNS.items():
        print(title)
        for path in paths:
            (plain, first), (moved, second) = (_timed(data / path, context=context) for context in (False, True))
            counts, after = moved.stats.context, sum(finding.windows for finding in moved.findings)
            if counts is None:
                raise RuntimeError("the run says nothing of the context")
            before = sum(finding.windows for finding in plain.findings)
            row = (
                plain.stats.events_read, plain.stats.windows, counts.compared, before, after, counts.raised,
                counts.lowered, len(plain.findings), len(moved.findings), round(first, 1),
            )  # fmt: skip
            name = Path(path).name.partition(".")[0][:40]
            print(f"  {name:<40}" + "".join(f"{value:>9,}" for value in row) + f"{second / first:>9.2f}", flush=True)


def _timed(path: Path, *, context: bool) -> tuple[DetectionResult, float]:
    started = time.process_time()
    result = detect([path], workers=1, context=context)
    return result, time.process_time() - started


def print_held_out(options: argparse.Namespace) -> None:
    """Rows of the heads that never met a machine or dataset, five seeds."""
    table, models = _models(options)
    benchmark = run_benchmark(table, models, seeds=range(SEEDS), budget=BUDGET, report=lambda *_: None)
    figures = {(f.model, f.group, f.metric): f.value for f in context_figures(table, benchmark)}
    print(f"{'':<52}" + "".join(f"{head:>24}" for head in ("clean alerting", *SHOWN.values())))
    for model, clean in _clean_alerting(table, benchmark):
        cells = [clean] + [figures[model, *key] for key in SHOWN if (model, *key) in figures]
        print(f"{model:<52}" + "".join(f"{f'{c.mean:.4f} ({c.low:.4f}-{c.high:.4f})':>24}" for c in cells))
    print("\n" + "\n".join(f"{name} / {group}: {metric}" for (group, metric), name in SHOWN.items()))


def _clean_alerting(table: WindowTable, benchmark: Benchmark) -> Iterator[tuple[str, object]]:
    """Share of the windows of clean machines, with intervals over seeds."""
    clean = np.asarray([table.recordings[r].kind == "benign" for r in table.recording])
    for model in dict.fromkeys(result.model for result in benchmark.results):
        seeds = [result for result in benchmark.results if result.model == model]
        yield model, seed_interval([float(seed.alerts[clean].mean()) for seed in seeds])


def _models(options: argparse.Namespace) -> tuple[WindowTable, list[BenchmarkModel]]:
    from loglm.detection.sigma import SigmaRules
    from loglm.evaluation.attack_inputs import attack_bits, attack_table
    from loglm.training.attack.intel_texts import intel_texts
    from loglm.training.attack.models import FittedHeads, context_models, head_models
    from loglm.training.attack.rule_texts import rule_texts
    from loglm.training.attack.scoring import fit_attack_side, table_scorer

    class Sides(FittedHeads):
        """Heads that say attack or not, and of names nothing."""

        def scorer(self, recordings: frozenset[int], labels: tuple[str, ...], seed: int, *, rules: bool) -> Scorer:
            key = recordings, seed
            if key not in self._fitted:
                self._fitted = {key: fit_attack_side(self.table, self.words, recordings, seed=seed)}
            score = table_scorer(self.table, self.words, self._fitted[key], rules=rules)
            return lambda windows: (score(windows)[0], np.ones((len(windows), len(labels)), np.float32))

    table = attack_table(options.data / "attack", options.sigma, options.windows)
    bits = {"context": attack_bits(options.data / "attack", table, "fixed", options.surprise)}
    if options.encoder_surprise is not None:
        bits["context by an encoder"] = load_bits(options.encoder_surprise, {"table": table.digest()})
    texts = [rule_texts(SigmaRules.load(options.sigma).strings(per_rule=8)), intel_texts(options.data / "intel")]
    sides = Sides(table, texts)
    models = head_models(sides)
    for name, values in bits.items():
        rows = context_models(sides, values)
        models += [replace(row, name=row.name.replace("+ context", f"+ {name}")) for row in rows]
    for intercept in INTERCEPTS:
        rows = context_models(sides, bits["context"], intercept=intercept)
        models += [replace(row, name=f"{row.name}, {intercept}") for row in rows if row.limits_of_fit]
    return table, models


if __name__ == "__main__":
    main()
