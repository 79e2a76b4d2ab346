"""``loglm evaluate attack``: techniques named in datasets never learned from, false alarms on clean machines."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loglm.cli.figures_csv import check_csv, write_csv
from loglm.cli.options import AsJson, FiguresCsv, Force, Seeds
from loglm.plurals import plural

if TYPE_CHECKING:
    import numpy as np

    from loglm.detection.sigma import SigmaRules
    from loglm.evaluation.attack_benchmark import Benchmark, BenchmarkModel
    from loglm.evaluation.attack_data import Recording
    from loglm.evaluation.attack_metrics import Interval
    from loglm.evaluation.attack_summary import Figure
    from loglm.evaluation.window_table import WindowTable

__all__ = ["attack"]

_COLUMNS = ("section", "model", "group", "metric", "mean", "low", "high", "support")
_CHANNELS_SHOWN = 10
_TOKENS_OF_A_STEP = 5_000


def attack(
    data: Annotated[Path, typer.Option("--data", help="Folder with labels.csv and the recordings that it names.")],
    sigma: Annotated[Path | None, typer.Option("--sigma", help="Sigma rules: a folder, file or archive.")] = None,
    attack_texts: Annotated[
        Path | None,
        typer.Option(help="ATT&CK texts to learn names from: attack_objects and procedures, .jsonl.zst."),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(
            help="Run folder of loglm pretrain, of a corpus without DATA: fine-tune its encoder; hours on a CPU."
        ),
    ] = None,
    encoder_tokens: Annotated[
        int, typer.Option("--encoder-tokens", min=1, help="Tokens that each fine-tuning reads.")
    ] = 1_000_000,
    names: Annotated[
        Path | None, typer.Option("--names", help="Keep here what fine-tuned encoders say, and use what is kept.")
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(
            "--context-encoder",
            metavar="<path>|shipped|fixed",
            help="The head also with the surprise of windows: by a context encoder, which should not know DATA, or by "
            "fixed weights, as in loglm detect --context.",
        ),
    ] = None,
    bits_file: Annotated[
        Path | None, typer.Option("--surprise", help="Keep the surprise of windows here, and use what is kept.")
    ] = None,
    table_file: Annotated[
        Path | None, typer.Option("--windows", help="Keep the windows here, and use those that are kept.")
    ] = None,
    seeds: Seeds = 5,
    false_positive_rate: Annotated[
        float, typer.Option(min=0, max=1, help="Share of clean windows that may alert.")
    ] = 0.01,
    csv_file: FiguresCsv = None,
    force: Force = False,
    baselines_only: Annotated[bool, typer.Option("--baselines-only", help="Do not train LogLM's head.")] = False,
    own_only: Annotated[bool, typer.Option("--own-only", help="Leave the baselines out.")] = False,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes; each takes some of the seeds.")] = 1,
    as_json: AsJson = False,
    quick: Annotated[bool, typer.Option("--quick", help="One seed: a first look.")] = False,
) -> None:
    """Techniques named in recordings of datasets never learned from; alerts on clean machines never met.

    DATA/labels.csv has the columns file (a path below DATA), technique_id (T1059.001), tactic (separated by ;) and kind
    (attack or benign), with a line for each technique of a file; any log that loglm detect reads will do.

    \b
    Attack recordings lie in DATA/DATASET:
      evtx-attack-samples, evtx-to-mitre-attack, open-xp-rules,
      security-datasets, sigma-regression, splunk-attack-data.

    \b
    Benign ones lie in DATA/benign-windows/MACHINE:
      dfir-museum-win11-rathbunvm, omerbenamram-evtx, plaso, python-evtx,
      velocidex-evtx.

    Files that are not there are left out. Where labels.csv, a machine or all the datasets but one are absent, the
    command says which and ends with status 2.
    """
    from loglm.cli.output import print_json
    from loglm.corpus.executors import make_executor
    from loglm.errors import InputError
    from loglm.evaluation.attack_benchmark import joined
    from loglm.evaluation.attack_context import context_figures
    from loglm.evaluation.attack_inputs import attack_bits, attack_table
    from loglm.evaluation.attack_summary import summarise

    if bits_file is not None and context is None:
        raise InputError(
            "--surprise keeps the surprise of windows; give --context-encoder too, a path, shipped or fixed"
        )
    if own_only and baselines_only:
        raise InputError("--own-only and --baselines-only together leave nothing to measure; give one of them")
    check_csv(csv_file, force=force)
    table = attack_table(data, sigma, table_file, report=_say_reading)
    typer.echo(f"{plural(len(table.recordings), 'recording')}, {plural(len(table), 'window')}", err=True)
    bits = None if context is None else attack_bits(data, table, context, bits_file, report=_say_reading_again)
    rows = _Rows(
        table,
        sigma,
        attack_texts,
        run,
        encoder_tokens,
        names,
        false_positive_rate,
        bits,
        baselines=not own_only,
        own=not baselines_only,
    )
    chosen = range(1 if quick else seeds)
    parts = [chosen[worker::workers] for worker in range(min(workers, len(chosen)))]
    benchmark = joined(make_executor(workers=workers).run(rows.run, parts))
    figures = summarise(table, benchmark)
    if context is not None:
        figures += context_figures(table, benchmark)
    write_csv(csv_file, _COLUMNS, map(_cells, figures))
    if as_json:
        print_json([asdict(figure) for figure in figures])
    else:
        _print_tables(figures, false_positive_rate)
        if importlib.util.find_spec("torch") is None:
            typer.echo("LogLM head: not measured, it is trained with torch, which the extra loglm[train] brings.")


@dataclass(frozen=True, slots=True)
class _Rows:
    """What is compared, on what; models hold functions, so each process makes its own."""

    table: WindowTable
    sigma: Path | None
    intel: Path | None
    encoder: Path | None
    encoder_tokens: int
    names: Path | None
    budget: float
    bits: np.ndarray | None
    baselines: bool
    own: bool

    def run(self, seeds: Sequence[int]) -> Benchmark:
        from loglm.evaluation.attack_benchmark import run_benchmark

        models = _baselines(self.table) if self.baselines else []
        if self.own:
            models += _own_models(self)
        return run_benchmark(self.table, models, seeds=seeds, budget=self.budget, report=_Progress())


class _Progress:
    """Says on stderr what was fitted, and how long it took."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, model: str, fold: int, seed: int) -> None:
        from loglm.evaluation.attack_benchmark import DATASETS, MACHINES

        now = time.monotonic()
        left_out = " and ".join([*DATASETS[fold : fold + 1], *MACHINES[fold : fold + 1]])
        typer.echo(f"{model}, seed {seed}, without {left_out}: {now - self._last:.1f} s", err=True)
        self._last = now


