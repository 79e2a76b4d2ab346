"""``loglm evaluate``: measure LogLM on data whose answers are known; one module a command."""

from __future__ import annotations

import typer

from loglm.cli.evaluate_ablation import ablation
from loglm.cli.evaluate_anomaly import anomaly
from loglm.cli.evaluate_attack import attack
from loglm.cli.evaluate_beacons import beacons
from loglm.cli.evaluate_compare import compare
from loglm.cli.evaluate_distilled import distilled
from loglm.cli.evaluate_downstream import downstream
from loglm.cli.evaluate_extraction import extraction
from loglm.cli.evaluate_intrinsic import intrinsic
from loglm.cli.evaluate_pseudonyms import pseudonyms
from loglm.cli.evaluate_suite import suite

__all__ = ["app"]

app = typer.Typer(
    name="evaluate",
    help="Measure on data whose answers are known.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("ablation")(ablation)
app.command("anomaly")(anomaly)
app.command("attack")(attack)
app.command("beacons")(beacons)
app.command("compare")(compare)
app.command("distilled")(distilled)
app.command("downstream")(downstream)
app.command("extraction")(extraction)
app.command("intrinsic")(intrinsic)
app.command("pseudonyms")(pseudonyms)
app.command("suite")(suite)


@app.callback()
def _evaluate() -> None:
    """Measure on data whose answers are known."""
