"""One thing has one name in all commands: their options and JSON documents keep to the tables of CONTRIBUTING.md."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import pytest
import typer
from typer.testing import CliRunner

from loglm.artifacts.folder import MANIFEST, default_model_dir
from loglm.cli.main import app

_ROOT = Path(__file__).resolve().parents[2]
_CONTRIBUTING = (_ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
_QUOTED = re.compile(r"`([^`]+)`")
_ADDED = re.compile(r"add_argument\(\s*\"(--[a-z-]+)\"")
_TYPES = {"number": (int, float), "flag": (bool,), "path": (Path, str), "text": (str,)}


@dataclass(frozen=True)
class Option:
    """As one command has it."""

    command: str
    names: frozenset[str]
    types: frozenset[type]
    help: str


@dataclass(frozen=True)
class Word:
    """A row of the vocabulary."""

    names: frozenset[str]
    value: str
    says: str
    is_distinct: bool
    """Whether no other option may say so."""
    instead_of: frozenset[str]


def _rows(head: str) -> Iterator[list[str]]:
    """The cells of the table that begins with a head."""
    for line in _CONTRIBUTING.partition(head)[2].split("\n\n")[0].splitlines()[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def _vocabulary() -> dict[str, Word]:
    """Every long option of the table, those of one row each by itself."""
    words = {}
    for names, value, says, instead_of in _rows("| option | value |"):
        quoted = _QUOTED.findall(names)
        for name in quoted:
            if name.startswith("--"):
                short = {other for other in quoted if not other.startswith("--")}
                phrase, others = says.strip("*"), frozenset(_QUOTED.findall(instead_of))
                words[name] = Word(frozenset({name} | short), value, phrase, says.startswith("**"), others)
    return words


def _leaf_types(annotation: Any) -> frozenset[type]:
    """The types of values, without None and what holds several."""
    origin = get_origin(annotation)
    if origin is Literal:
        return frozenset({str})
    if origin in (Union, UnionType, list):
        return frozenset().union(*(_leaf_types(part) for part in get_args(annotation) if part is not type(None)))
    return frozenset({str}) if issubclass(annotation, Enum) else frozenset({annotation})


def _commands(command: Any, name: str, context: typer.Context) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "list_commands"):
        yield name, command
        return
    for part in command.list_commands(context):
        inner = command.get_command(context, part)
        yield from _commands(inner, f"{name} {part}".strip(), typer.Context(inner, parent=context, info_name=part))


def _options() -> dict[str, list[Option]]:
    """The options of all commands by their long name."""
    found = defaultdict(list)
    root = typer.main.get_command(app)
    for name, command in _commands(root, "", typer.Context(root)):
        for parameter in command.params:
            if parameter.param_type_name == "option" and parameter.name != "help":
                names = frozenset({*parameter.opts, *parameter.secondary_opts})
                types = _leaf_types(parameter.type_descriptor.annotation)
                long = next(option for option in parameter.opts if option.startswith("--"))
                found[long].append(Option(name, names, types, parameter.help or ""))
    return found


OPTIONS = _options()
VOCABULARY = _vocabulary()


def test_there_are_commands_and_words() -> None:
    assert len({option.command for options in OPTIONS.values() for option in options}) > 30
    assert VOCABULARY.keys() <= OPTIONS.keys(), "a word that no command uses"


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_option_of_several_commands_is_declared_once_or_stands_in_the_vocabulary(name: str) -> None:
    helps = {option.help for option in OPTIONS[name]}
    assert len(helps) == 1 or name in VOCABULARY, helps


@pytest.mark.parametrize("name", sorted(VOCABULARY))
def test_option_is_what_the_vocabulary_says(name: str) -> None:
    word = VOCABULARY[name]
    for option in OPTIONS[name]:
        assert {flag for flag in option.names if not flag.startswith("--no-")} == word.names, option.command
        assert option.types <= set(_TYPES[word.value]), option.command
        assert word.says.lower() in option.help.lower(), f"{option.command}: {option.help}"


@pytest.mark.parametrize("name", sorted(name for name, word in VOCABULARY.items() if word.is_distinct))
def test_what_an_option_says_is_said_by_no_other(name: str) -> None:
    says = VOCABULARY[name].says
    others = [o for other, options in OPTIONS.items() if other != name for o in options if says in o.help]
    assert not others


def test_no_option_has_a_name_that_another_word_replaces() -> None:
    given = {name: option.command for options in OPTIONS.values() for option in options for name in option.names}
    replaced = {old: word.names for word in VOCABULARY.values() for old in word.instead_of}
    assert not {f"{given[old]} {old}: is called {' '.join(new)}" for old, new in replaced.items() if old in given}


@pytest.mark.parametrize("folder", ["scripts", "benchmarks", "examples"])
def test_no_script_has_a_name_that_another_word_replaces(folder: str) -> None:
    replaced = {old for word in VOCABULARY.values() for old in word.instead_of}
    scripts = {path.name: path.read_text(encoding="utf-8") for path in (_ROOT / folder).rglob("*.py")}
    given = {(name, option) for name, text in scripts.items() for option in _ADDED.findall(text)}
    assert given and not {(name, option) for name, option in given if option in replaced}


@pytest.mark.parametrize("name", ["--csv", "--html", "--navigator", "--summary"])
def test_a_command_that_writes_a_file_can_be_told_to_replace_it(name: str) -> None:
    forced = {option.command for option in OPTIONS["--force"]}
    assert not {option.command for option in OPTIONS[name]} - forced


def test_a_letter_stands_for_one_option() -> None:
    meant = defaultdict(set)
    for name, options in OPTIONS.items():
        for letter in {short for option in options for short in option.names if not short.startswith("--")}:
            meant[letter].add(name)
    assert not {letter: names for letter, names in meant.items() if len(names) > 1}


# what documents show

_PAGES = [
    *(_ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted(path for path in (_ROOT / "docs").glob("*.md") if path.name != "cli.md"),
    *sorted((_ROOT / "recipes").glob("*.toml")),
    *sorted((_ROOT / "scripts").glob("*.sh")),
]
_GIVEN = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")


def _shown_commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a page with the rest of its line or of the code around it."""
    joined = text.replace("\\\n", " ")
    known = sorted({option.command for options in OPTIONS.values() for option in options}, key=len, reverse=True)
    for match in re.finditer(r"\bloglm (" + "|".join(known) + r")(?![\w-])([^`\n|]*)", joined):
        yield match[1], re.split(r"\bloglm |\s#|;|&&|\bpython ", match[2])[0]


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_page_shows_options_that_its_commands_have(page: Path) -> None:
    has = defaultdict(set)
    for options in OPTIONS.values():
        for option in options:
            has[option.command] |= option.names
    text = page.read_text(encoding="utf-8")
    unknown = {
        (command, name)
        for command, rest in _shown_commands(text)
        for name in _GIVEN.findall(rest)
        if name not in has[command] | {"--help"}
    }
    assert not unknown


