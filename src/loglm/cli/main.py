"""The `loglm` command: its subcommands, each imported when it is needed, and how errors are shown."""

from __future__ import annotations

import difflib
import errno
import io
import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from loglm import __version__
from loglm.errors import LogLMError

__all__ = ["app", "main"]

COMMANDS = {
    "adapt": ("loglm.cli.adapt", "adapt"),
    "anomalies": ("loglm.cli.anomalies", "anomalies"),
    "beacons": ("loglm.cli.beacons", "beacons"),
    "corpus": ("loglm.cli.corpus", "app"),
    "detect": ("loglm.cli.detect", "detect"),
    "distill": ("loglm.cli.distill", "app"),
    "embed": ("loglm.cli.embed", "embed"),
    "evaluate": ("loglm.cli.evaluate", "app"),
    "index": ("loglm.cli.index", "index"),
    "info": ("loglm.cli.info", "info"),
    "intel": ("loglm.cli.intel", "app"),
    "model": ("loglm.cli.model", "app"),
    "patterns": ("loglm.cli.patterns", "patterns"),
    "pretrain": ("loglm.cli.pretrain", "pretrain"),
    "pretrain-context": ("loglm.cli.pretrain_context", "pretrain_context"),
    "search": ("loglm.cli.search", "search"),
    "sequences": ("loglm.cli.sequences", "sequences"),
    "similar": ("loglm.cli.similar", "similar"),
    "subsample": ("loglm.cli.subsample", "subsample"),
    "tokenizer": ("loglm.cli.tokenizer", "app"),
    "triage": ("loglm.cli.triage", "triage"),
}
"""Where each subcommand is: a module that imports nothing heavy, and in it a function or a `typer.Typer`."""

BAD_INPUT = 2
INTERRUPTED = 130
PIPE_CLOSED = 141
"""128 + SIGPIPE, as from a program that the signal ended."""


class CommandGroup(TyperGroup):
    """The subcommands of `COMMANDS`, imported when asked for; errors of a person's input become one line."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        target = getattr(import_module(module), name)
        if not isinstance(target, typer.Typer):
            single = typer.Typer(add_completion=False)
            single.command(cmd_name)(target)
            target = single
        target.rich_markup_mode = None  # help is plain text: markup takes "[train]" for a style, and drops it
        command = typer.main.get_command(target)
        command.name = cmd_name
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else f" There are {', '.join(COMMANDS)}."
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            if sys.stdout is not None:  # it may have been closed before the start
                sys.stdout.flush()
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")  # pydantic's word for any refusal
            raise
        except BrokenPipeError:
            _discard_stdout()
            raise typer.Exit(PIPE_CLOSED) from None
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except (LogLMError, OSError) as error:
            if os.environ.get("LOGLM_DEBUG") == "1":
                raise
            _complain(error)
            raise typer.Exit(BAD_INPUT) from None
        return result


_NO_RIGHT = "see that this user may use it, or give another path"
_REMEDIES = {
    errno.EACCES: _NO_RIGHT,
    errno.EPERM: _NO_RIGHT,
    errno.EROFS: "give a path that can be written to",
    errno.ENOSPC: "make room on the disk, or give another path",
    errno.ENOENT: "see that it is spelt right",
    errno.ENOTDIR: "a part of the path is a file; give another",
    errno.EISDIR: "give a file, not a folder",
}
"""What the system refuses where no command says it better -> what to do."""

app = typer.Typer(
    cls=CommandGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"loglm {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Raw logs in, MITRE ATT&CK findings with their evidence out. Offline, on a CPU.

    Results go to stdout, everything else to stderr.
    Exit code 0: done; 1: only where a command was asked to fail; 2: an option or input that cannot be used.
    """


def main() -> None:
    """Run the command line of this process."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr; not every terminal has UTF-8
    app()


def _complain(error: Exception) -> None:
    from loglm.reports.sanitize import one_line

    typer.echo(f"loglm: {one_line(_said(error))}", err=True)


def _said(error: Exception) -> str:
    """What is said of an error; of the system's the file, what it refuses, and what to do about that."""
    if not isinstance(error, OSError) or error.filename is None:
        return str(error)
    remedy = _REMEDIES.get(error.errno or 0)
    return f"{os.fsdecode(error.filename)}: {error.strerror or error}" + (f"; {remedy}" if remedy else "")


def _discard_stdout() -> None:
    """Nobody reads any more: what is still buffered must not raise again when the interpreter ends."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    os.close(devnull)
