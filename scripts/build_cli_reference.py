"""Write docs/cli.md, the reference of the command line, from the help of each command.

    python scripts/build_cli_reference.py            # write it
    python scripts/build_cli_reference.py --check    # exit with 1 where it is out of date

Examples stand above the help of their command; tests/test_docs.py runs them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import typer

from loglm.cli.main import app

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
HEAD = """\
# Command line

Made by `scripts/build_cli_reference.py` from the commands themselves; change the help or the examples there.

- Results go to stdout, everything else (progress, counts of what could not be read, errors) to stderr.
- A path is a file, a folder, a pattern (`'logs/*.gz'`), an archive, or `-` for standard input. Formats are recognised.
- Exit code 0: done. 1: `--fail-on` was given and a finding has that level or more, or `loglm adapt`
  or `loglm model compare` refuses a model. 2: an option or input that cannot be used.
  130: interrupted (143: a stream, by SIGTERM). 141: what read the output has ended.
- One thing has one name in all commands and JSON documents: [names](../CONTRIBUTING.md#names-on-the-command-line).
- Errors are one line; `LOGLM_DEBUG=1` shows the traceback. No command uses the network, but for
  `loglm intel ask --endpoint`.

The examples run from the root of the repository.
"""
EXAMPLES = {
    "corpus build": """\
loglm corpus build examples/logs --out corpus --odts web
""",
    "corpus info": """\
loglm corpus build examples/logs --out corpus -q
loglm corpus info corpus
""",
    "anomalies": """\
loglm anomalies examples/logs/simulated --limit 3
loglm anomalies examples/logs/ssh --baseline-share 0.3 --html anomalies.html -q
loglm anomalies --baseline examples/logs/ssh --state state
cat examples/logs/web/access.log | loglm anomalies - --state state --jsonl
""",
    "sequences": """\
loglm sequences examples/logs/ssh/auth.log --by pid
loglm sequences examples/logs/ssh/auth.log --by pid --no-encoder --threshold 15 --json -q > sequences.json
""",
    "detect": """\
loglm detect examples/logs --quiet
loglm detect examples/logs --html report.html --csv findings.csv --navigator layer.json --summary summary.json -q
loglm detect examples/logs/ssh/auth.log --jsonl -q > findings.jsonl
cat examples/logs/web/access.log | loglm detect - --json -q > findings.json
loglm detect examples/logs/simulated --context -q
loglm intel index examples/intel --out intel -q
loglm detect examples/logs --intel intel --html report-with-texts.html -q
""",
    "embed": """\
loglm embed examples/logs/ssh/auth.log -o vectors.npz --force
head -n 2 examples/logs/web/access.log | loglm embed - --jsonl > vectors.jsonl
""",
    "index": """\
loglm index examples/logs/ssh --out index
loglm index examples/logs --out index --json
""",
    "search": """\
loglm index examples/logs/ssh --out index --quiet
loglm search index "failed password for invalid user" --limit 3
loglm search index examples/logs/ssh/auth.log:2 --since 2026-11-21T12:00 --json > hits.json
loglm search index 127.0.0.5 --value
""",
    "similar": """\
loglm similar examples/logs/ssh/auth.log:2 examples/logs/ssh/auth.log:33
loglm similar examples/logs/linux examples/logs/ssh --limit 3 --quiet
""",
    "info": """\
loglm info --markdown
loglm info --json
loglm anomalies --baseline examples/logs/ssh --state info-state --quiet
loglm info --state info-state
""",
    "intel index": """\
loglm intel index examples/intel --out intel
""",
    "intel ask": """\
loglm intel index examples/intel --out intel --quiet
loglm intel ask intel "who reads the memory of lsass?" --limit 2
loglm intel ask intel examples/logs/ssh/auth.log:136 --json > texts.json
loglm detect examples/logs --json -q > findings.json
loglm intel ask intel --findings findings.json --prompt --tokens 4000 > prompt.txt
""",
    "patterns": """\
loglm patterns examples/logs/audit/audit.log --limit 3
loglm patterns examples/logs/web --method embeddings --json > patterns.json
""",
    "subsample": """\
loglm subsample examples/logs/ssh/auth.log --limit 6
loglm subsample examples/logs/web --tokens 1000 --quiet > prompt.txt
""",
    "tokenizer train": """\
loglm tokenizer train examples/logs --out tokenizer.json --vocab-size 2048
""",
    "tokenizer evaluate": """\
loglm tokenizer evaluate examples/logs --per-source 200 --csv figures.csv
""",
    "model check": """\
loglm model check
""",
}
"""Commands shown above the help of a command."""
_PLAIN_HELP = {"TYPER_USE_RICH": "0", "COLUMNS": "100", "TERMINAL_WIDTH": "100"}


def reference() -> str:
    """The whole page."""
    return HEAD + "".join(_section(command) for command in _commands())


def _commands() -> list[tuple[str, ...]]:
    """Every command as its words after ``loglm``, a group before its subcommands; the first is ``loglm`` itself."""
    root = typer.main.get_command(app)
    context = root.make_context("loglm", [], resilient_parsing=True)
    commands: list[tuple[str, ...]] = [()]
    for name in root.list_commands(context):  # type: ignore[attr-defined]
        command = root.get_command(context, name)  # type: ignore[attr-defined]
        commands.append((name,))
        commands += [(name, inner) for inner in getattr(command, "commands", ())]
    return commands


def _section(command: tuple[str, ...]) -> str:
    name = " ".join(("loglm", *command))
    example = EXAMPLES.get(" ".join(command))
    runnable = f"<!-- run -->\n```shell\n{example}```\n\n" if example else ""
    return f"\n## {name}\n\n{runnable}```\n{_help(command)}```\n"


def _help(command: tuple[str, ...]) -> str:
    shown = subprocess.run(
        [sys.executable, "-m", "loglm", *command, "--help"],
        env=os.environ | _PLAIN_HELP,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    lines = [line.rstrip() for line in shown.replace("python -m loglm", "loglm").splitlines()]
    return "\n".join(lines).strip() + "\n"


def main() -> int:
    """Write or check the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where the page is out of date")
    check = parser.parse_args().check
    page = reference()
    if not check:
        REFERENCE.write_text(page, encoding="utf-8")
    elif not REFERENCE.is_file() or REFERENCE.read_text(encoding="utf-8") != page:
        print(f"{REFERENCE}: out of date; run python scripts/build_cli_reference.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
