"""detect() on the bundled examples and on bad input, with the shipped model."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from loglm.artifacts.folder import default_model_dir
from loglm.detection.engine import detect
from loglm.errors import InputError, ModelError
from loglm.events.splitting import parts_of
from loglm.reports import write_html

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "logs"
pytestmark = pytest.mark.skipif(
    not (default_model_dir() / "manifest.json").is_file(), reason="the shipped model has not been built"
)


def test_detect_scores_every_event_that_it_reads() -> None:
    result = detect([EXAMPLES], workers=1)
    assert result.stats.events_read == result.stats.events_scored > 2_000
    assert result.stats.files == 8


def test_detect_names_techniques_where_it_can_and_shows_its_evidence() -> None:
    findings = detect([EXAMPLES], workers=1, threshold=0.0).findings
    named = [f for f in findings if f.technique_id.startswith("T")]
    assert len(named) > 20
    assert {f.technique_id for f in findings if f not in named} == {"unknown"}
    assert all(f.candidates and f.evidence and f.evidence[0].raw for f in findings)
    assert all(f.tactics and f.candidates[0].technique_id == f.technique_id for f in named)
    assert all(0.0 <= f.score <= 1.0 and sum(e.weight for e in f.evidence[:1]) <= 1.0001 for f in findings)


def test_detect_gives_the_same_findings_in_one_and_in_two_processes() -> None:
    one = detect([EXAMPLES], workers=1, threshold=0.3).findings
    two = detect([EXAMPLES], workers=2, threshold=0.3).findings
    assert [f.finding_id for f in one] == [f.finding_id for f in two]


@pytest.mark.parametrize("name", ["ssh/auth.log", "web/access.log", "simulated/windows_security_sysmon.jsonl"])
def test_one_large_file_gives_the_same_findings_in_one_and_in_two_processes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    log.write_bytes((EXAMPLES / name).read_bytes() * 3)
    whole = detect([log], workers=1, threshold=0.0)
    monkeypatch.setattr("loglm.detection.engine.parts_of", partial(parts_of, size_bytes=50_000))
    shown: list[tuple[int, int]] = []
    one = detect([log], workers=1, threshold=0.0, progress=lambda stats: shown.append((stats.files, stats.bytes_read)))
    two = detect([log], workers=2, threshold=0.0)
    assert one.findings == two.findings
    assert len(one.findings) > 0
    for result in (one, two):
        assert result.stats.events_read == result.stats.events_scored == whole.stats.events_read
        assert (result.stats.files, result.stats.entities) == (1, whole.stats.entities)
        assert result.stats.bytes_read == result.stats.bytes_total == log.stat().st_size
    assert {files for files, _ in shown[:-1]} == {0}
    assert shown[-1] == (1, log.stat().st_size)


def test_detect_counts_malformed_records_and_reads_on(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.write_text('{"a": 1, "msg": "x"}\n{"a": \n{"a": 2, "msg": "y"}\n')
    result = detect([log])
    assert (result.stats.events_read, result.problems.total_rejected) == (2, 1)


def test_detect_stops_at_the_first_problem_when_asked_to(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.write_text('{"a": 1}\n{"a": \n{"a": 3}\n')
    with pytest.raises(InputError, match=r"events\.jsonl:2"):
        detect([log], stop_on_error=True)


def test_detect_says_which_path_is_missing() -> None:
    with pytest.raises(InputError, match="no-such-folder"):
        detect(["no-such-folder"])


def test_findings_in_access_logs_say_that_a_web_server_wrote_them() -> None:
    findings = detect([EXAMPLES / "web" / "access.log"], threshold=0.0).findings
    assert {finding.log_source for finding in findings} == {"webserver/access"}


def test_summary_goes_into_the_reports(tmp_path: Path) -> None:
    result = detect([EXAMPLES / "linux"], workers=1, threshold=0.0)
    summary = result.summary()
    write_html(result.findings, summary, tmp_path / "report.html")
    assert (summary.events_read, summary.findings) == (result.stats.events_read, len(result.findings))
    assert (summary.model_name, summary.model_version) == (result.model_name, result.model_version)
    assert f"with model {result.model_name} {result.model_version}" in (tmp_path / "report.html").read_text()


def test_detect_opens_the_model_folder_once() -> None:
    log = EXAMPLES / "linux" / "syslog"
    code = (
        "import sys; opened = []\n"
        "sys.addaudithook(lambda name, args: opened.append(str(args[0])) if name == 'open' else None)\n"
        "from loglm.cli.main import app; app(sys.argv[1:], standalone_mode=False)\n"
        "print(sum(path.endswith('manifest.json') for path in opened), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, "detect", log], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "1"


@pytest.mark.parametrize("threshold", [-0.1, 1.5, float("nan")])
def test_detect_refuses_a_threshold_that_is_no_probability(threshold: float) -> None:
    with pytest.raises(InputError, match=r"threshold: expected a probability in 0\.\.1"):
        detect([EXAMPLES], threshold=threshold)


def test_detect_refuses_an_altered_model(tmp_path: Path) -> None:
    for file in default_model_dir().iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with (tmp_path / "labels.json").open("a") as stream:
        stream.write(" ")
    with pytest.raises(ModelError, match=r"labels\.json: altered"):
        detect([EXAMPLES / "ssh"], model=tmp_path)


def test_sigma_hits_are_shown_as_evidence(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(
        "title: Reads shadow\nid: 5f113a8f-8b61-41ca-b90f-d374fa7e4a39\nstatus: stable\nlevel: critical\n"
        "logsource: {product: linux}\ndetection: {keywords: ['/etc/shadow'], condition: keywords}\n"
        "tags: [attack.t1003.008]\n"
    )
    findings = detect([EXAMPLES / "ssh"], sigma=tmp_path, threshold=0.6).findings
    hit = [f for f in findings if f.rules]
    assert hit
    assert hit[0].rules[0].title == "Reads shadow"
    assert any(e.rules for e in hit[0].evidence)
    assert "sigma" in hit[0].sources
