"""loglm detect --context: the evaluation's own move, the same however events are batched, said in every output."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

from loglm.artifacts.folder import default_model_dir
from loglm.context.usual import LEAST_PAST, moved_probability
from loglm.detection import engine
from loglm.detection.engine import DetectionRunner, detect
from loglm.detection.exclusions import Exclusions
from loglm.detection.scorer import Verdict, WindowScorer
from loglm.errors import InputError
from loglm.evaluation.attack_data import Recording
from loglm.evaluation.window_surprise import beyond_usual, window_surprise
from loglm.evaluation.window_table import build_window_table
from loglm.findings import Finding
from loglm.reports import to_ocsf, write_csv, write_html, write_table

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "logs"
AUTH = EXAMPLES / "ssh" / "auth.log"
WINDOWS = EXAMPLES / "simulated" / "windows_security_sysmon.jsonl"
pytestmark = pytest.mark.skipif(
    not (default_model_dir() / "manifest.json").is_file(), reason="the shipped model has not been built"
)


def _verdicts(path: Path, monkeypatch: pytest.MonkeyPatch, *, context: bool) -> list[Verdict]:
    found: list[Verdict] = []
    alone = DetectionRunner._verdicts

    def keep(self: DetectionRunner, windows: list[engine.Window]) -> list[Verdict]:
        verdicts = alone(self, windows)
        found.extend(verdicts)
        return verdicts

    monkeypatch.setattr(DetectionRunner, "_verdicts", keep)
    detect([path], workers=1, context=context)
    monkeypatch.setattr(DetectionRunner, "_verdicts", alone)
    return found


def test_a_window_is_moved_as_the_evaluation_moves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    table = build_window_table(AUTH.parent, [Recording(AUTH.name, "one", "one", "benign", set())])
    moved = beyond_usual(table, window_surprise(AUTH.parent, table, None))
    before = _verdicts(AUTH, monkeypatch, context=False)
    after = _verdicts(AUTH, monkeypatch, context=True)
    assert len(before) == len(after) == len(table) > 40
    said = [0.0 if verdict.beyond is None else verdict.beyond.moved for verdict in after]
    assert said == pytest.approx(moved.tolist(), abs=1e-5)  # the table keeps bits in single precision
    assert np.count_nonzero(said) > 30
    constant = WindowScorer.from_pretrained().calibration.context_intercept
    by = [0.0 if verdict.beyond is None else verdict.beyond.moved + constant for verdict in after]
    expected = moved_probability(np.asarray([verdict.attack for verdict in before]), np.asarray(by))
    assert constant < 0
    assert [verdict.attack for verdict in after] == pytest.approx(expected.tolist(), abs=2e-6)


def test_batches_of_one_window_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = detect([WINDOWS, AUTH], context=True, threshold=0.0)
    monkeypatch.setattr(engine, "_WINDOWS_PER_BATCH", 1)
    single = detect([WINDOWS, AUTH], context=True, threshold=0.0)
    assert whole.findings == single.findings
    assert whole.stats.context == single.stats.context
    assert any(finding.beyond_usual for finding in whole.findings)


def test_standard_input_gives_what_the_file_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(AUTH.read_bytes())))
    piped, read = (detect([path], context=True, threshold=0.0) for path in ("-", AUTH))
    assert [f.finding_id for f in piped.findings] == [f.finding_id for f in read.findings]
    assert [f.beyond_usual for f in piped.findings] == [f.beyond_usual for f in read.findings]
    assert piped.stats.context == read.stats.context


def test_an_entity_goes_on_in_the_next_file(tmp_path: Path) -> None:
    lines = AUTH.read_bytes().splitlines(keepends=True)
    parts = [tmp_path / name for name in ("a.log", "b.log")]
    parts[0].write_bytes(b"".join(lines[:400]))
    parts[1].write_bytes(b"".join(lines[400:]))
    together = detect(parts, context=True).stats
    apart = [detect([part], context=True).stats for part in parts]
    assert together.context is not None
    assert together.windows == sum(stats.windows for stats in apart)
    assert together.context.compared >= sum(s.context.compared for s in apart if s.context) + LEAST_PAST


def test_without_enough_windows_nothing_is_moved_or_said(tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    log.write_bytes(b"".join(AUTH.read_bytes().splitlines(keepends=True)[:30]))
    with_, without = (detect([log], context=context, threshold=0.0) for context in (True, False))
    assert 1 < with_.stats.windows <= LEAST_PAST
    assert with_.findings == without.findings
    assert not any(finding.reasons for finding in with_.findings)


def test_without_context_nothing_speaks_of_it() -> None:
    result = detect([WINDOWS], workers=1)
    assert result.stats.context is None
    document = json.dumps([to_ocsf(finding, result.summary()) for finding in result.findings])
    assert "beyond_usual" not in document
    assert "earlier windows" not in document


def _moved_finding() -> tuple[Finding, engine.DetectionResult]:
    result = detect([AUTH], context=True, threshold=0.0)
    return next(finding for finding in result.findings if finding.beyond_usual), result


def test_every_output_says_how_unusual_a_finding_is(tmp_path: Path) -> None:
    finding, result = _moved_finding()
    summary, beyond, shown = result.summary(), finding.beyond_usual, io.StringIO()
    assert beyond is not None
    sentence = f"{beyond.bits:.1f} bits each on average; usual for this host {beyond.usual_bits:.1f}"
    write_table([finding], summary, shown, width=1_000)
    write_csv([finding], tmp_path / "findings.csv")
    write_html([finding], summary, tmp_path / "report.html")
    event = to_ocsf(finding, summary)
    texts = (shown.getvalue(), (tmp_path / "findings.csv").read_text(), (tmp_path / "report.html").read_text())
    assert [" ".join(text.split()).count(sentence) for text in texts] == [1, 1, 1]
    assert sentence in event["finding_info"]["desc"]
    assert event["unmapped"]["beyond_usual"]["usual_bits"] == pytest.approx(beyond.usual_bits, abs=1e-3)
    assert "windows compared with their entity's past" in texts[0]


def test_only_the_score_is_moved_and_what_it_was_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = (_verdicts(AUTH, monkeypatch, context=context) for context in (False, True))
    moved = [(v, b) for v, b in zip(after, before, strict=True) if v.beyond is not None]
    assert moved
    for verdict, plain in moved:
        assert verdict.beyond is not None
        assert verdict.beyond.score_without == plain.attack != verdict.attack == verdict.beyond.score
        assert verdict.technique.tolist() == plain.technique.tolist()


def test_hidden_windows_are_a_past_too(tmp_path: Path) -> None:
    rules = tmp_path / "exclusions.toml"
    rules.write_text(
        '[[exclusion]]\nid = "ws01"\nreason = "a test"\nexpires = 2999-01-01\nentity = "WS01*"\n', encoding="utf-8"
    )
    plain = detect([WINDOWS], context=True, threshold=0.5)
    hiding = detect([WINDOWS], context=True, threshold=0.5, exclusions=Exclusions.load(rules))
    assert sum(hiding.stats.hidden.values()) > 0
    assert hiding.stats.context == plain.stats.context
    kept = [finding for finding in plain.findings if not finding.entity.startswith("WS01")]
    assert hiding.findings == kept


def test_bad_records_are_counted_and_the_rest_is_compared(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    good = WINDOWS.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([*good[:100], b'{"a": \n', *good[100:]]))
    broken, whole = (detect([path], context=True) for path in (log, WINDOWS))
    assert broken.problems.total_rejected > 0
    assert broken.stats.events_read == whole.stats.events_read
    assert broken.stats.context == whole.stats.context


def test_several_processes_are_refused() -> None:
    with pytest.raises(InputError, match="workers: 2 asked for, but with context one process"):
        detect([AUTH], context=True, workers=2)
