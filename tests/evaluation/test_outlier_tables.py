"""Labelled tables of outliers: what is in them, what is not, and how they are scored."""

from __future__ import annotations

from pathlib import Path

import pytest

from labelled_logs import write_thunderbird
from loglm.errors import EmptyInputError
from loglm.evaluation.embedders import tfidf
from loglm.evaluation.outlier_tables import outlier_scores_of_models, read_outlier_tables


def write_bgl(folder: Path) -> None:
    line = "{0} 11178{1:05} 2005.06.03 R0{2} 2005-06-03-15.42.50.1 R0{2} RAS KERNEL {3} {4}"
    normal = [line.format("-", n, n % 5, "INFO", "instruction cache parity error corrected") for n in range(520)]
    bad = [line.format(kind, 260 + n, 3, "FATAL", f"{kind.lower()} broken") for n, kind in enumerate(["DISK"] * 9)]
    bad.append(line.format("FAN", 300, 3, "FATAL", "fan broken"))
    (folder / "BGL_2k.log").write_text("\n".join([*normal, *bad]) + "\n")


def test_tables_hold_neither_label_nor_severity(tmp_path: Path) -> None:
    write_bgl(tmp_path)
    first, second = read_outlier_tables(tmp_path, tables=2)
    assert (len(first.events), int(first.is_anomaly.sum())) == (505, 5)
    assert set(first.events[0].attributes) == {"node", "type", "component"}
    assert not any("FATAL" in event.raw or "DISK" in event.raw for event in first.events)
    assert [event.location for event in first.events] != [event.location for event in second.events]


def test_anomalies_are_of_as_many_kinds_as_there_are(tmp_path: Path) -> None:
    write_bgl(tmp_path)
    [table] = read_outlier_tables(tmp_path, tables=1)
    said = {event.body for event, bad in zip(table.events, table.is_anomaly, strict=True) if bad}
    assert said == {"disk broken", "fan broken"}


def test_plain_anomalies_are_found_by_vectors(tmp_path: Path) -> None:
    write_thunderbird(tmp_path)
    tables = read_outlier_tables(tmp_path, tables=1)
    found = {s.model: s.value.mean for s in outlier_scores_of_models(tables, [tfidf()], lambda _: None)}
    assert found["TF-IDF, embeddings"] == found["TF-IDF, hybrid"] == 1
    assert "label encoding" in found


def test_without_enough_anomalies_there_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "BGL_2k.log").write_text("- 1 2005 R0 t R0 RAS KERNEL INFO fine\n")
    with pytest.raises(EmptyInputError, match="500 normal and 5 anomalous lines"):
        read_outlier_tables(tmp_path, tables=1)


def test_lines_whose_labels_contradict_each_other_are_left_out_and_said(tmp_path: Path) -> None:
    write_bgl(tmp_path)
    path = tmp_path / "BGL_2k.log"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[-1].replace("FAN", "-", 1)]) + "\n")
    notes: list[str] = []
    [table] = read_outlier_tables(tmp_path, tables=1, note=notes.append)
    said = {event.body for event, bad in zip(table.events, table.is_anomaly, strict=True) if bad}
    assert said == {"disk broken"}
    assert notes == [
        "BGL: 1 line left out, whose labels contradict each other: the first is normal at BGL_2k.log:531 and "
        "anomalous at BGL_2k.log:530"
    ]
