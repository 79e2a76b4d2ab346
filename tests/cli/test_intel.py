"""`loglm intel`: from texts and logs to answers, on the example files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from intel.chat_server import Server, serving
from loglm.cli.main import app
from loglm.search.store import DATABASE

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as state:
        yield state


def run(*arguments: object, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)), input=stdin)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("intel") / "index"
    done = run("intel", "index", EXAMPLES / "intel", "--out", folder)
    assert done.exit_code == 0, done.stderr
    assert "6 texts" in done.stderr
    return folder


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("findings") / "findings.json"
    path.write_text(run("detect", EXAMPLES / "logs" / "simulated", "--json", "--quiet").stdout)
    return path


def test_index_says_what_it_added_as_json(tmp_path: Path) -> None:
    done = run("intel", "index", EXAMPLES / "intel", "--out", tmp_path / "i", "--json", "--quiet")
    assert done.exit_code == 0, done.exception
    added = json.loads(done.stdout)
    assert (added["documents"], added["passages"], added["formats"]["html"]) == (6, 21, 1)


def test_index_says_what_it_holds_as_json(index: Path) -> None:
    again = json.loads(run("intel", "index", EXAMPLES / "intel", "--out", index, "--json").stdout)
    assert (again["documents"], again["known"], again["techniques_known"]) == (0, 6, 28)


def test_a_question_shows_passages_with_places(index: Path) -> None:
    done = run("intel", "ask", index, "who reads the memory of lsass", "-n", 2)
    assert done.exit_code == 0, done.stderr
    assert "techniques that fit: T1003.001" in done.stdout
    assert "lsass-and-lateral-movement.html, line 19" in done.stdout
    assert "\n2. " in done.stdout
    assert "\n3. " not in done.stdout


def test_an_event_by_its_place_a_line_and_a_log_are_questions(index: Path) -> None:
    log = EXAMPLES / "logs" / "ssh" / "auth.log"
    line = log.read_text().split("\n")[135]
    asked = [json.loads(run("intel", "ask", index, q, "--json").stdout) for q in (f"{log}:136", line, log)]
    titles = [found["answers"][0]["matches"][0]["title"] for found in asked]
    assert all("Password guessing over SSH" in title for title in titles), titles
    assert asked[0]["answers"][0]["known_techniques"]


def test_findings_of_detect_are_questions(index: Path, findings: Path) -> None:
    found = json.loads(run("intel", "ask", index, "--findings", findings, "--json").stdout)["answers"]
    assert len(found) == len(json.loads(findings.read_text())["findings"])
    assert all(len(answer["matches"]) <= 2 for answer in found)
    assert all(passage["score"] > 0 for answer in found for passage in answer["matches"])


def test_a_finding_that_no_text_answers_is_counted_and_the_rest_goes_on(index: Path, tmp_path: Path) -> None:
    texts = ("zzzzzz", "lsass memory", "")
    path = tmp_path / "findings.jsonl"
    path.write_text("\n".join(json.dumps({"finding_info": {"title": f"on {t}", "desc": t}}) for t in texts))
    done = run("intel", "ask", index, "--findings", path, "--json")
    assert done.exit_code == 0, done.stderr
    answers = json.loads(done.stdout)["answers"]
    assert [bool(answer["matches"]) for answer in answers] == [False, True, False]
    assert "2 findings of 3: no word" in done.stderr
    assert "lsass" in run("intel", "ask", index, "--findings", path).stdout
    prompt = run("intel", "ask", index, "--findings", path, "--prompt").stdout
    assert "> on lsass memory" in prompt
    assert "zzzzzz" not in prompt
    path.write_text(json.dumps({"finding_info": {"desc": "zzzzzz"}}))
    refused = run("intel", "ask", index, "--findings", path)
    assert (refused.exit_code, "no word of 'zzzzzz'" in refused.stderr) == (2, True)


def test_a_prompt_keeps_to_its_budget(index: Path, findings: Path) -> None:
    done = run("intel", "ask", index, "--findings", findings, "--prompt", "--tokens", 4000)
    assert done.exit_code == 0, done.stderr
    assert "\n[1]\n> " in done.stdout
    assert int(done.stderr.split(" tokens")[0].replace(",", "")) <= 4000


def test_an_endpoint_answers_with_the_sources(index: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "k3y")
    options = ("--endpoint", server.url, "--llm", "tiny", "--key-env", "MY_KEY")
    done = run("intel", "ask", index, "what is PsExec", *options)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("Reset the password [1].\n\n[1] ")
    [(_, authorization, body)] = server.asked
    assert authorization == "Bearer k3y"
    assert "Question: what is PsExec" in body["messages"][0]["content"]  # type: ignore[index]


def test_nothing_is_sent_unless_asked(index: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGLM_API_KEY", "k3y")
    assert run("intel", "ask", index, "what is PsExec", "--prompt").exit_code == 0
    assert not server.asked


def test_detect_shows_the_texts_that_match(index: Path, tmp_path: Path) -> None:
    log = EXAMPLES / "logs" / "simulated"
    html = tmp_path / "report.html"
    done = run("detect", log, "--intel", index, "--json", "--html", html, "--quiet")
    events = json.loads(done.stdout)["findings"]
    assert all(event["enrichments"][0]["type"] == "threat intelligence" for event in events)
    assert "Texts that match" in html.read_text()
    assert "see " in run("detect", log, "--intel", index, "--quiet").stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["INDEX"], "give a question"),
        (["INDEX", "lsass", "--findings", "x"], "give a question"),
        (["INDEX", " "], "the question is empty"),
        (["INDEX", "zzz zzz zzz"], "no word of 'zzz zzz zzz'"),
        (["INDEX", "--findings", "missing.json"], "missing.json: cannot be read"),
        (["missing", "lsass"], "not an intel index (there is no such folder)"),
        (["INDEX", "lsass", "--endpoint", "http://localhost:1/v1"], "--endpoint needs --llm"),
        (["INDEX", "lsass", "--endpoint", "http://localhost:1/v1", "--llm", "x"], "cannot be reached"),
        (["INDEX", "lsass", "--model", "missing", "--prompt"], "missing"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_status_2(index: Path, arguments: list[str], reason: str) -> None:
    done = run("intel", "ask", *(index if part == "INDEX" else part for part in arguments))
    assert done.exit_code == 2
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_texts_from_stdin_stand_beside_each_other(tmp_path: Path) -> None:
    index = tmp_path / "index"
    for text in ("Procdump read lsass.", "A cron job fetched a script.", "Procdump read lsass."):
        assert run("intel", "index", "-", "--out", index, stdin=text).exit_code == 0
    texts = json.loads(run("intel", "list", index, "--json").stdout)["texts"]
    assert [text["passages"] for text in texts] == [1, 1]
    assert all(text["name"].startswith("<stdin> ") for text in texts)
    assert "Procdump" in run("intel", "ask", index, "procdump").stdout
    assert run("intel", "remove", index, texts[0]["name"]).exit_code == 0
    assert json.loads(run("intel", "list", index, "--json").stdout)["texts"] == texts[1:]


def test_texts_are_listed_and_removed_by_file_and_folder(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / "texts" / f"{name}.md").write_text(f"word{name} and more")
    index = tmp_path / "index"
    run("intel", "index", tmp_path / "texts", "--out", index)
    done = run("intel", "remove", index, tmp_path / "texts" / "a.md")
    assert (done.exit_code, "1 text removed" in done.stderr) == (0, True)
    listed = run("intel", "list", index).stdout
    assert [line.split()[:2] for line in listed.splitlines()] == [["markdown", "1"]] * 2
    assert "no word of 'worda'" in run("intel", "ask", index, "worda").stderr
    refused = run("intel", "remove", index, tmp_path / "texts" / "b.md", tmp_path / "texts" / "a.md")
    assert (refused.exit_code, "no text of the index is there" in refused.stderr) == (2, True)
    assert run("intel", "list", index).stdout == listed
    assert "2 texts removed" in run("intel", "remove", index, tmp_path / "texts").stderr
    assert run("intel", "list", index).stdout == ""
    assert run("intel", "remove", tmp_path / "missing", "x").exit_code == 2
    assert not (tmp_path / "missing").exists()


def test_nothing_to_index_says_why(tmp_path: Path) -> None:
    (tmp_path / "token.txt").write_text("A" * 5_000)
    done = run("intel", "index", tmp_path / "token.txt", "--out", tmp_path / "index")
    assert done.exit_code == 2
    assert "all one word" in done.stderr
    assert "no text was read" in done.stderr
    assert not (tmp_path / "index").exists()


def test_an_index_of_logs_is_no_index_of_texts(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / DATABASE).write_bytes(b"")
    done = run("intel", "ask", tmp_path / "logs", "sql")
    assert done.exit_code == 2
    assert "not an intel index (no intel.sqlite in it)" in done.stderr


@pytest.mark.parametrize("query", ["nosuch.log:12", "nosuch.evtx", "../no/such"])
def test_a_file_that_is_not_there_is_no_question(index: Path, query: str) -> None:
    done = run("intel", "ask", index, query)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "there is no such file" in done.stderr


def test_why_nothing_was_read_is_said(index: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.log").write_bytes(bytes(range(8)) * 100)
    done = run("intel", "ask", index, tmp_path / "odd.log")
    assert done.exit_code == 2
    assert "binary data" in done.stderr


def test_a_prompt_shows_the_event_as_it_stands_in_the_log(index: Path) -> None:
    log = EXAMPLES / "logs" / "ssh" / "auth.log"
    done = run("intel", "ask", index, f"{log}:136", "--prompt")
    assert f"> {log.read_text().splitlines()[135]}" in done.stdout.splitlines()


@pytest.mark.parametrize("text", ["token\n" * 3_000, "A" * 500_000, "token " * 150_000])
def test_a_log_that_is_all_one_word_is_no_question(index: Path, tmp_path: Path, text: str) -> None:
    log = tmp_path / "a.log"
    log.write_text(text)
    done = run("intel", "ask", index, log)
    assert done.exit_code == 2
    assert "all that is said is one word (" in done.stderr
    assert len(done.stderr) < 700


def test_that_only_the_first_events_of_a_log_are_looked_at_is_said(index: Path, tmp_path: Path) -> None:
    line = "Mar  4 10:15:00 web1 sshd[1]: Failed password for root from 203.0.113.9 port 51000 ssh2\n"
    (tmp_path / "a.log").write_text(line * 2_000)
    (tmp_path / "b.log").write_text(line * 2_001)
    assert not run("intel", "ask", index, tmp_path / "a.log").stderr
    assert "only the first 2,000 events are looked at" in run("intel", "ask", index, tmp_path / "b.log").stderr
