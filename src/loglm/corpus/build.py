"""From folders of logs to a corpus folder."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path

from loglm.corpus.documents import import_polars
from loglm.corpus.executors import Executor, ThisProcess
from loglm.corpus.finishing import finish_folder
from loglm.corpus.folder import CORPUS_JSON, CorpusFolder
from loglm.corpus.listing import list_files
from loglm.corpus.options import BuildOptions
from loglm.corpus.parts import Progress
from loglm.corpus.sources import CorpusSource
from loglm.corpus.steps import CorpusRun, run_steps
from loglm.corpus.working_folder import open_working_folder, working_folder
from loglm.errors import InputError
from loglm.events.problems import Problems

__all__ = ["build_corpus"]

_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def build_corpus(
    sources: Sequence[CorpusSource],
    out: Path,
    options: BuildOptions | None = None,
    *,
    benchmarks: Sequence[CorpusSource] = (),
    executor: Executor | None = None,
    overwrite: bool = False,
    progress: Progress = lambda step, done, total: None,  # noqa: ARG005
    problems: Problems | None = None,
) -> CorpusFolder:
    """Build a corpus folder; the same bytes for the same input and options, whatever computes them.

    Beside ``out``, in ``.NAME.building``, lie the parts that are finished; a run that was killed goes on from them.
    A worker holds one chunk of 100,000 texts or 32 MiB, one range of about 200,000 texts, or one block of 100,000 texts
    with 4 kB for each: 0.7 GB at the usual 500 characters a text, 2 GB where all are as long as can be, whatever the
    size of the corpus. Planning needs 200 bytes for each document, and contamination as much for each that stays.

    Args:
        sources: What to read.
        out: The folder to make.
        options: See `BuildOptions`.
        benchmarks: Logs that models will be measured on; texts of theirs, or nearly theirs, are left out.
        executor: Where parts are computed; None: in this process.
        overwrite: Replace an existing corpus.
        progress: Is told step, finished parts and their number.
        problems: Takes what could not be read.

    Raises:
        InputError: ``out`` is there already, an option or path cannot be used, benchmarks are given and the masked view
            is not compared, or the disk is full.
        EmptyInputError: No file, no event, or too few texts are left to train on; or a benchmark has no text.
        MissingExtraError: polars, rensa or Ray is not installed.
    """
    options = options or BuildOptions()
    import_polars()
    _check_target(out, overwrite)
    if benchmarks and options.dedup_view == "exact":
        raise InputError(
            "benchmarks are kept out by what models read, which is masked, and the exact view lets their texts pass; "
            "compare in the masked view too (--dedup-view masked or both), or give no benchmark"
        )
    problems = Problems() if problems is None else problems
    listing = list_files(sources, benchmarks, held_out=options.held_out, problems=problems)
    try:
        with open_working_folder(out) as work:
            _check_target(out, overwrite)  # another run may have finished it since
            run = CorpusRun(work, executor or ThisProcess(), progress, listing, options)
            finish_folder(out, listing, options, run_steps(run, problems))
    except OSError as error:
        if error.errno not in _DISK_FULL:
            raise
        kept = working_folder(out)
        goes_on = f": it goes on from the finished parts in {kept}; delete that folder to give up"
        raise InputError(
            f"{out}: not written, since the disk is full ({error.strerror}). Make room and run the same command again"
            f"{goes_on if kept.is_dir() else ''}"
        ) from error
    return CorpusFolder.open(out)


def _check_target(out: Path, overwrite: bool) -> None:
    if not out.exists():
        return
    is_corpus = (out / CORPUS_JSON).is_file()
    if is_corpus and not overwrite:
        raise InputError(f"{out}: already there; give another folder, or --force to replace it")
    if not is_corpus and not (out.is_dir() and not any(out.iterdir())):
        raise InputError(f"{out}: already there and not a corpus, so it is not replaced; give another folder")
