"""The HTML page: valid, self-contained, safe with hostile log text, bounded."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from loglm.findings import Finding, Level, RunSummary
from loglm.reports.html import write_html

from .examples import HOSTILE, beacon, everything, hostile, lsass, many, summary, valid_accounts

VOID = {"meta", "input", "br"}


class Page(HTMLParser):
    """A parsed page: its tags with attributes, and the text of each."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.source = source
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.raw: dict[str, str] = {}
        self.text: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"style", "script"}:
            self.raw[self.open[-1]] = self.raw.get(self.open[-1], "") + data
        else:
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def page(findings: list[Finding], of: RunSummary | None = None, **options: object) -> Page:
    stream = io.StringIO()
    write_html(findings, of or summary(), stream, **options)  # type: ignore[arg-type]
    return Page(stream.getvalue())


@pytest.fixture(scope="module")
def real() -> Page:
    return page(everything())


@pytest.fixture(scope="module")
def attacked() -> Page:
    return page(
        [hostile()], summary(problem_examples={HOSTILE: [HOSTILE]}, rejected_by_kind={HOSTILE: 1}), title=HOSTILE
    )


def policy(of: Page) -> str:
    return next(str(meta["content"]) for meta in of.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")


def csp_hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def test_tags_are_balanced(real: Page) -> None:
    assert real.unbalanced == []
    assert real.open == []


def test_policy_allows_only_the_own_style_and_script(real: Page) -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in policy(real).split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == csp_hash(real.raw["script"])
    assert rules["style-src"] == csp_hash(real.raw["style"])
    assert rules["base-uri"] == rules["form-action"] == "'none'"


def test_policy_comes_before_what_it_governs(real: Page) -> None:
    assert real.source.index("Content-Security-Policy") < real.source.index("<style>")


def test_nothing_is_loaded(real: Page) -> None:
    assert {tag for tag, _ in real.tags} & {
        "img",
        "link",
        "iframe",
        "object",
        "embed",
        "base",
        "video",
        "audio",
    } == set()
    for _, attributes in real.tags:
        assert "src" not in attributes
        assert "style" not in attributes
        href = attributes.get("href") or "#"
        assert href.startswith(("#", "https://attack.mitre.org/versions/v18/"))
    assert "url(" not in real.raw["style"]
    assert "@import" not in real.raw["style"]


def test_no_event_handlers(real: Page, attacked: Page) -> None:
    for parsed in (real, attacked):
        assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")]


def test_hostile_text_makes_no_tag(attacked: Page) -> None:
    assert attacked.unbalanced == []
    assert attacked.all("img") == []
    assert len(attacked.all("script")) == 1
    assert "onerror=alert(1)" in attacked.words


def test_hostile_text_makes_no_attribute(attacked: Page, real: Page) -> None:
    known = {name for _, attributes in real.tags for name in attributes}
    assert {name for _, attributes in attacked.tags for name in attributes} <= known


def test_hostile_text_is_shown_with_visible_escapes(attacked: Page) -> None:
    assert attacked.source.replace("\n", "").replace("\t", "").isprintable()
    assert "\\x1b[2J" in attacked.words
    assert "\\u202egnp.exe\\u2069" in attacked.words


def test_hostile_text_is_no_template(attacked: Page) -> None:
    assert "{{7*7}}" in attacked.words
    assert "49" not in re.findall(r"\b\d+\b", " ".join(attacked.text))


def test_hostile_id_is_no_anchor() -> None:
    parsed = page([replace(lsass(), finding_id='x" onclick="alert(1)')])
    assert [details["id"] for details in parsed.all("details")] == ["n-0"]


def test_policy_holds_for_hostile_text(attacked: Page, real: Page) -> None:
    assert policy(attacked) == policy(real)
    assert attacked.raw == real.raw


def test_summary_counts_levels_and_run(real: Page) -> None:
    assert "6 findings on 5 entities in 48,213 events of 12 files" in real.words
    for part in ("1 critical", "2 high", "2 medium", "1 low", "0 info", "13 records", "nano 1.0", "91 %"):
        assert part in real.words


def test_problems_are_listed_with_examples(real: Page) -> None:
    assert "malformed-json 12 logs/aws/trail.json.gz:77: expected a JSON object" in real.words
    assert "empty 1 logs/web2/auth.log: the file is empty" in real.words


def test_page_without_problems_has_no_table_of_them() -> None:
    parsed = page(everything(), summary(rejected_by_kind={}, notes_by_kind={}, problem_examples={}))
    assert parsed.all("table") == []


def test_matrix_has_all_tactics_and_only_techniques_found(real: Page) -> None:
    columns = [
        attributes for attributes in real.all("div") if str(attributes.get("class", "")).split()[:1] == ["tactic"]
    ]
    assert len(columns) == 14
    assert len([column for column in columns if column["class"] == "tactic empty"]) == 7
    cells = [attributes for tag, attributes in real.tags if str(attributes.get("class", "")).startswith("cell")]
    assert len(cells) == 9


def test_matrix_cell_leads_to_its_finding(real: Page) -> None:
    targets = {details["id"] for details in real.all("details")}
    cells = [attributes for attributes in real.all("a") if str(attributes.get("class", "")).startswith("cell")]
    assert {str(cell["href"])[1:] for cell in cells} == targets


def test_timeline_draws_findings_with_time(real: Page) -> None:
    marks = [rect for rect in real.all("rect") if str(rect.get("x", "")).endswith("%")]
    assert len(marks) == 5
    assert "1 finding without a time not drawn." in real.words


def test_timeline_is_left_out_where_nothing_has_a_time() -> None:
    assert "timeline-title" not in page([valid_accounts()]).source


def test_evidence_has_place_time_weight_and_marked_words(real: Page) -> None:
    assert "logs/WORKSTATION5/sysmon.json:1204" in real.words
    assert "2021-03-04 10:11:12" in real.words
    assert "62 %" in real.words
    assert "<mark>lsass.exe</mark>" in real.source


def test_structured_event_is_told_in_one_line_above_its_raw_text() -> None:
    fields = (("EventID", "1"), ("ParentImage", "C:\\EXCEL.EXE"), ("CommandLine", "rundll32 comsvcs.dll <lsass.exe>"))
    item = replace(lsass().evidence[0], fields=fields, action="1")
    parsed = page([replace(lsass(), evidence=(item,))])
    assert "EventID 1 EXCEL.EXE -> rundll32 comsvcs.dll < lsass.exe >" in parsed.words
    assert "&lt;<mark>lsass.exe</mark>&gt;" in parsed.source
    assert parsed.source.index("EXCEL.EXE") < parsed.source.index("<pre>")


def test_event_without_fields_has_its_raw_text_alone(real: Page) -> None:
    assert [p for p in real.all("p") if str(p.get("class", "")).startswith("gist")] == []


def test_rules_and_candidates_are_shown(real: Page) -> None:
    assert "Process Memory Dump Via Comsvcs.DLL" in real.words
    assert "T1055 Process Injection" in real.words
    assert "how probable each is, if these events are an attack" in real.words


def test_filters_offer_what_is_there(real: Page) -> None:
    levels = {box["value"] for box in real.all("input")}
    assert levels == {"5", "4", "3", "2"}
    options = {str(option["value"]) for option in real.all("option")}
    assert {"credential-access", "command-and-control", "0", "4"} <= options
    assert "impact" not in options
    details = real.all("details")[0]
    assert (details["data-level"], details["data-tactics"], details["data-entity"]) == ("5", "credential-access", "0")


def test_no_findings_says_what_was_looked_at() -> None:
    parsed = page([], summary(findings=0))
    assert parsed.unbalanced == []
    assert "No findings. Looked at 48,213 events" in parsed.words
    assert parsed.all("details") == []


def test_findings_beyond_the_limit_are_listed_then_counted() -> None:
    parsed = page(many(1300), full=20)
    assert len(parsed.all("details")) == 20
    assert len([row for row in parsed.all("tr") if row.get("class") == "entry"]) == 1000
    assert "280 findings more not shown here: 20 low, 260 info." in parsed.words


def test_size_is_bounded() -> None:
    item = replace(beacon().evidence[0], raw='"' * 4096, highlights=('"' * 4096,) * 20)
    findings = [replace(beacon(), finding_id=f"{number:x}", evidence=(item,) * 10) for number in range(400)]
    stream = io.StringIO()
    write_html(findings, summary(), stream, full=50)
    assert len(stream.getvalue()) < 50 * 10 * 16_000


def test_unknown_technique_is_shown_without_a_link() -> None:
    parsed = page([replace(lsass(), technique_id="T1685", tactics=("stealth",), level=Level.HIGH)])
    assert "T1685" in parsed.words
    assert "https://attack.mitre.org" not in parsed.source


def test_attack_is_attributed(real: Page) -> None:
    assert "© 2025 The MITRE Corporation" in real.words
