"""Findings counted into the cells of the matrix."""

from __future__ import annotations

from dataclasses import replace

from loglm.findings import Level
from loglm.reports.matrix import fill_matrix
from loglm.reports.ranking import ranked

from .examples import everything, lsass, valid_accounts


def test_finding_counts_under_each_of_its_tactics() -> None:
    columns = {column.shortname: column for column in fill_matrix([valid_accounts()], {})}
    assert [name for name, column in columns.items() if column.cells] == [
        "initial-access",
        "persistence",
        "privilege-escalation",
        "defense-evasion",
    ]


def test_cell_has_the_highest_level_and_leads_to_that_finding() -> None:
    lower = replace(lsass(), finding_id="lower", level=Level.LOW)
    columns = {
        column.shortname: column for column in fill_matrix(ranked([lower, lsass()]), {lsass().finding_id: "top"})
    }
    cell = columns["credential-access"].cells[0]
    assert (cell.count, cell.level, cell.anchor) == (2, Level.CRITICAL, "top")


def test_most_serious_cell_stands_first() -> None:
    for column in fill_matrix(ranked(everything()), {}):
        levels = [cell.level for cell in column.cells]
        assert levels == sorted(levels, reverse=True)


def test_revoked_id_counts_for_its_replacement() -> None:
    columns = fill_matrix([replace(lsass(), technique_id="T1086", tactics=("execution",))], {})
    assert [cell.technique_id for column in columns for cell in column.cells] == ["T1059.001"]
