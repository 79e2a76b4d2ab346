"""`loglm corpus`: from folders of logs to a corpus that models are pretrained on."""

from __future__ import annotations

import shlex
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from loglm.cli.options import AsJson, Force, LogPaths, Quiet, Ray, Seed
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.corpus.folder import CorpusFolder
    from loglm.corpus.sources import CorpusSource

__all__ = ["app"]

app = typer.Typer(
    name="corpus",
    help="Build and look at corpora for pretraining.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def build(
    out: Annotated[Path, typer.Option("--out", "-o", help="Corpus folder to make.")],
    paths: Annotated[
        list[str] | None, typer.Argument(help="Folders of logs; each folder inside one is a source of its name.")
    ] = None,
    sources: Annotated[
        Path | None, typer.Option(help="TOML or JSON file that names sources with paths, licence and split.")
    ] = None,
    odts: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Keep this source for the out-of-distribution test.")
    ] = None,
    benchmark: Annotated[
        list[str] | None, typer.Option(metavar="PATH", help="Leave out texts that these logs have, nearly or equally.")
    ] = None,
    test_share: Annotated[
        float, typer.Option(min=0.0, max=0.5, help="Share of each source for the in-distribution test.")
    ] = 0.02,
    dedup_view: Annotated[
        Literal["masked", "exact", "both"],
        typer.Option(
            help="Where equal and nearly equal events are told: masked, as models read them; exact, so that texts stay "
            "that differ in ids, times, names or addresses alone; both, one after the other."
        ),
    ] = "masked",
    near_threshold: Annotated[
        float, typer.Option(help="Jaccard index of near duplicates; 1 keeps all but equal texts.")
    ] = 0.8,
    per_template: Annotated[int, typer.Option(min=1, help="Texts of one template at most.")] = 2_000,
    per_source: Annotated[int, typer.Option(min=1, help="Texts of one source at most.")] = 60_000,
    pseudonymise: Annotated[
        Path | None, typer.Option(metavar="KEYFILE", help="Replace names and addresses; the file holds the secret key.")
    ] = None,
    tokenizer: Annotated[
        Path | None, typer.Option(help="A tokenizer.json to use; default: learn one from the corpus.")
    ] = None,
    vocab_size: Annotated[int, typer.Option(min=512, max=65_536, help="Tokens of the tokenizer to learn.")] = 16_384,
    max_tokens: Annotated[int, typer.Option(min=8, help="Tokens at which a text is cut.")] = 512,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    ray: Ray = None,
    force: Force = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Read, filter, deduplicate, balance, split and tokenize logs.

    A killed run goes on where it was when the same command is given again. The same input and options give the same
    bytes, in one process, in many, or on Ray.
    """
    from loglm.cli.output import report_problems
    from loglm.corpus.build import build_corpus
    from loglm.corpus.executors import make_executor
    from loglm.corpus.options import BuildOptions
    from loglm.events.problems import Problems

    problems = Problems()
    if ray is not None:  # a worker may stand in another folder
        paths, benchmark = ([str(Path(path).absolute()) for path in given or []] for given in (paths, benchmark))
        sources, tokenizer = (path and path.absolute() for path in (sources, tokenizer))
        out = out.absolute()
    options = BuildOptions(
        dedup_view=dedup_view,
        near_threshold=near_threshold,
        per_template=per_template,
        per_source=per_source,
        held_out=test_share,
        vocab_size=vocab_size,
        tokenizer=tokenizer,
        max_tokens=max_tokens,
        pseudonym_key=None if pseudonymise is None else _read_key(pseudonymise),
    )
    corpus = build_corpus(
        _sources(paths or [], sources, odts or []),
        out,
        options,
        benchmarks=_benchmarks(benchmark or []),
        executor=make_executor(workers=workers, ray_address=ray),
        overwrite=force,
        progress=_silent if quiet else _Progress(),
        problems=problems,
    )
    if not quiet:
        report_problems(problems)
    _show(corpus, as_json=as_json)
    if not quiet:
        command = f"loglm pretrain --corpus {shlex.quote(str(out))} --out RUNDIR --minutes 30"
        typer.echo(f"the corpus is in {out}; `{command}` trains an encoder on it", err=True)


@app.command()
def info(
    corpus: Annotated[Path, typer.Argument(help="Corpus folder.")],
    as_json: AsJson = False,
) -> None:
    """Show what a corpus holds, after checking every shard against its checksum."""
    from loglm.corpus.folder import SPLITS, CorpusFolder

    opened = CorpusFolder.open(corpus)
    for split in SPLITS:
        if opened.sequences(split):
            opened.load(split)
    _show(opened, as_json=as_json)


@app.command()
def pairs(
    paths: LogPaths,
    out: Annotated[Path, typer.Option("--out", "-o", help="File of JSON lines to write.")],
    kind: Annotated[
        Literal["exact-view", "entity"],
        typer.Option(
            help="exact-view: an event as models read it, and with every field as it is; entity: an event and the next "
            "different one of the same host, user or address."
        ),
    ],
    events: Annotated[int, typer.Option(min=1, help="Events to draw at most, each with its partner.")] = 100_000,
    seed: Seed = 0,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Draw texts that belong together from logs, for `loglm pretrain --positives pairs --pairs FILE`.

    Give logs that are trained on, none that models are to be measured on. The file holds log text, with exact-view
    names and addresses too: guard it as you guard the logs.
    """
    from loglm.cli.output import count_events, report_problems
    from loglm.corpus.event_pairs import draw_event_pairs
    from loglm.events.problems import Problems
    from loglm.reports.output import check_report, open_report

    check_report(out, overwrite=force)
    problems = Problems()
    progress = partial(count_events, quiet=quiet)
    drawn = draw_event_pairs(paths, kind, most=events, seed=seed, problems=problems, progress=progress)
    with open_report(out) as file:
        file.writelines(pair.to_json() + "\n" for pair in drawn)
    if not quiet:
        report_problems(problems)
        typer.echo(f"{out}: {plural(len(drawn), 'pair')}", err=True)


