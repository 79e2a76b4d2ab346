"""Readers of the benchmark: sequences, labels, parts, and what may not stay in a text."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from labelled_logs import write_logs
from loglm.errors import EmptyInputError, InputError
from loglm.evaluation.anomaly.labelled_sequences import (
    LEARN,
    TEST,
    TUNE,
    LabelledSequences,
    parts_by_class,
    parts_in_order,
    sample_evenly,
    template_text,
)
from loglm.evaluation.anomaly.sets.registry import SETS, choose_sets

READ = {source.name: source.read for source in SETS}


def texts(data: LabelledSequences) -> list[str]:
    return [text.rpartition("\n")[2] for text in data.sequences.texts]


def test_hdfs_blocks_have_times_and_no_level(tmp_path: Path) -> None:
    data = READ["hdfs"](write_logs(tmp_path))
    assert np.flatnonzero(data.is_anomaly).tolist() == [19]
    assert [(data.part == part).sum() for part in (LEARN, TUNE, TEST)] == [12, 4, 4]
    assert data.sequences.entities[3] == "blk_3"
    assert np.diff(data.sequences.times[3]).tolist() == [1]
    assert not any("INFO" in text for text in texts(data))


def test_containers_of_an_application_stay_together_and_lose_level_and_thread(tmp_path: Path) -> None:
    line = "2015-10-17 15:{:02}:56,547 ERROR [main] org.apache.Master: started {}\n\tat Trace.line(3)\n"
    names = [f"application_1_{n:04}" for n in range(10)]
    folder = tmp_path / "hadoop"
    folder.mkdir()
    for minute, name in enumerate(names):
        body = "".join(f"==> container_{name}_{c}\n{line.format(minute, c)}" for c in range(3))
        (folder / f"{name}.log").write_text(body)
    labels = [f"{name},WordCount,{'Normal' if n % 2 else 'Disk full'}" for n, name in enumerate(names)]
    (folder / "labels.csv").write_text("\n".join(["application,job,label", *labels]) + "\n")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "labels.csv").write_text("recording,technique\nx,T1003\n")  # of other data
    data = READ["hadoop"](tmp_path)
    assert len(data.sequences) == 30
    assert (data.part.reshape(10, 3).min(axis=1) == data.part.reshape(10, 3).max(axis=1)).all()
    assert [data.is_anomaly[data.part == part].mean() for part in (LEARN, TUNE, TEST)] == [0.5, 0.5, 0.5]
    assert texts(data) == ["org.apache.Master: started <n4>"]


def test_thunderbird_windows_lose_the_label(tmp_path: Path) -> None:
    data = READ["thunderbird"](write_logs(tmp_path))
    assert {len(row) for row in data.sequences.rows} == {20}
    assert data.is_anomaly.tolist() == [False] * 25  # the five anomalous lines are no whole window
    assert not any(re.search(r"VAPI|dn\d|113156", text) for text in texts(data))


def test_bgl_lines_of_another_line_end_are_the_same_text(tmp_path: Path) -> None:
    line = "{} {} 2005.06.03 R02-M1 2005-06-03-15.42.50 R02-M1 RAS KERNEL {} parity error corrected"
    (tmp_path / "BGL_5000.log").write_bytes(line.format("-", 10, "INFO").encode() + b"\n")
    (tmp_path / "BGL_2k.log").write_bytes(line.format("KERNDTLB", 20, "FATAL").encode() + b"\r\n")
    data = READ["bgl"](tmp_path)
    assert texts(data) == ["KERNEL parity error corrected"]
    assert data.is_anomaly.tolist() == [False, True]


def write_traces(folder: Path) -> None:
    with zipfile.ZipFile(folder / "ADFA-LD.zip", "w") as archive:
        for n in range(10):
            archive.writestr(f"ADFA-LD/Training_Data_Master/UTD-{n:04}.txt", "6 6 63")
            archive.writestr(f"ADFA-LD/Validation_Data_Master/UVD-{n:04}.txt", "6 7")
            archive.writestr(f"ADFA-LD/Attack_Data_Master/Adduser_{n + 1}/UAD-Adduser-{n + 1}-=5738.txt", "175 6")
            archive.writestr(f"ADFA-LD/Attack_Data_Master/Hydra_FTP_{n + 1}/UAD-Hydra-FTP-{n + 1}-12.txt", "6 175")
        archive.writestr("ADFA-LD/ADFA-LD+Syscall+List.txt", "no trace")


def test_attacks_of_adfa_are_split_by_recording(tmp_path: Path) -> None:
    write_traces(tmp_path)
    data = READ["adfa"](tmp_path)
    normal = [(data.part[~data.is_anomaly] == part).sum() for part in (LEARN, TUNE, TEST)]
    attacks = [(data.part[data.is_anomaly] == part).sum() for part in (LEARN, TUNE, TEST)]
    assert (normal, attacks) == ([12, 4, 4], [12, 4, 4])
    assert {data.sequences.entities[i] for i in np.flatnonzero(data.is_anomaly & (data.part == TUNE))} == {
        f"UAD-{kind}" for kind in ("Adduser-7-=5738", "Adduser-8-=5738", "Hydra-FTP-7-12", "Hydra-FTP-8-12")
    }


def test_adfa_few_learns_from_the_traces_named_and_finds_all_attacks(tmp_path: Path) -> None:
    write_traces(tmp_path)
    (tmp_path / "adfa_train.txt").write_text("UTD-0003,6 6 63\nUVD-0001,6 7\n")
    data = READ["adfa-few"](tmp_path)
    assert [data.sequences.entities[i] for i in data.of(LEARN)] == ["UTD-0003", "UVD-0001"]
    assert data.is_anomaly[data.of(TEST)].sum() == 20


def test_a_broken_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ADFA-LD.zip").write_bytes(b"PK no archive")
    with pytest.raises(InputError, match=r"ADFA-LD\.zip: cannot be read"):
        READ["adfa"](tmp_path)


def test_a_set_of_normal_sequences_alone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "awsctd_train.txt").write_text("clean_1,1 2 3\n")
    with pytest.raises(EmptyInputError, match=r"only normal traces \(1\), nothing to find"):
        READ["awsctd"](tmp_path)


def test_days_of_users_lose_the_red_flag(tmp_path: Path) -> None:
    rows = ["day,user,red,LogOn,Batch", "0,1,0,5,0", "0,4,0,1,1", "1,1,2,9,0"]
    (tmp_path / "lanl_agg_head.txt").write_text("\n".join(rows) + "\n")
    data = READ["lanl"](tmp_path)
    assert data.part.tolist() == [LEARN, TUNE, TEST]
    assert data.is_anomaly.tolist() == [False, False, True]
    assert list(data.sequences.texts) == ["LogOn 2^2", "LogOn 2^0", "Batch 2^0", "LogOn 2^3"]


def test_pods_are_anomalous_for_three_minutes_from_the_injection(tmp_path: Path) -> None:
    fault = {"inject_time": "2023-01-29 08:43:04", "inject_pod": "ts-food-service-f5756978c-k8vqf"}
    (tmp_path / "2023-01-29-fault_list.json").write_text(json.dumps({"08": [fault]}))
    head = "Timestamp,TimeUnixNano,Node,PodName,Container,TraceID,SpanID,Log\n"
    start = 1_674_981_720  # 08:42:00
    log = '"{""log"":""16:42:22.382 ERROR f.Food#5 TraceID: ab12 SpanID: cd34 [eat][Apple]\\n""}"'
    pods = ("ts-food-service-f5756978c-k8vqf", "ts-seat-service-5c95b49cff-tdsdz")
    lines = [f"t,{start + m * 60}000000000,n,{pod},server,x,y,{log}\n" for m in range(6) for pod in pods]
    (tmp_path / "08_42_log.csv").write_text(head + "".join(lines))
    data = READ["nezha"](tmp_path)
    bad = {data.sequences.times[i][0] - start for i in np.flatnonzero(data.is_anomaly)}
    assert bad == {60, 120, 180, 240}  # minutes that the fault of 08:43:04 to 08:46:04 touches
    assert set(data.sequences.entities) == {"ts-food-service", "ts-seat-service"}
    assert texts(data) == ["f.Food#<n4> [eat][Apple]"]


def test_sets_are_chosen_by_name() -> None:
    assert [source.name for source in choose_sets(["adfa", "hdfs"])] == ["hdfs", "adfa"]
    with pytest.raises(InputError, match="Did you mean 'hadoop'"):
        choose_sets(["hadop"])


def test_parts_follow_the_order() -> None:
    assert np.bincount(parts_in_order(10)).tolist() == [6, 2, 2]
    part = parts_by_class(np.asarray([False, True] * 10))
    assert (np.bincount(part[::2]).tolist(), np.bincount(part[1::2]).tolist()) == ([6, 2, 2], [6, 2, 2])


def test_a_sample_keeps_parts_and_anomalies(tmp_path: Path) -> None:
    write_traces(tmp_path)
    data = READ["adfa"](tmp_path)
    some = sample_evenly(data, 20, events=2)
    assert len(some.sequences) < len(data.sequences)
    assert {(p, a) for p, a in zip(some.part.tolist(), some.is_anomaly.tolist(), strict=True)} == {
        (part, anomaly) for part in (LEARN, TUNE, TEST) for anomaly in (False, True)
    }
    assert max(map(len, some.sequences.rows)) == 2


def test_numbers_of_any_size_are_one_template() -> None:
    assert template_text("Received block blk_-16089 of size 67108864") == template_text(
        "Received block blk_7 of size 9"
    )


@pytest.mark.parametrize(
    ("name", "sequences", "anomalies"),
    [("hdfs-lines", 1_475, 36), ("openstack", 1_654, 158), ("adfa", 5_951, 746), ("lanl", 9_999, 3)],
)
def test_real_sets_hold_what_their_authors_say(shared_data: Path, name: str, sequences: int, anomalies: int) -> None:
    data = READ[name](shared_data / "logs" / "benchmarks")
    assert (len(data.sequences), int(data.is_anomaly.sum())) == (sequences, anomalies)
