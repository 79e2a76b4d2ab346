"""Every format becomes passages; what cannot be read is counted and the rest goes on."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
import zstandard

from loglm.events.problems import Problems
from loglm.intel.passages import Kind, Passage
from loglm.intel.reading import Document, read_documents

from .pdf_files import write_pdf

SENTENCE = "The intruder read the memory of lsass with procdump (T1003.001)."
LSASS = {"source_name": "mitre-attack", "external_id": "T1003.001"}
TECHNIQUE = {
    "type": "attack-pattern",
    "id": "attack-pattern--1",
    "name": "LSASS Memory",
    "external_references": [LSASS],
}
TOOL = {"type": "tool", "id": "tool--1", "name": "Mimikatz", "description": "A tool of many uses."}
USES = {"type": "relationship", "id": "relationship--1", "relationship_type": "uses", "source_ref": "tool--1"}


def read(path: Path) -> tuple[list[Document], Problems]:
    problems = Problems()
    return list(read_documents([path], problems)), problems


def passages(path: Path) -> list[Passage]:
    return [passage for document in read(path)[0] for passage in document.passages]


def write(folder: Path, name: str, content: str | bytes | object) -> Path:
    path = folder / name
    if not isinstance(content, str | bytes):
        content = json.dumps(content)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("a.md", f"# Report\n\n{SENTENCE}", "markdown"),
        ("a.html", f"<html><body><p>{SENTENCE}</p></body></html>", "html"),
        ("page", f"<!DOCTYPE html><p>{SENTENCE}", "html"),
        ("a.txt", SENTENCE, "text"),
        ("utf16.txt", SENTENCE.encode("utf-16"), "text"),
        ("latin.txt", f"Größe. {SENTENCE}".encode("cp1252"), "text"),
        ("bundle.json", {"type": "bundle", "objects": [TECHNIQUE | {"description": SENTENCE}]}, "stix"),
        ("event.json", {"Event": {"info": SENTENCE}}, "misp"),
        ("lines.jsonl", json.dumps({"technique": "T1003.001", "text": SENTENCE}) + "\n" * 2, "attack"),
        ("packed.md.zst", zstandard.compress(SENTENCE.encode()), "markdown"),
    ],
)
def test_formats_are_recognised(tmp_path: Path, name: str, content: str | bytes | object, form: str) -> None:
    [document], problems = read(write(tmp_path, name, content))
    assert document.format == form
    assert document.passages[-1].techniques == ("T1003.001",)
    assert "lsass" in document.passages[-1].text
    assert not problems.notes


def test_pages_of_a_pdf_are_their_places(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", [SENTENCE, "", f"Another page.\n{SENTENCE}"], title="Report")
    [document], problems = read(path)
    assert [(p.place, p.title) for p in document.passages] == [("page 1", "Report"), ("page 3", "Report")]
    assert problems.notes == {"picture-pages": 1}


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("broken.pdf", b"%PDF-1.4\nnothing else", "damaged"),
        ("token.txt", "A" * 100_000, "one-word"),
        ("binary.txt", b"MZ\0\0\1\2", "not-text"),
        ("other.json", {"key": "value"}, "unknown-json"),
        ("stix1.xml", '<?xml version="1.0"?><stix:STIX_Package/>', "unknown-xml"),
        ("cut.json", '{"type": "bundle", "objects": [', "damaged"),
        ("empty.md", "", "empty"),
        ("blank.md", "   \n\n", "no-text"),
        ("cut.zst", zstandard.compress(SENTENCE.encode() * 99)[:20], "damaged"),
    ],
)
def test_what_cannot_be_read_is_counted_and_the_rest_goes_on(
    tmp_path: Path, name: str, content: str | bytes | object, kind: str
) -> None:
    write(tmp_path, name, content)
    write(tmp_path, "zz.md", SENTENCE)
    documents, problems = read(tmp_path)
    assert [Path(document.path).name for document in documents] == ["zz.md"]
    assert problems.notes[kind] == 1 or problems.notes["truncated"] == 1
    assert name in str(problems.examples)


def test_a_pdf_that_is_a_picture_says_what_to_do(tmp_path: Path) -> None:
    write_pdf(tmp_path / "scan.pdf", ["", ""])
    documents, problems = read(tmp_path / "scan.pdf")
    assert not documents
    assert "none of its 2 pages holds text" in problems.examples["picture-only"][0]
    assert "OCR" in problems.examples["picture-only"][0]


def test_a_damaged_line_of_attack_is_rejected_with_its_place(tmp_path: Path) -> None:
    good = json.dumps({"technique": "T1003.001", "text": SENTENCE})
    documents, problems = read(write(tmp_path, "a.jsonl", f"{good}\n{{\n{good}\n"))
    assert len(documents[0].passages) == 2
    assert problems.rejected == {"not-an-attack-line": 1}
    assert "a.jsonl:2" in problems.examples["not-an-attack-line"][0]


def test_archives_are_unpacked_and_programs_left_out(tmp_path: Path) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("reports/a.md", SENTENCE)
        archive.writestr("tool.exe", "MZ")
    documents, problems = read(write(tmp_path, "a.zip", held.getvalue()))
    assert [document.path.rpartition("a.zip")[2] for document in documents] == ["!reports/a.md"]
    assert problems.notes == {"not-a-text": 1}


def test_stix_relationships_are_examples_and_revoked_objects_are_left_out(tmp_path: Path) -> None:
    objects = [
        TECHNIQUE | {"description": "Adversaries read memory."},
        TOOL,
        USES | {"target_ref": "attack-pattern--1", "description": "Mimikatz reads the memory of lsass."},
        TOOL | {"id": "tool--2", "name": "Old", "description": "Gone since then.", "revoked": True},
        {"type": "report", "id": "report--1", "name": "R", "description": "On them.", "object_refs": [TECHNIQUE["id"]]},
    ]  # fmt: skip
    found = {
        (p.kind, p.title, p.techniques)
        for p in passages(write(tmp_path, "b.json", {"type": "bundle", "objects": objects}))
    }
    lsass = "T1003.001 OS Credential Dumping: LSASS Memory"
    assert found == {
        (Kind.DEFINITION, lsass, ("T1003.001",)),
        (Kind.TEXT, "tool Mimikatz", ()),
        (Kind.EXAMPLE, f"Mimikatz uses {lsass}", ("T1003.001",)),
        (Kind.TEXT, "report R", ("T1003.001",)),
    }


def test_stix_analytics_are_of_the_technique_that_their_strategy_detects(tmp_path: Path) -> None:
    objects = [
        TECHNIQUE,
        {"type": "x-mitre-detection-strategy", "id": "s--1", "name": "S", "x_mitre_analytic_refs": ["a--1"]},
        {"type": "x-mitre-analytic", "id": "a--1", "name": "A", "description": "Handles to lsass with odd rights."},
        USES | {"relationship_type": "detects", "source_ref": "s--1", "target_ref": TECHNIQUE["id"]},
    ]
    [passage] = passages(write(tmp_path, "b.json", {"type": "bundle", "objects": objects}))
    assert (passage.title, passage.techniques) == ("analytic A", ("T1003.001",))


def test_odd_values_in_stix_and_misp_end_nothing(tmp_path: Path) -> None:
    odd = [None, 3, {"type": 3}, {"type": "tool", "id": "t--1", "description": ["x"], "external_references": "y"}]
    bundle = {"type": "bundle", "objects": [*odd, TOOL, USES | {"target_ref": ["x"], "description": 3}]}
    event = {
        "Event": {"info": "An event of note", "Attribute": [3, {"value": None}], "Galaxy": "x", "Tag": [{"name": None}]}
    }
    assert [p.title for p in passages(write(tmp_path, "b.json", bundle))] == ["tool Mimikatz"]
    assert passages(write(tmp_path, "e.json", event))[0].title == "An event of note"


def test_misp_events_have_the_techniques_of_tags_and_galaxies(tmp_path: Path) -> None:
    cluster = {"value": "PowerShell - T1059.001", "description": "Commands of PowerShell."}
    event = {
        "info": "Phishing wave",
        "Tag": [{"name": 'misp-galaxy:mitre-attack-pattern="Malicious File - T1204.002"'}],
        "Attribute": [{"type": "filename", "value": "invoice.xlsm", "comment": "attached to the message"}],
        "Galaxy": [{"GalaxyCluster": [cluster]}],
    }
    found = passages(write(tmp_path, "e.json", {"response": [{"Event": event}]}))
    assert [(p.text, p.techniques) for p in found] == [
        ("Phishing wave\nfilename: invoice.xlsm (attached to the message)", ("T1204.002",)),
        ("PowerShell - T1059.001: Commands of PowerShell.", ("T1059.001",)),
    ]