def _sources(paths: list[str], file: Path | None, odts: list[str]) -> list[CorpusSource]:
    from loglm.corpus.sources import hold_out_sources, read_sources_file, sources_of_paths

    if bool(paths) == (file is not None):
        raise typer.BadParameter("give folders of logs, or --sources FILE")
    found = sources_of_paths(paths) if file is None else read_sources_file(file)
    return hold_out_sources(found, odts)


def _benchmarks(paths: list[str]) -> list[CorpusSource]:
    from loglm.corpus.sources import CorpusSource

    return [CorpusSource(Path(path).resolve().name, (path,)) for path in paths]


def _read_key(path: Path) -> bytes:
    from loglm.errors import InputError

    try:
        return path.read_bytes().strip()
    except OSError as error:
        command = f"openssl rand -hex 32 > {shlex.quote(str(path))}"
        raise InputError(f"{path}: the key cannot be read ({error.strerror}); make one with `{command}`") from error


def _repeated(corpus: CorpusFolder, step: str) -> str:
    """Reading leaves out most repeats, so that the numbers of the step that is named for them do not show them."""
    from loglm.corpus.drops import REPEATED

    if not step.startswith("exact deduplication"):
        return ""
    view = step.removeprefix("exact deduplication")
    drops = corpus.facts.get("drops", {}).items()
    number = sum(count for reason, count in drops if reason.startswith(REPEATED) and reason.endswith(view))
    return f" (events that repeated a text, in reading too: {number:,})"


def _show(corpus: CorpusFolder, *, as_json: bool) -> None:
    from loglm.cli.output import print_json
    from loglm.reports.sanitize import one_line

    if as_json:
        print_json(corpus.facts)
        return
    typer.echo(f"{'source':32} {'licence':16} {'events':>10} {'train':>9} {'idts':>7} {'odts':>7}")
    for source in corpus.facts["sources"]:
        texts = source["texts"]
        typer.echo(
            f"{one_line(source['name'])[:32]:32} {one_line(source['licence'])[:16]:16} {source['events']:>10,} "
            f"{texts['train']:>9,} {texts['idts']:>7,} {texts['odts']:>7,}"
        )
    for step in corpus.facts["steps"]:
        typer.echo(f"{step['step']}: {step['before']:,} to {step['after']:,}{_repeated(corpus, step['step'])}")
    for split, facts in corpus.facts["splits"].items():
        typer.echo(
            f"{split}: {plural(facts['sequences'], 'text')}, {plural(facts['tokens'], 'token')}, "
            f"{plural(len(facts['shards']), 'shard')}{_cut(corpus, split)}"
        )


def _cut(corpus: CorpusFolder, split: str) -> str:
    number = corpus.facts.get("texts_cut", {}).get(split, 0)  # not told by corpora of before
    return f", {plural(number, 'text')} cut at {corpus.facts['options']['max_tokens']:,} tokens" if number else ""


_EVERY_S = 30


def _silent(step: str, done: int, total: int) -> None:
    pass


class _Progress:
    """Steps and their parts on stderr, from two seconds on.

    On a terminal, one line is redrawn; else there is one for each step, and every half minute.
    """

    def __init__(self) -> None:
        self._started = self._step_started = self._shown = time.monotonic()
        self._step, self._done_before = "", 0
        self._goes_on = False

    def __call__(self, step: str, done: int, total: int) -> None:
        now = time.monotonic()
        if step != self._step:
            self._step, self._step_started, self._done_before = step, now, done
            if done and not self._goes_on:
                self._goes_on = True
                sys.stderr.write("goes on from an earlier run that did not end: what it had finished is taken over\n")
        if now - self._started < 2:
            return
        seconds = now - self._step_started
        own = done - self._done_before
        left = f", about {seconds / own * (total - done):,.0f} s left" if own and done < total else ""
        line = f"{step}: {done:,}/{plural(total, 'part')}, {seconds:,.0f} s{left}"
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{line}\x1b[K" + ("\n" if done == total else ""))
        elif done == total or now - self._shown >= _EVERY_S:
            self._shown = now
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