def _load_rules(sigma: Path | None) -> SigmaRules | None:
    from loglm.detection.sigma import SigmaRules

    return None if sigma is None else SigmaRules.load(sigma)


def _say_reading(number: int, recording: Recording) -> None:
    if number % 50 == 0:
        typer.echo(f"reading {recording.file}", err=True)


def _say_reading_again(number: int, recording: Recording) -> None:
    if number % 50 == 0:
        typer.echo(f"reading {recording.file} again", err=True)


def _baselines(table: WindowTable) -> list[BenchmarkModel]:
    from loglm.evaluation.attack_baselines import event_id_model, sigma_model, word_model
    from loglm.evaluation.attack_benchmark import SIGMA_THRESHOLD, BenchmarkModel

    typer.echo("counting words", err=True)
    return [
        BenchmarkModel("event ids + logistic regression", event_id_model(table)),
        BenchmarkModel("TF-IDF + logistic regression", word_model(table)),
        BenchmarkModel(
            "Sigma rules, medium and above",
            sigma_model(table),
            SIGMA_THRESHOLD,
            learns=False,
            calibrated=False,
            reads_rules=True,
        ),
    ]


def _own_models(rows: _Rows) -> list[BenchmarkModel]:
    """LogLM's rows; none where the extra that trains them is absent."""
    from loglm.errors import MissingExtraError

    try:
        from loglm.training.attack.intel_texts import intel_texts
        from loglm.training.attack.models import FittedHeads, context_models, encoder_models, head_models
        from loglm.training.attack.rule_texts import rule_texts
        from loglm.training.attack.technique_finetuning import FinetunePlan
    except MissingExtraError:
        return []
    typer.echo("collecting words", err=True)
    rules = _load_rules(rows.sigma)
    named = [] if rules is None else [rule_texts(rules.strings(per_rule=8))]
    named += [] if rows.intel is None else [intel_texts(rows.intel)]
    heads = FittedHeads(rows.table, named)
    models = head_models(heads)
    if rows.bits is not None:
        models += context_models(heads, rows.bits)
    if rows.encoder is not None:
        plan = FinetunePlan(tokens=rows.encoder_tokens)
        models += encoder_models(heads, rows.encoder, plan=plan, kept=rows.names, report=_report_finetuning)
    return models


def _report_finetuning(tokens: int, loss: float) -> None:
    if tokens % 100_000 < _TOKENS_OF_A_STEP:
        typer.echo(f"fine-tuning: {tokens / 1e6:.1f}M tokens, loss {loss:.2f} nats", err=True)