# JSON documents


def _kind(value: Any) -> str:
    kinds = {bool: "flag", int: "number", float: "number", str: "text", list: "list", dict: "object"}
    return kinds[type(value)]


def _json_words() -> dict[str, str]:
    return {
        key: kind
        for keys, kinds, _ in _rows("| key | type |")
        for key, kind in zip(_QUOTED.findall(keys), kinds.split(", "), strict=True)
    }


def _walk(value: Any, words: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Each key with the type of its value; what is keyed by data is not entered."""
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, words)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if words.get(key) == "map":
                yield key, "map" if isinstance(inner, dict) else _kind(inner)
            elif inner is not None:
                yield key, _kind(inner)
                yield from _walk(inner, words)


_AUTH = "examples/logs/ssh/auth.log"
_DOCUMENTS = [
    ["index", _AUTH, "--out", "index"],
    ["search", "index", "failed password", "-n", "2"],
    ["similar", f"{_AUTH}:2", _AUTH, "-n", "2"],
    ["similar", f"{_AUTH}:2", f"{_AUTH}:3", "--matrix"],
    ["subsample", _AUTH, "-n", "2"],
    ["patterns", "examples/logs/linux", "-n", "2"],
    ["anomalies", "examples/logs/ssh", "-n", "2"],
    ["sequences", _AUTH, "--by", "pid", "--no-encoder", "-n", "2"],
    ["beacons", "examples/logs/simulated/zeek_conn.log", "--top", "2"],
    ["intel", "index", "examples/intel", "--out", "intel"],
    ["intel", "list", "intel"],
    ["intel", "ask", "intel", "memory of lsass"],
    ["intel", "ask", "intel", "memory of lsass", "--prompt"],
    ["triage", "--history", "history", "--learn", "past.jsonl"],
    ["triage", "new.jsonl", "--history", "history"],
    ["info"],
    ["model", "check"],
]


@pytest.mark.skipif(not (default_model_dir() / MANIFEST).is_file(), reason="needs the shipped model")
def test_a_key_of_json_documents_has_one_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").symlink_to(_ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    subprocess.run([sys.executable, "examples/label_alerts.py"], check=True)
    words, kinds = _json_words(), defaultdict(lambda: defaultdict(set))
    for command in _DOCUMENTS:
        result = CliRunner().invoke(app, [*command, "--json"])
        assert result.exit_code == 0, result.output
        for key, kind in _walk(json.loads(result.stdout), words):
            kinds[key][kind].add(" ".join(command[:2]))
    assert not {key: dict(found) for key, found in kinds.items() if len(found) > 1}
    assert not {key: dict(kinds[key]) for key in words if key in kinds and words[key] not in kinds[key]}
    assert words.keys() <= kinds.keys(), "a key that no document has"
