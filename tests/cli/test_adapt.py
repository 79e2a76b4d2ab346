"""loglm adapt, and loglm model list, rollback and compare, on simulated days of hard benign work."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from loglm.artifacts.folder import default_model_dir
from loglm.cli.main import app

_ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(
    not (default_model_dir() / "manifest.json").is_file(), reason="the shipped model has not been built"
)


def loglm(*arguments: object, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        app([str(argument) for argument in arguments])
    shown = capsys.readouterr()
    return int(ended.value.code or 0), shown.out, shown.err


@pytest.fixture(scope="module")
def benign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benign")
    script = _ROOT / "examples" / "hard_benign.py"
    subprocess.run([sys.executable, "-B", script, "--out", folder, "--days", "6"], check=True)
    return folder


@pytest.fixture(scope="module")
def adapted(benign: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """A folder of versions, and what the command printed."""
    out = tmp_path_factory.mktemp("adapted") / "model"
    command = [sys.executable, "-m", "loglm", "adapt", "--benign", str(benign), "--out", str(out), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "taken for harmless" in done.stderr
    return out, json.loads(done.stdout)


def test_adaptation_lowers_false_alarms_and_keeps_what_was_known(adapted: tuple[Path, dict[str, object]]) -> None:
    _, facts = adapted
    before, after = facts["checked_before"], facts["checked_after"]
    assert before["findings"] > 20 > after["findings"]
    assert after["a_day"] <= facts["budget_a_day"]
    assert facts["known_after"]["ranking"] > facts["known_before"]["ranking"] - 0.05
    assert 0 < facts["unlike_the_rest"] < 0.1 * facts["windows"] < facts["taken_for_harmless"]
    assert not facts["may_hold_an_attack"]
    assert facts["version"] == "0001"


def test_detect_takes_the_folder_of_versions(
    adapted: tuple[Path, dict[str, object]], benign: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = benign / "backup.jsonl"
    found = [
        len(json.loads(loglm("detect", log, "--json", *options, capsys=capsys)[1])["findings"])
        for options in ((), ("--model", adapted[0]))
    ]
    assert found[1] < found[0] / 4


def test_list_rollback_and_compare(adapted: tuple[Path, dict[str, object]], capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = adapted
    versions = json.loads(loglm("model", "list", out, "--json", capsys=capsys)[1])
    assert [(v["name"], v["is_current"], v["problem"]) for v in versions] == [("0000", False, ""), ("0001", True, "")]
    assert "version 0000 is current, before 0001" in loglm("model", "rollback", out, capsys=capsys)[1]
    code, _, error = loglm("model", "rollback", out, capsys=capsys)
    assert code == 2
    assert "first version" in error
    assert loglm("model", "rollback", out, "--to", "0001", capsys=capsys)[0] == 0
    old, new = (out / "versions" / name for name in ("0000", "0001"))
    code, shown, _ = loglm("model", "compare", old, new, "--json", capsys=capsys)
    assert code == 0
    assert {row["channel"] for row in json.loads(shown)["thresholds"]} >= {"windows/sysmon", "windows/security"}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `loglm anomalies --state` keeps, of two runs."""
    folder = tmp_path_factory.mktemp("anomalies")
    lines = (_ROOT / "examples" / "logs" / "ssh" / "auth.log").read_text().splitlines(keepends=True)
    for name, part in (("usual", lines[:400]), ("day-1", lines[400:500]), ("day-2", lines[500:])):
        (folder / f"{name}.log").write_text("".join(part))
    kept = folder / "state"
    command = [sys.executable, "-m", "loglm", "anomalies", "--state", str(kept), "-q"]
    for options in (["--baseline", str(folder / "usual.log"), str(folder / "day-1.log")], [str(folder / "day-2.log")]):
        subprocess.run([*command, *options], check=True, capture_output=True)
    return kept


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("model", "list"), "something else (anomaly state), no model; expected a folder that `loglm adapt --out`"),
        (("model", "list", "--json"), "`loglm info --state` shows"),
        (("model", "rollback"), "something else (anomaly state), no model"),
        (("model", "rollback", "--to", "0000"), "something else (anomaly state), no model"),
        (("adapt", "--benign", "a.log", "--out"), "there is something else (anomaly state); give a new folder"),
        (("adapt", "--benign", "a.log", "--model", "m", "--out"), "there is something else (anomaly state)"),
    ],
)
def test_an_anomaly_state_is_no_adapted_model(
    state: Path, command: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in state.rglob("*") if path.is_file()}
    code, shown, error = loglm(*command, state, capsys=capsys)
    assert (code, shown) == (2, "")
    assert said in error
    assert {path: path.read_bytes() for path in state.rglob("*") if path.is_file()} == before


