"""Train the context encoder that ships in ``src/loglm/data/context``, or one for `benchmarks/anomalies.py`.

    python scripts/build_shipped_context.py --data DIR --out src/loglm/data/context
    python scripts/build_shipped_context.py --data DIR --out MODELDIR --per-file 8000 --steps 600 \\
      --leave-out security-datasets,invictus-aws,stratosphere-testing,westermo-flows

It learns from folders of DATA/attack and DATA/logs/corpus whose licence allows shipped weights; their origins and
licences are taken from the model card and go into the manifest. It takes two minutes of CPU time.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from loglm.training.context.folder import ContextData, make_context_model
from loglm.training.context.pretrain import ContextRecipe

_CARD = Path(__file__).parents[1] / "docs" / "model_card.md"
_ATTACK = (
    "benign-windows cowrie currentis dfir-museum elastic-examples evtx-attack-samples evtx-to-mitre-attack "
    "honeypots-uqo invictus-aws msticpy panther plaso-text rita security-datasets slips splunk-attack-data "
    "stratosphere-testing stratus-red-team westermo-flows"
).split()
_CORPUS = "apache_logs_to_mysql crowdsec_hub wazuh suricata_alerts zeek_zat ossec".split()
_HELD_OUT = (
    "attack/dfir-museum",
    "attack/rita",
    "attack/splunk-attack-data",
    "attack/benign-windows/dfir-museum-win11-rathbunvm",
    "attack/elastic-examples",
)
_ROW = re.compile(r"^\| `([^`]+)` \| (.+?) \| ([^|]+?) \|")


def main() -> None:
    """Train, and write the model folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with attack/ and logs/corpus/")
    parser.add_argument("--out", type=Path, required=True, help="model folder to make")
    parser.add_argument("--leave-out", default="", help="sources not to learn from nor stop by, joined by commas")
    parser.add_argument("--per-file", type=int, default=4_000)
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--card", type=Path, default=_CARD, help="model card that lists the sources")
    arguments = parser.parse_args()
    left_out = set(arguments.leave_out.split(",")) - {""}
    if unknown := left_out - {*_ATTACK, *_CORPUS}:
        parser.error(f"no such sources: {', '.join(sorted(unknown))}; expected some of {', '.join(_ATTACK + _CORPUS)}")
    names = [f"attack/{name}" for name in _ATTACK if name not in left_out]
    names += [f"corpus/{name}" for name in _CORPUS if name not in left_out]
    facts = make_context_model(
        ContextData(
            [_folder(arguments.data, name) for name in names],
            [_folder(arguments.data, name) for name in _HELD_OUT if name.split("/")[1] not in left_out],
            arguments.per_file,
            licence="Apache-2.0; data: see sources",
            sources=sources_of(arguments.card.read_text(encoding="utf-8"), names),
        ),
        arguments.out,
        ContextRecipe(steps=arguments.steps),
        name="loglm-context",
        overwrite=True,
        say=print,
    )
    print({key: facts[key] for key in ("environments", "events", "held_out_environments", "held_out", "seconds")})


def _folder(data: Path, name: str) -> Path:
    return data / "logs" / name if name.startswith("corpus/") else data / name


def sources_of(card: str, names: list[str]) -> dict[str, str]:
    """Origin and licence of each source, as the model card has them; every name must stand there."""
    rows = {row[1]: f"{row[2]}: {row[3]}" for line in card.splitlines() if (row := _ROW.match(line))}
    return {name: rows[name] for name in names}


if __name__ == "__main__":
    main()