def _cells(figure: Figure) -> tuple[Any, ...]:
    value = figure.value
    numbers = (None if x != x else round(x, 4) for x in (value.mean, value.low, value.high))
    return figure.section, figure.model, figure.group, figure.metric, *numbers, figure.support


def _print_tables(figures: list[Figure], budget: float) -> None:
    from loglm.evaluation import attack_benchmark
    from loglm.evaluation.attack_summary import ALL, MACHINE_METRICS, NOT_DUPLICATE, NOT_SIGMA, RECORDING_METRICS

    recordings = [f for f in figures if f.section == "recordings"]
    metrics = RECORDING_METRICS[: RECORDING_METRICS.index("PR-AUC") + 1]
    pooled = (ALL, NOT_SIGMA, NOT_DUPLICATE)
    _print_table("Recordings", "recordings", [f for f in recordings if f.group in pooled], metrics)
    _print_table("Left-out datasets", "recordings", [f for f in recordings if f.group not in pooled], metrics)
    machines = [f for f in figures if f.section == "clean machine"]
    _print_table("Clean machines", "windows", machines, MACHINE_METRICS)
    _print_channels([f for f in figures if f.section == "channel"])
    _print_context([f for f in figures if f.section == "context"])
    typer.echo((attack_benchmark.__doc__ or "").partition("\n\n")[2].replace("`", ""))
    typer.echo(
        f"{budget:.1%} of the clean windows of other folds may alert; Sigma alerts at level medium. Recordings: shares "
        "and 95 % bootstrap intervals over recordings and seeds. PR-AUC, against the windows of all clean machines, "
        "machines and channels: 95 % t intervals over seeds. A finding is an entity, channel, technique and day."
    )


def _print_context(figures: list[Figure]) -> None:
    from loglm.evaluation import attack_context

    if figures:
        for title, metrics in (
            ("Recordings by whether their entities have a past", attack_context.PAST_METRICS),
            ("The attack's own windows among the first of long recordings", attack_context.ORDER_METRICS),
            ("The attack's own windows and the others at the thresholds", attack_context.ALARM_METRICS),
        ):
            _print_table(title, "recordings", [f for f in figures if f.metric in metrics], metrics)
        typer.echo((attack_context.__doc__ or "").partition("\n\n")[2])


def _print_table(title: str, counted: str, figures: list[Figure], metrics: Sequence[str]) -> None:
    """A row for each group and model, a column for each metric."""
    rows: dict[tuple[str, str], list[str]] = {}
    for figure in figures:
        row = rows.setdefault((figure.group, figure.model), [f"{figure.support:,}", *[""] * len(metrics)])
        if figure.metric in metrics:
            row[1 + metrics.index(figure.metric)] = _shown(figure.value)
    _print_rows(title, [counted, *metrics], rows)


def _print_channels(figures: list[Figure]) -> None:
    """What each rate rests on stands beside it."""
    from loglm.evaluation.attack_summary import CHANNEL_METRICS

    shown = list(dict.fromkeys(figure.group for figure in figures))[:_CHANNELS_SHOWN]
    rows: dict[tuple[str, str], list[str]] = {}
    for group in shown:
        for model in dict.fromkeys(figure.model for figure in figures):
            own = {f.metric: f for f in figures if (f.group, f.model) == (group, model)}
            clean, machines, background = (own[metric] for metric in CHANNEL_METRICS)
            rows[group, model] = [
                f"{clean.support:,}",
                f"{machines.value.mean:.0f}",
                _shown(clean.value),
                f"{background.support:,}",
                _shown(background.value),
            ]
    columns = [
        "clean windows",
        "machines",
        "false-positive rate",
        "background windows, not clean data",
        "of them alert",
    ]
    _print_rows(f"Channels, the {len(shown)} with most clean and background windows", columns, rows)


def _print_rows(title: str, columns: Sequence[str], rows: dict[tuple[str, str], list[str]]) -> None:
    """Rows by (group, model), those of a group together."""
    from rich.console import Console
    from rich.table import Table

    table = Table("group", "model", *columns, title=title)
    order = list(dict.fromkeys(group for group, _ in rows))
    keys = sorted(rows, key=lambda key: order.index(key[0]))
    for place, key in enumerate(keys):
        ends = place + 1 == len(keys) or keys[place + 1][0] != key[0]
        table.add_row(*key, *rows[key], end_section=ends)
    Console(width=260).print(table)


def _shown(value: Interval) -> str:
    if value.mean != value.mean:
        return ""
    digits = 1 if value.mean >= 10 else 3
    text = f"{value.mean:.{digits}f}"
    return text if value.low != value.low else f"{text} ({value.low:.{digits}f}-{value.high:.{digits}f})"
