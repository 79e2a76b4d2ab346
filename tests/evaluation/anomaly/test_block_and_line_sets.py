"""Labelled sequences from files: order, labels, what is rendered."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from labelled_logs import write_logs
from loglm.evaluation.anomaly.block_and_line_sets import read_anomaly_sets

_PLACE = "2005.06.03 R02-M1 2005-06-03-15.42.50 R02-M1"


def test_hdfs_blocks_are_counted_events_in_the_order_of_time(tmp_path: Path) -> None:
    (blocks,) = read_anomaly_sets(write_logs(tmp_path), most=100)
    assert blocks.name == "HDFS blocks"
    assert np.flatnonzero(blocks.is_anomaly).tolist() == [19]
    assert blocks.counts.sum(axis=1).ravel().tolist() == [[2] * 20]
    assert len(blocks.texts) == 3  # thread numbers and times do not make texts differ
    assert "exception" in blocks.texts[int(blocks.counts[19].indices[0])]


def test_only_the_oldest_sequences_are_taken(tmp_path: Path) -> None:
    (blocks,) = read_anomaly_sets(write_logs(tmp_path), most=7)
    assert blocks.counts.shape[0] == len(blocks.is_anomaly) == 7
    assert not blocks.is_anomaly.any()


def test_bgl_lines_are_sorted_by_time_and_lose_label_severity_and_node(tmp_path: Path) -> None:
    (tmp_path / "BGL_5000.log").write_text(f"- 20 {_PLACE} RAS KERNEL INFO generating core\n")
    (tmp_path / "BGL_2k.log").write_text(f"KERNDTLB 10 {_PLACE} RAS KERNEL FATAL data TLB error interrupt\n")
    (lines,) = read_anomaly_sets(tmp_path, most=100)
    assert lines.is_anomaly.tolist() == [True, False]
    assert [text.rpartition("\n")[2] for text in lines.texts] == [
        "KERNEL data TLB error interrupt",
        "KERNEL generating core",
    ]
    assert not any(word in text for text in lines.texts for word in ("KERNDTLB", "FATAL", "INFO", "R02"))


def test_sets_whose_files_are_absent_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "BGL_2k.log").write_text(f"- 10 {_PLACE} RAS KERNEL INFO ok\n")
    assert read_anomaly_sets(tmp_path, most=100) == []


def test_real_sets_have_anomalies_in_every_part(shared_data: Path) -> None:
    found = read_anomaly_sets(shared_data / "logs" / "benchmarks", most=1_500)
    assert [anomalies.name for anomalies in found] == ["HDFS blocks", "BGL lines"]
    assert found[0].is_anomaly[-300:].any()
