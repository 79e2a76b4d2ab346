"""The terminal table: readable at any width, and nothing that a terminal acts on."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest

from loglm.errors import SourceLocation
from loglm.findings import Candidate, Finding, RunSummary
from loglm.reports.table import write_table

from .examples import everything, hostile, lsass, many, summary

WIDTHS = [40, 80, 119, 120, 200]


def shown(findings: list[Finding], of: RunSummary | None = None, **options: object) -> str:
    stream = io.StringIO()
    write_table(findings, of or summary(), stream, **options)  # type: ignore[arg-type]
    return stream.getvalue()


@pytest.mark.parametrize("width", WIDTHS)
def test_every_finding_is_shown_at_any_width(width: int) -> None:
    text = shown(everything(), width=width)
    for finding in everything():
        assert finding.technique_id in text


@pytest.mark.parametrize("width", WIDTHS)
def test_lines_keep_to_the_width(width: int) -> None:
    lines = shown([*everything(), hostile()], width=width).splitlines()
    assert all(len(line) <= width for line in lines[:-1])


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_ends_in_spaces(width: int) -> None:
    text = shown([*everything(), hostile()], width=width)
    assert [line for line in text.split("\n") if line != line.rstrip()] == []


@pytest.mark.parametrize("width", [80, 160])
def test_finding_has_level_tactic_entity_time_score_and_evidence(width: int) -> None:
    text = " ".join(shown([lsass()], width=width).split())
    for part in ("critical", "Credential Access", "WORKSTATION5.theshire.local", "2021-03-04 10:10:00", "0.97"):
        assert part in text
    assert "sysmon.json:1204" in text
    assert "lsass.exe" in text


@pytest.mark.parametrize("width", [80, 160])
def test_structured_event_is_told_by_its_fields(width: int) -> None:
    fields = (("EventID", "1"), ("ParentImage", "C:\\EXCEL.EXE"), ("CommandLine", "cmd.exe /c comsvcs.dll"))
    item = replace(lsass().evidence[0], fields=fields, action="1")
    text = " ".join(shown([replace(lsass(), evidence=(item,))], width=width).split())
    assert "EventID 1 EXCEL.EXE -> cmd.exe /c comsvcs.dll" in text
    assert "{" not in text


def test_the_name_comes_with_its_probability() -> None:
    sure = replace(lsass(), candidates=(Candidate("T1003.001", 0.42), Candidate("T1055", 0.2)))
    assert "T1003.001 LSASS Memory (p 0.42) ·" in " ".join(shown([sure], width=100).split())


def test_an_unknown_technique_comes_with_the_nearest_ones() -> None:
    near = (Candidate("T1055", 0.12), Candidate("T1003", 0.1))
    unnamed = replace(lsass(), technique_id="unknown", technique_name="Unknown technique", tactics=(), candidates=near)
    text = " ".join(shown([unnamed], width=100).split())
    assert "Unknown technique (nearest T1055 0.12, T1003 0.10) host" in text
    assert "unknown" not in text


def test_most_serious_comes_first() -> None:
    text = shown(everything(), width=80)
    assert text.startswith("critical 0.97 T1003.001 LSASS Memory")


def test_totals_are_the_last_line() -> None:
    last = shown(everything(), width=80).splitlines()[-1]
    assert last == (
        "6 findings (1 critical, 2 high, 2 medium, 1 low) on 5 entities · 48,213 events of 12 files in 3.2 s "
        "(15,067 events/s) · 13 records could not be read (malformed-json 12, too-long 1)"
    )


def test_limit_says_how_many_are_not_shown() -> None:
    text = shown(many(30), width=80, limit=10)
    assert "20 findings more, less serious, not shown: --json, --jsonl, --csv and --html have all." in text
    assert "30 findings (" in text


def test_no_findings_is_friendly() -> None:
    text = shown([], summary(findings=0))
    assert text.startswith("No findings.\nLooked at 48,213 events of 12 files")


@pytest.mark.parametrize("width", [80, 160])
def test_hostile_text_is_printable(width: int) -> None:
    text = shown([hostile()], summary(rejected_by_kind={"\x1b[2J": 1}), width=width)
    assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize("width", [80, 160])
def test_log_text_is_not_markup(width: int) -> None:
    finding = replace(lsass(), entity="[red]x[/red] :smile:", technique_name="[/]")
    text = shown([finding], width=width)
    assert "[red]x[/red] :smile:" in text
    assert "[/]" in text


def test_colour_is_only_where_it_is_wanted() -> None:
    assert "\x1b[" not in shown(everything(), width=80)
    assert "\x1b[" not in shown(everything(), width=80, color=False)
    assert "\x1b[" in shown(everything(), width=80, color=True)


def test_colour_escapes_are_only_those_of_the_table() -> None:
    text = shown([hostile()], width=80, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", text).replace("\n", "").isprintable()


def test_windows_path_is_cut_to_its_name() -> None:
    evidence = replace(lsass().evidence[0], location=SourceLocation("C:\\logs\\Security.evtx", 7))
    text = shown([replace(lsass(), evidence=(evidence,))], width=80)
    assert "Security.evtx:7" in text
    assert "C:\\logs" not in text


def test_finding_without_evidence_or_time() -> None:
    text = shown([replace(lsass(), evidence=(), start=None, end=None)], width=80)
    assert "T1003.001" in text


@pytest.mark.parametrize("width", [80, 160])
def test_reasons_are_shown_and_a_score_that_is_no_probability_is_called_none(width: int) -> None:
    finding = replace(lsass(), calibrated=False, reasons=("calls about every 47 s", "only this host calls it"))
    text = " ".join(shown([finding], width=width).split())
    assert "calls about every 47 s" in text and "only this host calls it" in text
    assert "(p 0." not in text
