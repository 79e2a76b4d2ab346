"""`loglm intel ask`: what the texts of an index say of a question, an event, a log, or findings."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loglm.cli.options import AsJson
from loglm.errors import InputError
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.intel.context import Answer, Prompt
    from loglm.intel.querying import Match
    from loglm.intel.questions import Question

__all__ = ["ask"]

_LIMIT = 5
_LIMIT_OF_FINDING = 2
_IN_PROMPT = 40
"""Passages tried for a prompt."""
_EXCERPT_CHARS = 320
_PATH = re.compile(
    r"(?!\w+://)\S*/\S*|[\w.-]{1,200}\.(log|txt|evtx|xml|jsonl?|csv|tsv|gz|zst|xz|bz2|zip|tar|pcap)(:\d+)?"
)
"""A question of one word that is meant for a file."""


def ask(
    index: Annotated[Path, typer.Argument(help="Folder of the index, from loglm intel index.")],
    query: Annotated[
        str | None, typer.Argument(help="Words, a log line, FILE:LINE, or a log file; - for a log on stdin.")
    ] = None,
    findings: Annotated[
        str | None, typer.Option("--findings", help="Findings instead, as loglm detect --json or --jsonl wrote them.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", "-n", min=1, max=100, help="Passages shown at most; 5, or 2 for each of several findings."
        ),
    ] = None,
    prompt: Annotated[
        bool, typer.Option("--prompt", help="A prompt with numbered sources, to paste into a language model.")
    ] = False,
    tokens: Annotated[int, typer.Option("--tokens", min=200, help="What the prompt may take.")] = 3000,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", help="Send the prompt there: an OpenAI-compatible address.")
    ] = None,
    llm: Annotated[str | None, typer.Option("--llm", help="The language model's name at the endpoint.")] = None,
    key_env: Annotated[
        str, typer.Option("--key-env", help="Environment variable that holds the endpoint's key, if it asks for one.")
    ] = "LOGLM_API_KEY",
    model: Annotated[
        Path | None, typer.Option(help="Model folder that names techniques in events; the shipped one by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find what the texts of an index say of a question, an event, a log, or findings.

    Passages are ranked by words (TF-IDF) and by technique: a passage that is of the technique that the question seems
    to be about comes first even where it has few of its words. Of events, the model's ATT&CK head names techniques
    beside; of findings, those that they state count. The score orders the passages of one question and is no
    probability.

    With --prompt, question and passages become a text of at most --tokens tokens by the model's tokenizer, which
    splits finer than those of large language models do. Nothing leaves this machine unless --endpoint is given.
    """
    from loglm.cli.output import print_json
    from loglm.intel.context import assemble, token_counter

    target = None if endpoint is None else _endpoint(endpoint, llm, key_env)
    questions = _questions(query, findings, model)
    wanted = _IN_PROMPT if prompt or target else limit or (_LIMIT_OF_FINDING if len(questions) > 1 else _LIMIT)
    answers = _answers(index, questions, wanted)
    if not (prompt or target):
        if as_json:
            print_json({"answers": [_as_json(answer) for answer in answers]})
        else:
            _show(answers)
        return
    made = assemble([a for a in answers if a.matches], tokens=tokens, count=token_counter(model))
    said = None if target is None else _said(target, made)
    if as_json:
        print_json(_prompt_json(made, said))
    else:
        _show_prompt(made, said)


def _questions(query: str | None, findings: str | None, model: Path | None) -> list[Question]:
    from loglm.intel.findings_file import read_ocsf
    from loglm.intel.questions import about_ocsf

    if (query is None) == (findings is None):
        raise InputError("give a question, a log line, FILE:LINE or a log, or else --findings FILE")
    if findings is not None:
        return [about_ocsf(event) for event in read_ocsf(findings)]
    return [_asked(query or "", model)]


def _asked(query: str, model: Path | None) -> Question:
    """Words, unless it is a log, a place in one, or a line of a kind that is known."""
    from loglm.cli.event_places import event_at
    from loglm.events.reading import parse_line
    from loglm.intel.questions import about_events, about_words

    if not query.strip():
        raise InputError("the question is empty; give some words, a log line, FILE:LINE, or --findings FILE")
    event = event_at(query)
    if event is not None:
        return about_events([event], _scorer(model), title=f"the event at {query}")
    if query == "-" or _exists(query):
        return _asked_log(query, model)
    if _PATH.fullmatch(query):
        raise InputError(f"{query}: there is no such file; give a log, FILE:LINE, a log line, or a question in words")
    line = parse_line(query)
    if line.log_source.product != "unknown":
        return about_events([line], _scorer(model), title="a log line")
    return about_words(query)


