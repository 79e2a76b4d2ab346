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
import math
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median_low
from typing import Any, Final

from loglm import __version__
from loglm.anomaly.detector import Anomalies
from loglm.anomaly.findings import AnomalyFinding, read_evidence
from loglm.anomaly.kept_values import recent_times, restored_scorer, scorer_values
from loglm.anomaly.scoring import AnomalyScorer
from loglm.anomaly.state_format import FORMAT, misfit, rendering
from loglm.anomaly.state_place import LEARN, NEWER, leave_nothing, locked, refuse_other, way_out
from loglm.anomaly.table import View
from loglm.artifacts.folder import CURRENT, VERSIONS, open_model_dir
from loglm.artifacts.kinds import ANOMALY_STATE
from loglm.artifacts.versions import add_version, current_version, make_current
from loglm.context.encoder import ContextEncoder
from loglm.context.state import stored_scorer, write_scorer
from loglm.errors import DamagedFolderError, InputError, ModelError, OtherFormatError

__all__ = ["StateFolder", "StateOutline", "state_folder"]

_FILE: Final = "anomalies.json"
_NOT_A_STATE: Final = (OSError, KeyError, TypeError, ValueError, IndexError, AttributeError)


@dataclass(frozen=True, slots=True)
class StateOutline:
    """What can be said of a state without loading it."""

    events: int
    """Of its baseline."""
    learned: tuple[str, ...]
    """Which baselines are counted in it; empty where a state of before does not say."""
    clock: float
    """POSIX seconds up to which it has scored; -inf where nothing with a time was."""
    digest: str
    """Stands for its files."""
    most_entities: int
    """Entities that are remembered at most."""


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
            return restored_scorer(values, folder, encoder)

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
        except _NOT_A_STATE as error:
            raise self._no_state(folder, error) from error

    def outline(self) -> StateOutline:
        """What can be said of it without loading it; errors as of `load`."""
        with self.reading() as (folder, manifest, values):
            times = [float(time) for time in recent_times(values) if time is not None]
            return StateOutline(
                events=int(values["events"]),
                learned=tuple(sorted(map(str, values.get("learned") or ()))),
                clock=median_low(times) if times else -math.inf,
                digest=json.dumps(manifest["files"], sort_keys=True),
                most_entities=stored_scorer(folder).most_entities,
            )

    def save(self, scorer: AnomalyScorer) -> None:
        """Take the place of what was saved before.

        Raises:
            InputError: It cannot be written.
        """
        encoder = scorer.scorer.encoder
        about = {
            "kind": ANOMALY_STATE,
            "state_format": FORMAT,
            "loglm_version": __version__,
            "rendering": rendering(),
            "encoder": None if encoder is None else encoder.identity,
        }
        values = scorer_values(scorer)

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
        scorer.leave_untold()
        untold = [one.report for one in scorer.touched.values()]
        read_evidence([*scorer.reporter.living.values(), *untold], anomalies.table)
        for one in told:
            scorer.touched.pop(one.finding.finding_id, None)
        self.save(scorer)

    def refuse_other_kind(self) -> None:
        """Refuse what is a model or another folder of versions, and no state.

        Raises:
            DamagedFolderError: It is damaged.
            ModelError: It is no state of this kind, or of another version.
        """
        self._open()

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
            folder, manifest = open_model_dir(self.root, kinds=None)
        except DamagedFolderError as error:
            raise self._damaged(error) from error
        except OtherFormatError as error:
            what = f"{self.root}: the state cannot be read ({self._where(error)}{error.problem})"
            raise OtherFormatError(f"{what}; {way_out(self.root, NEWER)}", error.place, error.problem) from error
        self._check(manifest)
        return folder, manifest

    def _damaged(self, error: DamagedFolderError) -> DamagedFolderError:
        """What is wrong with the state, where, and what can be done."""
        what = f"{self.root}: the state is damaged ({self._where(error)}{error.problem})"
        return DamagedFolderError(f"{what}; {way_out(self.root)}", error.place, error.problem)

    def _where(self, error: DamagedFolderError | OtherFormatError) -> str:
        """Which file of the folder an error is of; empty for the folder itself."""
        place = Path(error.place)
        return f"{place.relative_to(self.root)}: " if place != self.root and place.is_relative_to(self.root) else ""

    def _no_state(self, folder: Path, error: Exception) -> DamagedFolderError:
        problem = f"does not hold a state ({type(error).__name__}: {error})"
        return self._damaged(DamagedFolderError("", str(folder / _FILE), problem))

    def _check(self, manifest: Mapping[str, Any]) -> None:
        if manifest.get("kind") != ANOMALY_STATE:
            raise ModelError(
                f"{self.root}: holds a {manifest.get('kind', 'model')}, no state that `loglm anomalies --state` made; "
                "give another folder"
            )
        problem = misfit(manifest)
        if problem:
            is_old = manifest.get("state_format") in range(FORMAT + 1)
            raise ModelError(f"{self.root}: {problem}; {way_out(self.root, LEARN if is_old else NEWER)}")


@contextmanager
def state_folder(path: Path | str, *, read_only: bool = False) -> Iterator[StateFolder]:
    """A folder to keep a state in, for this run alone; made where there is none, and gone again if none was kept.

    Args:
        path: The folder.
        read_only: Nothing is made or written in it, and another run may be using it.

    Raises:
        InputError: It is a file, holds other things, cannot be made, or another run is using it.
    """
    root = Path(path).resolve()
    refuse_other(path, root, read_only=read_only)
    if read_only:
        yield StateFolder(root)
        return
    missing = [folder for folder in (root, *root.parents) if not folder.exists()]
    with locked(root):
        try:
            yield StateFolder(root)
        finally:
            leave_nothing(root, missing)


def _read(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / _FILE).read_bytes())
    if not isinstance(found, dict):
        raise ValueError(f"{_FILE} holds no object")
    return found
