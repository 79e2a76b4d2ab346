"""How fast each model embeds the rendered texts of labelled log lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from loglm.artifacts.folder import default_model_dir
from loglm.corpus.folder import TOKENIZER_JSON
from loglm.errors import EmptyInputError
from loglm.evaluation.embedding_speed import speed_scores
from loglm.evaluation.scores import ALL, Score
from loglm.evaluation.suite.task import PublishedFigure, SuiteInputs, SuiteTask, TaskRun
from loglm.evaluation.template_lines import read_template_lines, template_files
from loglm.plurals import plural
from loglm.tokenizer.bpe import load_tokenizer

__all__ = ["TASK"]

_FEWEST = 12


def _files(inputs: SuiteInputs) -> list[Path]:
    labelled = [path for _, *paths in template_files(inputs.need("data")) for path in paths]
    return [*labelled, *filter(Path.is_file, [_tokenizer_file(inputs)])]


def _score(run: TaskRun) -> Iterator[Score]:
    data = run.inputs.need("data")
    lines = read_template_lines(data, per_system=run.options.lines, seed=0)
    texts = list(dict.fromkeys(line.text for line in lines))
    if len(texts) < _FEWEST:
        raise EmptyInputError(
            f"{data}: only {plural(len(texts), 'different event')} to time; expected {_FEWEST} or more"
        )
    tokenizer = _tokenizer_file(run.inputs)
    count = _token_counter(tokenizer) if tokenizer.is_file() else None
    embedders = run.models.embedders(run.note)
    yield from speed_scores(embedders, texts, count_tokens=count, most=run.options.timed, say=run.say)


def _tokenizer_file(inputs: SuiteInputs) -> Path:
    """By whose tokens all models are told: the corpus' tokenizer, or that of the shipped model."""
    return (inputs.corpus or default_model_dir()) / TOKENIZER_JSON


def _token_counter(path: Path) -> Callable[[Sequence[str]], int]:
    tokenizer = load_tokenizer(path)
    return lambda texts: sum(len(encoding.ids) for encoding in tokenizer.encode_batch_fast(list(texts)))


TASK = SuiteTask(
    name="speed",
    about="Distinct rendered events, tokenizing included, nothing cached; known: the same events again, whose vectors "
    "models of LogLM keep. Models take turns; 95 % t intervals over rounds. Tokens are counted by one tokenizer for "
    "all. The last column is the speed by CPU time in parts of TF-IDF's, which another machine changes least. Runs and "
    "untrained encoders compute in fp32, model folders as they are shipped.",
    files=_files,
    score=_score,
    is_timed=True,
    published=(
        PublishedFigure(
            "tokens a minute",
            "35,791 to 60,150",
            "six tables of Microsoft Sentinel, 513 to 1,052 tokens a line; 110M parameters on a V100",
            ("speed", ALL, "tokens/min"),
        ),
    ),
)
