"""What `loglm anomalies` keeps between runs: a baseline, what entities did since, and what was told of it.

```
DIR/current          name of the current version, one line
DIR/versions/0007    state.npz, state.json, entities.sqlite (`loglm.context.state`), anomalies.json, manifest.json with
                     checksums
```

A version is written whole and then pointed to in one step, so that a kill at any moment leaves the state of before or
the one of after. The one before it stays until the next, for those who are reading it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Final, TextIO

from loglm import __version__
from loglm.anomaly.activity import Activity
from loglm.anomaly.baseline import Baseline
from loglm.anomaly.detector import Anomalies
from loglm.anomaly.findings import AnomalyFinding, read_evidence
from loglm.anomaly.kept_reports import held_values, read_held, read_reports, report_values
from loglm.anomaly.read_so_far import ReadSoFar
from loglm.anomaly.scoring import AnomalyScorer
from loglm.anomaly.seen_events import SeenEvents
from loglm.anomaly.surprise_level import SurpriseLevel
from loglm.anomaly.table import View
from loglm.anomaly.threshold import HeldOut, PartHeldOut, Threshold
from loglm.artifacts.folder import CURRENT, MANIFEST, VERSIONS, open_model_dir
from loglm.artifacts.folder_lock import LOCK, lock_folder
from loglm.artifacts.versions import add_version, current_version, make_current
from loglm.context.encoder import ContextEncoder
from loglm.context.state import read_scorer, write_scorer
from loglm.corpus.templates import template_of, text_hash
from loglm.errors import DamagedFolderError, InputError, ModelError
from loglm.events.reading import parse_line
from loglm.events.rendering import render

__all__ = ["StateFolder", "state_folder"]

_KIND: Final = "anomaly state"
_FORMAT: Final = 4
_READ: Final = (2, 3, 4)
_FILE: Final = "anomalies.json"
_SAMPLES: Final = (
    "Mar  4 10:15:01 web1 sshd[4867]: Failed password for root from 203.0.113.9 port 51512 ssh2",
    '203.0.113.9 - - [04/Mar/2026:10:15:01 +0000] "GET /shop/item?id=7 HTTP/1.1" 200 5123 "-" "curl/8.5"',
    '{"eventTime":"2026-03-04T10:15:01Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-1",'
    '"userIdentity":{"type":"IAMUser","userName":"ann"},"sourceIPAddress":"203.0.113.9"}',
    '{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Hostname":"pc1","Image":"C:\\\\Windows\\\\cmd.exe",'
    '"CommandLine":"cmd.exe /c whoami /all","UtcTime":"2026-03-04 10:15:01.000","ProcessId":"4867"}',
)


class StateFolder:
    """A folder that a state is kept in; see `state_folder`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def holds_state(self) -> bool:
        """Whether there is one to go on with."""
        return (self.root / CURRENT).is_file()

    def saved_at(self) -> float | None:
        """When it was saved last, POSIX seconds; None where there is none."""
        return (self.root / CURRENT).stat().st_mtime if self.holds_state else None

    def load(self, *, encoder: ContextEncoder | None = None, view: View | None = None) -> AnomalyScorer:
        """The scorer that was saved.

        Args:
            encoder: The context encoder that it was learned with, or None where it was none.
            view: Whose behaviour events should be taken for; None for what it was learned with.

        Raises:
            DamagedFolderError: It is damaged.
            ModelError: It is no state of this kind, or of another version, encoder or view.
        """
        with self.reading() as (folder, _, values):
            if view is not None and view != values["view"]:
                raise ModelError(
                    f"{self.root}: learned by {values['view']}, asked for by {view}; leave --by out, or learn a "
                    "baseline in another folder"
                )
            return _restored(values, folder, encoder)

    @contextmanager
    def reading(self) -> Iterator[tuple[Path, dict[str, Any], dict[str, Any]]]:
        """The folder of the current version, its manifest, and what is kept of anomalies, for a caller who reads them.

        Raises:
            DamagedFolderError: It is damaged, or the caller met what no state holds.
            ModelError: It is no state of this kind, or of another version.
        """
        folder, manifest = self._open()
        try:
            yield folder, manifest, _read(folder)
        except DamagedFolderError as error:
            raise self._damaged(error) from error
        except (OSError, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            problem = f"does not hold a state ({type(error).__name__}: {error})"
            raise self._damaged(DamagedFolderError("", str(folder / _FILE), problem)) from error

    def save(self, scorer: AnomalyScorer) -> None:
        """Take the place of what was saved before.

        Raises:
            InputError: It cannot be written.
        """
        encoder = scorer.scorer.encoder
        about = {
            "kind": _KIND,
            "state_format": _FORMAT,
            "loglm_version": __version__,
            "rendering": _rendering(),
            "encoder": None if encoder is None else encoder.identity,
        }
        values = _values(scorer)

        def fill(folder: Path) -> None:
            write_scorer(scorer.scorer, folder)
            (folder / _FILE).write_text(json.dumps(values), encoding="ascii")

        before = current_version(self.root) if self.holds_state else None
        version = add_version(self.root, fill, about=about)
        try:
            make_current(self.root, version.name)
        except OSError as error:
            raise InputError(f"{self.root}: the state cannot be written ({error.strerror or error})") from error
        for old in (self.root / VERSIONS).iterdir():
            if old.name not in (before, version.name):  # that of before is left to who may be reading it
                shutil.rmtree(old, ignore_errors=True)

    def keep(self, anomalies: Anomalies, told: Iterable[AnomalyFinding]) -> None:
        """Save where a run stopped; what repeats are counted for is read to be shown.

        Args:
            anomalies: What the run found.
            told: What was shown of it. The rest is given by the next run, as far as its day is not over.

        Raises:
            InputError: It cannot be written.
        """
        scorer = anomalies.scorer
        scorer.forget()
        read_evidence(scorer.reporter.living.values(), anomalies.table)
        for one in told:
            scorer.touched.pop(one.finding.finding_id, None)
        self.save(scorer)

    def needs_encoder(self) -> str | None:
        """The sha256 of the context encoder that the state was learned with; None for none.

        Raises:
            DamagedFolderError: The state is damaged.
        """
        _, manifest = self._open()
        found = manifest.get("encoder")
        return None if found is None else str(found)

    def _open(self) -> tuple[Path, dict[str, Any]]:
        """The folder of the current version and its manifest, both checked."""
        try:
            folder, manifest = open_model_dir(self.root)
        except DamagedFolderError as error:
            raise self._damaged(error) from error
        self._check(manifest)
        return folder, manifest

    def _damaged(self, error: DamagedFolderError) -> DamagedFolderError:
        """What is wrong with the state, where, and what can be done."""
        place = Path(error.place)
        where = f"{place.relative_to(self.root)}: " if place != self.root and place.is_relative_to(self.root) else ""
        message = f"{self.root}: the state is damaged ({where}{error.problem}); {_way_out(self.root)}"
        return DamagedFolderError(message, error.place, error.problem)

    def _check(self, manifest: Mapping[str, Any]) -> None:
        if manifest.get("kind") != _KIND:
            raise ModelError(
                f"{self.root}: holds a {manifest.get('kind', 'model')}, no state that `loglm anomalies --state` made"
            )
        made_by = f"by loglm {manifest.get('loglm_version')}"
        if manifest.get("state_format") not in _READ:
            raise ModelError(
                f"{self.root}: made {made_by} in format {manifest.get('state_format')}, this is {__version__} and "
                f"reads {' and '.join(map(str, _READ))}; learn from a baseline again, in another folder"
            )
        if manifest.get("rendering") != _rendering():
            raise ModelError(
                f"{self.root}: made {made_by}, which reads events otherwise than this {__version__}, so that all would "
                "look new; learn from a baseline again, in another folder"
            )


@contextmanager
def state_folder(path: Path | str, *, read_only: bool = False) -> Iterator[StateFolder]:
    """A folder to keep a state in, for this run alone; made where there is none.

    Args:
        path: The folder.
        read_only: Nothing is made or written in it, and another run may be using it.

    Raises:
        InputError: It is a file, holds other things, cannot be made, or another run is using it.
    """
    root = Path(path).resolve()
    if root.exists() and not root.is_dir():
        raise InputError(f"{path}: is a file; give a folder to keep the state in")
    if root.is_dir() and not (root / CURRENT).is_file() and not _is_empty(root):
        raise InputError(f"{path}: holds other things and no state; give a folder that is empty, or not there yet")
    if not (root / CURRENT).is_file() and any((root / VERSIONS).glob(f"[0-9]*/{MANIFEST}")):
        raise InputError(
            f"{path}: the state is damaged (its file {CURRENT} is missing, which names one of {VERSIONS}); "
            f"{_way_out(root)}"
        )
    with nullcontext() if read_only else _locked(root):
        yield StateFolder(root)


def _locked(root: Path) -> TextIO:
    """The open file that a folder is this run's by, until it is closed; a killed run has left no lock."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        return lock_folder(root, busy=f"{root}: another run is using it; wait for its end, or give another")
    except OSError as error:
        raise InputError(f"{root}: no state can be kept there ({error.strerror or error}); give another") from error


def _way_out(root: Path) -> str:
    """What to do about a damaged state; another version that is whole can be gone on with."""
    advice = "restore the folder from a copy, or learn from a baseline again in another folder"
    whole = _other_version(root)
    if whole is None:
        return advice
    return f"{advice}. Its version {whole} is whole: write {whole} into {root / CURRENT} to go on from there"


def _other_version(root: Path) -> str | None:
    """The newest version beside the current one that is whole; None where there is none."""
    pointer = root / CURRENT
    current = pointer.read_bytes().strip() if pointer.is_file() else b""
    versions = (root / VERSIONS).glob("[0-9]*")
    for folder in sorted(versions, key=lambda path: (len(path.name), path.name), reverse=True):
        with suppress(ModelError):
            if folder.name.encode() != current:
                open_model_dir(folder)
                return folder.name
    return None


def _is_empty(root: Path) -> bool:
    """Whether nothing is in a folder, or what a run that ended before its first state has left."""
    return all(one.name in (LOCK, VERSIONS) for one in root.iterdir())


def _read(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / _FILE).read_bytes())
    if not isinstance(found, dict):
        raise ValueError(f"{_FILE} holds no object")
    return found


def _rendering() -> str:
    """What events of some formats look like when they are read: another one makes all texts look new."""
    texts = [render(parse_line(line)) for line in _SAMPLES]
    return f"{text_hash(chr(0).join([*texts, *map(template_of, texts)])):016x}"


def _values(scorer: AnomalyScorer) -> dict[str, Any]:
    fitted = scorer.baseline
    return {
        "view": scorer.view,
        "next_number": scorer.next_number,
        "recent": list(scorer.recent),
        "seen_events": scorer.seen.values(),
        "read_so_far": scorer.read_so_far.values(),
        "threshold": [fitted.threshold.bits, fitted.threshold.allowed, fitted.threshold.expected],
        "held_out": [list(fitted.held_out.bits), list(fitted.held_out.ranks)],
        "level": fitted.level.sums().tolist(),
        "activity": fitted.activity.values(),
        "events": fitted.events,
        "budget": fitted.budget,
        "left_out": fitted.left_out,
        "parts": [
            [list(one.held_out.bits), list(one.held_out.ranks), one.allowed, one.first, one.last]
            for one in fitted.parts
        ],
        "learned": list(fitted.learned),
        "in_baseline": fitted.in_baseline,
        "typical": list(fitted.typical.items()),
        "reports": report_values(scorer),
        "held": held_values(scorer),
    }


def _restored(values: Mapping[str, Any], folder: Path, encoder: ContextEncoder | None) -> AnomalyScorer:
    inner = read_scorer(folder, encoder)
    fitted = Baseline(
        scorer=inner,
        threshold=Threshold(*map(float, values["threshold"])),
        held_out=_held_out(*values["held_out"]),
        level=SurpriseLevel.restored(values["level"]),
        activity=Activity.restored(values["activity"]) if "activity" in values else Activity(),  # not in one of before
        events=int(values["events"]),
        kept=[],
        typical={int(code): str(text) for code, text in values["typical"]},
        in_baseline=int(values["in_baseline"]),
        budget=values.get("budget"),
        left_out=int(values.get("left_out", 0)),  # not in one of before
        parts=tuple(PartHeldOut(_held_out(*one[:2]), *one[2:]) for one in values.get("parts", ())),
        learned=tuple(map(str, values.get("learned") or [inner.environment.digest()])),
    )
    scorer = AnomalyScorer(fitted, view=values["view"])
    scorer.next_number = int(values["next_number"])
    if "seen_events" in values:  # of a state of before, what it knows is not by a secret, and not used any more
        scorer.seen = SeenEvents.restored(values["seen_events"])
        scorer.read_so_far = ReadSoFar(values["read_so_far"])
    for time in values["recent"] if "recent" in values else [values["clock"]]:  # a state of before has the clock alone
        scorer.pass_to(None if time is None else float(time))
    read_reports(values["reports"], scorer)
    read_held(values["held"], scorer)
    return scorer


def _held_out(bits: list[float], ranks: list[int]) -> HeldOut:
    return HeldOut(tuple(map(float, bits)), tuple(map(int, ranks)))
