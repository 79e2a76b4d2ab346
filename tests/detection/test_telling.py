"""Which fields of an event are shown, and in which order."""

from __future__ import annotations

import pytest

from loglm.detection.telling import telling_fields

SYSMON = {
    "UtcTime": "2026-11-21 10:00:00.000",
    "ProcessGuid": "{365abb72-6a94-5cd8-0000-00101bdb0e00}",
    "Description": "Windows Command Processor",
    "EventID": 1,
    "Hashes": "SHA1=aa",
    "User": "CORP\\ann",
    "CommandLine": "cmd.exe /c powershell -enc SQBFAFgA",
    "ParentImage": "C:\\Office\\EXCEL.EXE",
    "Company": "?",
}
CLOUDTRAIL = {
    "eventID": "c2a89408-340a-42f0-8ace-75d9f5769393",
    "eventName": "StopLogging",
    "readOnly": False,
    "requestParameters": {"name": "main-trail"},
    "sourceIPAddress": "203.0.113.9",
    "tlsDetails": {"tlsVersion": "TLSv1.3"},
    "userIdentity": {"arn": "arn:aws:iam::1:user/lena", "accessKeyId": "AKIA"},
}


def names(attributes: dict[str, object], *highlights: str) -> list[str]:
    return [name for name, _ in telling_fields(attributes, highlights)]


def test_process_is_told_by_parent_command_and_user() -> None:
    assert names(SYSMON) == ["EventID", "ParentImage", "CommandLine", "User", "Description"]


def test_field_that_holds_a_highlight_comes_first() -> None:
    assert names(SYSMON, "processor")[0] == "Description"
    assert names(SYSMON, "POWERSHELL", "excel")[:2] == ["CommandLine", "ParentImage"]


def test_highlight_is_a_whole_word() -> None:
    assert names(SYSMON, "process", "power") == names(SYSMON)


def test_silent_field_is_shown_only_for_a_highlight() -> None:
    assert "Hashes" not in names(SYSMON)
    assert "Hashes" in names(SYSMON, "sha1")


def test_nested_fields_have_dotted_names() -> None:
    found = telling_fields(CLOUDTRAIL, ())
    assert ("userIdentity.arn", "arn:aws:iam::1:user/lena") in found
    assert ("requestParameters.name", "main-trail") in found


def test_who_and_where_come_before_a_highlight_in_a_field_of_no_name() -> None:
    found = names(CLOUDTRAIL, "tlsv1")
    assert found.index("sourceIPAddress") < found.index("tlsDetails.tlsVersion")
    assert not {"eventID", "readOnly", "userIdentity.accessKeyId"} & set(found)


def test_number_and_length_of_fields_are_bounded() -> None:
    found = telling_fields({f"f{number}" * 100: "x" * 10_000 for number in range(500)}, ())
    assert len(found) == 16
    assert {(len(name), len(value)) for name, value in found} == {(128, 512)}


@pytest.mark.parametrize("attributes", [{}, {"a": None, "b": "", "c": "-"}], ids=["none", "unset"])
def test_event_that_says_nothing_has_no_fields(attributes: dict[str, object]) -> None:
    assert telling_fields(attributes, ("a",)) == ()