def test_labels_by_finding_and_by_place(benign: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = loglm("detect", benign, "--json", capsys=capsys)[1]
    first, second, third = json.loads(shown)["findings"][:3]
    ids = first["finding_info"]["uid"], second["evidences"][0]["uid"], third["finding_info"]["uid"]
    labels = tmp_path / "labels.csv"
    labels.write_text(
        f"id,verdict\n{ids[0]},benign positive\n{ids[1]},true positive\n{ids[2]},FP\n0123456789abcdef0123,fp\nx,maybe\n"
    )
    out = tmp_path / "model"
    code, shown, error = loglm("adapt", "--benign", benign, "--labels", labels, "--out", out, "--json", capsys=capsys)
    facts = json.loads(shown)
    assert code == 0
    assert set(facts["labelled_windows"]) == {"benign_positive", "true_positive", "false_positive"}
    assert facts["labels_not_found"] == ["0123456789abcdef0123"]
    assert "'maybe' is no verdict" in error
    assert 'reason = ""' in Path(facts["proposed_exclusions"]).read_text()


_QUICK = ("--thresholds-only", "--max-loss", 1, "--json")
"""Labels are read and counted, weights stay as they are."""


def _ids(logs: list[Path], *options: object, capsys: pytest.CaptureFixture[str]) -> list[str]:
    shown = loglm("detect", *logs, "--json", *options, capsys=capsys)[1]
    return [finding["finding_info"]["uid"] for finding in json.loads(shown)["findings"]]


def _verdicts(file: Path, ids: list[str], verdict: str = "false positive") -> Path:
    file.write_text("id,verdict\n" + "".join(f"{name},{verdict}\n" for name in ids))
    return file


def test_findings_are_looked_for_in_benign_and_in_labelled_logs(
    benign: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ids of two runs, each over logs of its own."""
    attack = _ROOT / "examples" / "logs" / "simulated" / "windows_security_sysmon.jsonl"
    ours, theirs = (_ids([log], capsys=capsys)[:3] for log in (benign / "backup.jsonl", attack))
    harmless = _verdicts(tmp_path / "fp.csv", ours)
    real = _verdicts(tmp_path / "tp.csv", theirs, "true positive")
    options = ("--labelled", attack, "--labels", harmless, "--labels", real, "--out", tmp_path / "m", *_QUICK)
    facts = json.loads(loglm("adapt", "--benign", benign, *options, capsys=capsys)[1])
    assert facts["labels_not_found"] == []
    assert facts["labelled_windows"]["false_positive"] >= len(ours)
    assert facts["labelled_windows"]["true_positive"] >= len(theirs)


def test_findings_of_each_kept_version_are_found(
    adapted: tuple[Path, dict[str, object]], benign: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second round: labels on what the shipped model raised, and on what the adapted one raises."""
    out = shutil.copytree(adapted[0], tmp_path / "model")
    logs = [benign / "backup.jsonl", _ROOT / "examples" / "logs" / "simulated"]
    first, second = (_ids(logs, *options, capsys=capsys) for options in ((), ("--model", out)))
    new = [name for name in second if name not in first]
    assert new
    labels = _verdicts(tmp_path / "labels.csv", [*first[:5], *new])
    options = ("--labelled", logs[1], "--labels", labels, "--out", out, *_QUICK)
    code, shown, error = loglm("adapt", "--benign", logs[0], *options, capsys=capsys)
    assert (code, json.loads(shown)["labels_not_found"]) == (0, []), error
    assert "not found" not in error


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("0123456789abcdef0123,fp\n", "1 label not found in these logs (0123456789abcdef0123)"),
        ("missing.jsonl:7,tp\n", "1 label not found in these logs (missing.jsonl:7)"),
        ("0123456789abcdef0123,maybe\n", "no verdict that can be taken"),
        ("", "no verdict that can be taken"),
    ],
)
def test_labels_of_which_none_can_be_used_are_refused(
    rows: str, message: str, benign: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels, out = tmp_path / "labels.csv", tmp_path / "model"
    labels.write_text(f"id,verdict\n{rows}")
    options = ("--benign", benign / "administration.jsonl", "--labels", labels, "--out", out)
    code, shown, error = loglm("adapt", *options, capsys=capsys)
    assert (code, shown) == (2, "")
    assert message in error
    assert not out.exists()


def test_gate_refuses_more_false_alarms(benign: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """False positives in number push thresholds down, so that harmless logs of other machines alert."""
    labels, out = _verdicts(tmp_path / "fp.csv", _ids([benign], capsys=capsys)), tmp_path / "model"
    options = ("--benign", benign, "--labels", labels, "--out", out, "--max-loss", 0.03)
    code, _, error = loglm("adapt", *options, capsys=capsys)
    assert code == 1
    assert "refused: on the reference windows share of benign windows that alert up by 0.0" in error
    assert "more than --max-loss 0.03" in error
    assert not out.exists()


def test_gate_refuses_and_keeps_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Real break-ins, given as benign."""
    logs = [_ROOT / "examples" / "logs" / name for name in ("ssh", "audit")]
    out = tmp_path / "model"
    code, _, error = loglm(
        "adapt", "--benign", logs[0], "--benign", logs[1], "--out", out, "--max-loss", 0.005, capsys=capsys
    )
    assert code == 1
    assert "refused: on the reference windows ranking down by 0.01" in error
    assert not out.exists()


def test_thresholds_alone_that_cost_attacks_are_refused(
    benign: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hard benign work scores like attacks: thresholds above it are above attacks too, and only weights tell apart."""
    out = tmp_path / "model"
    options = ("--benign", benign, "--out", out, "--thresholds-only", "--json")
    code, shown, error = loglm("adapt", *options, capsys=capsys)
    facts = json.loads(shown)
    before, after = facts["known_before"], facts["known_after"]
    assert (code, facts["windows_fitted"], list(facts["lost"])) == (1, 0, ["alerting"])
    assert after == before | {name: after[name] for name in ("alerting", "benign_alerting")}
    assert "leave out --thresholds-only" in error and "or use a larger --max-loss" in error
    assert "would still alert" not in error
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--benign", "{empty}"), "at least 40 are needed"),
        (("--benign", "missing.log"), "no file or folder 'missing.log'"),
        (("--benign", "{empty}", "--alerts-per-day", "1", "--budget", "1"), "give one"),
        (("--benign", "{empty}", "--out", "{here}"), "something else"),
        (("--benign", "{empty}", "--out", "{here}/other"), "something else"),
    ],
)
def test_wrong_input_is_refused(
    options: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "a.log"
    log.write_text("Mar  4 10:15:01 web1 sshd[4867]: Failed password for root from 203.0.113.9 port 51512 ssh2\n")
    (tmp_path / "other" / "versions" / "0000").mkdir(parents=True)
    (tmp_path / "other" / "current").write_text("0000\n")
    filled = [option.format(empty=log, here=tmp_path) for option in options]
    out = () if "--out" in filled else ("--out", tmp_path / "model")
    code, _, error = loglm("adapt", *filled, *out, capsys=capsys)
    assert code == 2
    assert message in error


def test_logs_without_times_need_days(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "a.log"
    log.write_text("".join(f"worker {n % 7} finished batch of {n} items\n" for n in range(1_000)))
    code, _, error = loglm("adapt", "--benign", log, "--out", tmp_path / "m", capsys=capsys)
    assert (code, "--days" in error) == (2, True)
    code, shown, _ = loglm("adapt", "--benign", log, "--out", tmp_path / "m", "--days", 2, "--json", capsys=capsys)
    assert (code, json.loads(shown)["days"]) == (0, 2.0)
