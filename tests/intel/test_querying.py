"""Questions, events and findings find the passages that were written about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from loglm.detection.scorer import WindowScorer
from loglm.errors import EmptyInputError, InputError
from loglm.events import read_events
from loglm.events.reading import parse_line
from loglm.findings import Finding
from loglm.intel.findings_file import read_ocsf
from loglm.intel.querying import IntelIndex
from loglm.intel.questions import Question, about_events, about_finding, about_ocsf, about_words, event_words
from loglm.intel.references import with_references
from loglm.reports.ocsf import to_ocsf
from reports.examples import beacon, brute_force, lsass, summary

from .conftest import EXAMPLES


def best(index: IntelIndex, question: Question) -> str:
    return index.passages(question)[0].passage.title


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("how do I find an implant that calls home?", "Implant that calls home every minute over HTTPS"),
        ("who reads the memory of lsass.exe with comsvcs.dll", "Memory of lsass"),
        ("T1098.001", "cloud-account-takeover.txt"),
        ("gobuster", "Attacks on a web shop"),
        ("which tasks does NightUpdater register", "NightUpdater uses T1053.005"),
    ],
)
def test_questions_find_their_passage(index: IntelIndex, question: str, title: str) -> None:
    assert title in best(index, about_words(question))


def test_answers_are_in_order_and_not_twice(index: IntelIndex) -> None:
    found = index.passages(about_words("intruder with a password"), limit=6)
    assert [match.score for match in found] == sorted((match.score for match in found), reverse=True)
    assert len({match.passage.text for match in found}) == len(found) == 6


def test_techniques_that_a_question_names_come_first(index: IntelIndex) -> None:
    assert index.techniques(about_words("T1003.006"))[0].name == "DCSync"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "empty"), ("  \n", "empty"), ("zzzzzzzz " * 400, "no word of 'zzzzzzzz"), ("!?", "no word of")],
)
def test_what_cannot_be_answered_is_said(index: IntelIndex, text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        index.passages(about_words(text))


def test_an_event_finds_texts_of_what_it_shows(index: IntelIndex) -> None:
    scorer = WindowScorer.from_pretrained()
    line = "Nov 21 12:28:01 web1 sshd[414]: Failed password for invalid user oracle from 10.0.0.7 port 51512 ssh2"
    question = about_events([parse_line(line)], scorer, title="a log line")
    assert "Password guessing over SSH" in best(index, question)
    assert all(0 < probability <= 1 for probability in question.techniques.values())


def test_words_of_events_stand_once_without_field_names_and_common_ones() -> None:
    rendered = ["windows/sysmon 10\nTargetImage=lsass.exe", "windows/sysmon 10\nTargetImage=lsass.exe twice"]
    assert event_words(rendered, frozenset({"windows", "exe"})) == "sysmon 10 lsass twice"


def test_a_log_is_a_question_and_an_empty_one_is_refused(index: IntelIndex) -> None:
    scorer = WindowScorer.from_pretrained()
    log = EXAMPLES / "logs" / "web" / "error.log"
    assert "web" in best(index, about_events(read_events([str(log)]), scorer, title="error.log")).lower()
    with pytest.raises(EmptyInputError, match=r"error\.log: no event"):
        about_events([], scorer, title="error.log")


@pytest.mark.parametrize(
    ("finding", "title"),
    [
        (lsass(), "Memory of lsass"),
        (brute_force(), "Password guessing over SSH"),
        (beacon(), "Implant that calls home"),
    ],
    ids=["lsass", "ssh", "beacon"],
)
def test_a_finding_and_its_ocsf_find_the_same(index: IntelIndex, finding: Finding, title: str) -> None:
    assert title in best(index, about_finding(finding))
    assert title in best(index, about_ocsf(to_ocsf(finding, summary())))


def test_findings_get_references(index: IntelIndex) -> None:
    [finding] = with_references([lsass()], index, limit=2)
    assert len(finding.references) == 2
    assert finding.references[0].place == "line 19"
    assert finding.references[0].techniques == ("T1003.001",)
    assert finding.finding_id == lsass().finding_id


def test_an_ocsf_finding_of_another_program_is_enough() -> None:
    question = about_ocsf({"finding_info": {"title": "Brute force", "attacks": [{"technique": {"uid": "T1110"}}, 3]}})
    assert question.techniques == {"T1110": 1.0}
    assert about_ocsf({"finding_info": {}}).text == ""


@pytest.mark.parametrize(
    ("content", "error", "reason"),
    [
        ("", EmptyInputError, "holds no finding"),
        ('{"findings": []}', EmptyInputError, "holds no finding"),
        ('{"hits": []}', InputError, "expected what loglm detect --json"),
        ('{"finding_info": {}}\n{', InputError, r"findings\.json:2: no JSON"),
    ],
)
def test_files_without_findings_are_refused(tmp_path: Path, content: str, error: type[InputError], reason: str) -> None:
    (tmp_path / "findings.json").write_text(content)
    with pytest.raises(error, match=reason):
        read_ocsf(tmp_path / "findings.json")


def test_findings_are_read_from_documents_lines_and_lists(tmp_path: Path) -> None:
    for content in ('{"findings": [{"finding_info": {}}]}', '[{"finding_info": {}}]', '{"finding_info": {}}\n'):
        (tmp_path / "findings.json").write_text(content)
        assert read_ocsf(tmp_path / "findings.json") == [{"finding_info": {}}]