def _asked_log(path: str, model: Path | None) -> Question:
    from loglm.cli.output import count_events, refuse_empty, report_problems
    from loglm.events import Problems, read_events
    from loglm.intel.questions import MOST_EVENTS, about_events

    problems = Problems()
    read = count_events(read_events([path], problems=problems))
    events = list(islice(read, MOST_EVENTS))
    refuse_empty([path], len(events), problems)
    report_problems(problems)
    name = "standard input" if path == "-" else path
    if len(events) == MOST_EVENTS and next(read, None) is not None:
        typer.echo(f"{name}: only the first {MOST_EVENTS:,} events are looked at; give a part for the rest", err=True)
    return about_events(events, _scorer(model), title=f"the events of {name}")


def _scorer(model: Path | None) -> Any:
    from loglm.detection.scorer import WindowScorer

    return WindowScorer.from_pretrained(model)


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # too long for a name, or a NUL
        return False


def _answers(index: Path, questions: Sequence[Question], limit: int) -> list[Answer]:
    """What the index says of each; of several, those of which it says nothing are counted and have no passages.

    Raises:
        InputError: It says nothing of any of them.
    """
    from loglm.cli.output import count_events
    from loglm.intel.context import Answer
    from loglm.intel.querying import IntelIndex

    opened = IntelIndex(index)
    can_answer = [opened.can_answer(question) for question in questions]
    if not any(can_answer):
        opened.passages(questions[0])  # says why not
    if not all(can_answer):
        missing = plural(can_answer.count(False), "finding")
        typer.echo(f"{missing} of {len(questions):,}: no word of it stands in any text of the index", err=True)
    asked = count_events(zip(questions, can_answer, strict=True), "questions", look_every=1)
    return [
        Answer(q, opened.techniques(q), opened.passages(q, limit=limit)) if can else Answer(q, [], [])
        for q, can in asked
    ]


def _endpoint(url: str, llm: str | None, key_env: str) -> Any:
    from loglm.intel.endpoint import Endpoint

    if not llm:
        raise InputError("--endpoint needs --llm NAME: the language model's name at that address")
    return Endpoint(url, llm, os.environ.get(key_env) or None)


def _said(target: Any, made: Prompt) -> str:
    from loglm.intel.endpoint import ask_model

    typer.echo(f"sending {plural(made.tokens, 'token')} to {target.shown}", err=True)
    return ask_model(target, made.text)


def _as_json(answer: Answer) -> dict[str, Any]:
    from dataclasses import asdict

    question = answer.question
    return {
        "question": question.title,
        "known_techniques": {name: round(value, 4) for name, value in question.techniques.items()},
        "techniques": [asdict(fit) | {"score": round(fit.score, 4)} for fit in answer.fits],
        "matches": [_match_json(match) for match in answer.matches],
    }


def _match_json(match: Match) -> dict[str, Any]:
    from dataclasses import asdict

    return {"score": round(match.score, 4), **asdict(match.passage)}


def _prompt_json(made: Prompt, said: str | None) -> dict[str, Any]:
    sources = [{"number": number, **_match_json(match)} for number, match in enumerate(made.sources, 1)]
    found: dict[str, Any] = {"prompt": made.text, "tokens": made.tokens, "sources": sources}
    return found if said is None else {**found, "answer": said}


def _show(answers: Sequence[Answer]) -> None:
    from loglm.reports.sanitize import excerpt, one_line

    for number, answer in enumerate(answers):
        if number:
            typer.echo()
        if not answer.question.is_asked:
            typer.echo(excerpt(one_line(answer.question.title), 200))
        if answer.fits:
            fits = " · ".join(f"{fit.technique_id} {one_line(fit.name)} {fit.score:.2f}" for fit in answer.fits)
            typer.echo(f"techniques that fit: {fits}")
        for place, match in enumerate(answer.matches, 1):
            passage = match.passage
            typer.echo(f"{place}. {match.score:.2f} {excerpt(one_line(passage.title), 160)}")
            typer.echo(f"   {one_line(passage.path)}, {one_line(passage.place)}")
            typer.echo(f"   {excerpt(one_line(passage.text), _EXCERPT_CHARS)}")
        if not answer.matches:
            typer.echo("no passage found", err=True)


def _show_prompt(made: Prompt, said: str | None) -> None:
    from loglm.reports.sanitize import one_line, visible

    if said is None:
        typer.echo(made.text)
        typer.echo(f"{plural(made.tokens, 'token')}, {plural(len(made.sources), 'source')}", err=True)
        return
    typer.echo(visible(said).strip())
    typer.echo()
    for number, match in enumerate(made.sources, 1):
        passage = match.passage
        typer.echo(f"[{number}] {one_line(passage.title)} ({one_line(passage.path)}, {one_line(passage.place)})")
