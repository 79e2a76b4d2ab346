"""CSV: one row a finding, no formulas."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from loglm.findings import Finding
from loglm.reports.csv_report import COLUMNS, safe_cell, write_csv

from .examples import everything, hostile, lsass, stop_logging, valid_accounts


def rows(findings: list[Finding]) -> list[dict[str, str]]:
    stream = io.StringIO()
    write_csv(findings, stream)
    return list(csv.DictReader(io.StringIO(stream.getvalue())))


def test_row_of_a_finding() -> None:
    row = rows([lsass()])[0]
    assert row["technique_id"] == "T1003.001"
    assert row["level"] == "critical"
    assert row["start"] == "2021-03-04T10:10:00Z"
    assert row["end"] == "2021-03-04T10:14:02.500Z"
    assert row["raised_by"] == "model; sigma"
    assert row["rules"] == "Process Memory Dump Via Comsvcs.DLL"
    assert row["evidence_place"] == "logs/WORKSTATION5/sysmon.json:1204"
    assert "lsass.exe" in row["evidence"]


def test_rows_keep_the_order_given() -> None:
    assert [row["finding_id"] for row in rows(everything())] == [finding.finding_id for finding in everything()]


def test_header_stands_without_findings() -> None:
    stream = io.StringIO()
    assert write_csv([], stream) == 0
    assert stream.getvalue() == ",".join(COLUMNS) + "\n"


def test_finding_without_time_or_evidence_has_empty_cells() -> None:
    row = rows([replace(valid_accounts(), evidence=())])[0]
    assert row["start"] == row["evidence"] == row["evidence_place"] == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "\t=", "\r="])
def test_formula_gets_an_apostrophe(start: str) -> None:
    assert safe_cell(f'{start}HYPERLINK("http://x")').startswith("'")


def test_formula_in_every_text_column_is_defused() -> None:
    formula = "=cmd|' /C calc'!A0"
    finding = replace(stop_logging(), entity=formula, log_source=formula, technique_name=formula)
    for value in rows([finding])[0].values():
        assert not value.startswith("=")


def test_hostile_finding_is_one_line_of_printable_text() -> None:
    stream = io.StringIO()
    write_csv([hostile()], stream)
    assert stream.getvalue().count("\n") == 2
    assert stream.getvalue().replace("\n", "").isprintable()


def test_reasons_are_one_cell() -> None:
    assert rows([replace(lsass(), reasons=("a", "b"))])[0]["reasons"] == "a; b"
