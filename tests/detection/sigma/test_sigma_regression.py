"""The events that SigmaHQ keeps for its rules: each must fire its rule. Needs the shared data."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

import pytest

from loglm.detection.sigma import SigmaRules
from loglm.events.opening import open_path
from loglm.events.problems import Problems
from loglm.events.readers.evtx import EvtxReader

RENAMED: Final = (
    ("autologger_sess_registry", "autologger_session_registry"),
    ("disable_autologger_sess", "disable_autologger_sessions"),
    ("curl_custom_user_agt", "curl_custom_user_agent"),
    ("node_new_agt_skills", "node_new_agent_skills"),
    ("lolbin_sftp_indirect_cmd_execution", "sftp_proxy_command_execution"),
    ("lolbin_systemsettingsadminflows", "systemsettingsadminflows"),
)
"""Parts of names of event files that are not as in the rule's name: words shortened, or the rule renamed since."""


@pytest.fixture(scope="module")
def rules(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> SigmaRules:
    archive = shared_data / "sigma" / "rules.tar.zst"
    return SigmaRules.load(archive, cache_dir=tmp_path_factory.mktemp("cache"))


def fired(rules: SigmaRules, file: Path) -> set[str]:
    """Names of the rules that the events of a file fire."""
    problems = Problems()
    events = [event for source in open_path(file, problems) for event in EvtxReader().read(source, problems)]
    names = {spec.rule_id: PurePosixPath(spec.path).stem for spec in rules.specs}
    return {names[hit.rule_id] for event in events for hit in rules.match(event)}


def test_nearly_every_published_rule_compiles(rules: SigmaRules) -> None:
    assert len(rules) >= 3752
    assert {skipped.kind for skipped in rules.skipped} == {"placeholder"}
    assert len(rules.skipped) == 2


def test_each_event_fires_the_rule_that_it_is_kept_for(rules: SigmaRules, shared_data: Path) -> None:
    files = sorted((shared_data / "attack" / "sigma-regression").glob("*.evtx.zst"))
    missed = []
    for file in files:
        name = file.name.removesuffix(".evtx.zst")
        for short, full in RENAMED:
            name = name.replace(short, full)
        if name not in fired(rules, file):
            missed.append(name)
    assert len(files) == 159
    assert missed == []


def test_ordinary_machine_fires_no_critical_rule(rules: SigmaRules, shared_data: Path) -> None:
    folder = shared_data / "attack" / "benign-windows" / "dfir-museum-win11-rathbunvm"
    problems = Problems()
    strong = set()
    for file in sorted(folder.glob("[ST]*.evtx.zst")):
        for source in open_path(file, problems):
            for event in EvtxReader().read(source, problems):
                strong |= {hit.title for hit in rules.match(event) if hit.level.name == "CRITICAL"}
    assert strong == set()
