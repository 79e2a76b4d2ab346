"""Loading: the cache, what is left out, what cannot be used."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loglm.detection.sigma import SigmaRules
from loglm.errors import InputError, RecordError
from loglm.events.event import LogEvent
from loglm.events.problems import Problems
from loglm.findings import Level

SELECTION = "selection: {Image: a}\ncondition: selection"
CORRELATION = """
title: Many
correlation:
    type: event_count
    rules: [base]
    group-by: [User]
    timespan: 5m
    condition: {gte: 10}
"""
BOMB = """
a: &a [x, x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
title: x
logsource: {product: a}
detection: {s: {A: [*d, *d]}, condition: s}
"""


def cache_files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache").iterdir())


def test_second_load_reads_the_cache(
    rule: Callable[..., str], load: Callable[..., SigmaRules], event: Callable[..., LogEvent], tmp_path: Path
) -> None:
    first = load(rule(SELECTION), "title: [broken")
    (cached,) = cache_files(tmp_path)
    before = cached.stat().st_mtime_ns
    second = load()
    assert second.match(event({"Image": "a"})) == first.match(event({"Image": "a"})) != ()
    assert second.skipped == first.skipped != ()
    assert cached.stat().st_mtime_ns == before


def test_load_from_cache_imports_no_pysigma(
    rule: Callable[..., str], load: Callable[..., SigmaRules], tmp_path: Path
) -> None:
    load(rule(SELECTION))
    code = (
        "import sys; from pathlib import Path; from loglm.detection.sigma import SigmaRules;"
        "rules = SigmaRules.load(sys.argv[1], cache_dir=Path(sys.argv[2]));"
        "assert len(rules) == 1; print([name for name in ('sigma', 'yaml', 'sklearn') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "rules"), str(tmp_path / "cache")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "[]"


@pytest.mark.parametrize("damage", [b"", b"\n", b"0" * 64 + b"\n{}", b"\xff\xfe\n\xff"])
def test_damaged_cache_is_rebuilt(
    rule: Callable[..., str], load: Callable[..., SigmaRules], tmp_path: Path, damage: bytes
) -> None:
    load(rule(SELECTION))
    (cached,) = cache_files(tmp_path)
    whole = cached.read_bytes()
    cached.write_bytes(damage)
    assert len(load()) == 1
    assert cached.read_bytes() == whole


def test_flipped_byte_in_cache_is_noticed(
    rule: Callable[..., str], load: Callable[..., SigmaRules], tmp_path: Path
) -> None:
    load(rule(SELECTION))
    (cached,) = cache_files(tmp_path)
    whole = cached.read_bytes()
    cached.write_bytes(whole.replace(b'"Image"', b'"Imaje"'))
    load()
    assert cached.read_bytes() == whole


def test_changed_rules_are_compiled_again(
    rule: Callable[..., str], load: Callable[..., SigmaRules], event: Callable[..., LogEvent]
) -> None:
    load(rule(SELECTION))
    assert load(rule(SELECTION.replace("Image: a", "Image: b"))).match(event({"Image": "b"}))


def test_old_cache_files_are_removed(rule: Callable[..., str], load: Callable[..., SigmaRules], tmp_path: Path) -> None:
    for number in range(12):
        load(rule(SELECTION, title=f"Rule {number}"))
    assert len(cache_files(tmp_path)) == 8


def test_unwritable_cache_is_no_obstacle(rule: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(rule(SELECTION))
    (tmp_path / "file").write_text("")
    assert len(SigmaRules.load(tmp_path / "a.yml", cache_dir=tmp_path / "file" / "cache")) == 1


def test_default_cache_is_in_the_cache_home(
    rule: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.yml").write_text(rule(SELECTION))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    SigmaRules.load(tmp_path / "a.yml")
    assert len(list((tmp_path / "home" / "loglm").glob("sigma-*.json"))) == 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("title: [broken", "yaml"),
        ("- a\n- b", "not-a-rule"),
        ("", "not-a-rule"),
        ("title: x\nlogsource: {product: a}\ndetection: 5", "invalid"),
        ("title: x\nlogsource: {}\ndetection: {s: {A: b}, condition: s}", "logsource"),
        ("title: x\nlogsource: {product: a}\ndetection: {s: {'A|unknown': b}, condition: s}", "modifier"),
        ("title: x\nlogsource: {product: a}\ndetection: {s: {'A|hour': 5}, condition: s}", "modifier"),
        ("title: x\nlogsource: {product: a}\ndetection: {s: {'A|expand': '%x%'}, condition: s}", "placeholder"),
        ("title: x\nlogsource: {product: a}\ndetection: {s: {'A|re': '('}, condition: s}", "regex"),
        ("title: x\nlogsource: {product: a}\ndetection: {s: {'A|re': '(?=x)(a+)+$'}, condition: s}", "regex"),
        ("title: x\nlogsource: {product: a}\ndetection: {s: {A: b}, condition: t}", "condition"),
        ("title: x\nlogsource: {product: a}\ndetection: {s: {A: b}, condition: s | count() > 5}", "condition"),
        ("a: " + "[" * 50_000, "yaml"),
        ("title: x\nlogsource: {product: a}\ndetection: {s: {A: b}, condition: " + "not " * 60 + "s}", "condition"),
        (
            "title: x\nlogsource: {product: a}\ndetection: {s: {'A|windash': ' -a -b -c -d -e -f'}, condition: s}",
            "modifier",
        ),
        (BOMB, "invalid"),
        (CORRELATION, "correlation"),
        ("title: x\nfilter: {rules: any, selection: {A: b}, condition: selection}", "filter"),
    ],
)
def test_unusable_rule_is_named_and_the_rest_goes_on(
    rule: Callable[..., str], load: Callable[..., SigmaRules], text: str, kind: str
) -> None:
    problems = Problems()
    rules = load(rule(SELECTION), text, problems=problems)
    assert len(rules) == 1
    assert [(skipped.path, skipped.kind) for skipped in rules.skipped] == [("rule1.yml", kind)]
    assert problems.rejected == {f"sigma-{kind}": 1}
    assert "rule1.yml" in problems.examples[f"sigma-{kind}"][0]


def test_unusable_rule_raises_where_asked(load: Callable[..., SigmaRules]) -> None:
    with pytest.raises(RecordError, match=r"rule0\.yml"):
        load("title: [broken", problems=Problems(stop_on_error=True))


def test_rules_that_a_correlation_builds_on_are_left_out(
    rule: Callable[..., str], load: Callable[..., SigmaRules]
) -> None:
    base = rule(SELECTION).replace("status:", "name: base\nstatus:")
    rules = load(base, CORRELATION)
    assert sorted(skipped.kind for skipped in rules.skipped) == ["correlation", "correlation-part"]
    assert len(rules) == 0


def test_generating_correlation_leaves_its_rules_in(rule: Callable[..., str], load: Callable[..., SigmaRules]) -> None:
    base = rule(SELECTION).replace("status:", "name: base\nstatus:")
    assert len(load(base, CORRELATION.replace("type:", "generate: true\n    type:"))) == 1


def test_second_rule_of_one_id_is_skipped(rule: Callable[..., str], load: Callable[..., SigmaRules]) -> None:
    rules = load(rule(SELECTION), rule(SELECTION, title="Other"))
    assert [skipped.kind for skipped in rules.skipped] == ["duplicate-id"]


def test_file_may_hold_several_rules(rule: Callable[..., str], load: Callable[..., SigmaRules]) -> None:
    assert len(load(rule(SELECTION) + "\n---" + rule(SELECTION, number=2))) == 2


def test_rules_without_ids_are_told_apart(rule: Callable[..., str], load: Callable[..., SigmaRules]) -> None:
    text = "\n".join(line for line in rule(SELECTION).splitlines() if not line.startswith("id:"))
    assert [example.rule_id for example in load(f"{text}\n---\n{text}").strings()] == ["rule0.yml", "rule0.yml#1"]


def test_placeholder_takes_the_values_given(
    rule: Callable[..., str], load: Callable[..., SigmaRules], event: Callable[..., LogEvent]
) -> None:
    rules = load(rule("s: {User|expand: '%admins%'}\ncondition: s"), placeholders={"admins": ["bob", "eve"]})
    assert rules.match(event({"User": "EVE"}))
    assert not rules.match(event({"User": "%admins%"}))


def test_rules_below_the_level_are_left_out(rule: Callable[..., str], load: Callable[..., SigmaRules]) -> None:
    rules = load(rule(SELECTION), rule(SELECTION, number=2).replace("high", "low"), min_level=Level.MEDIUM)
    assert (len(rules), rules.left_out["level"]) == (1, 1)


@pytest.mark.parametrize("status", ["deprecated", "unsupported"])
def test_deprecated_rules_are_left_out_unless_asked_for(
    rule: Callable[..., str], load: Callable[..., SigmaRules], status: str
) -> None:
    text = rule(SELECTION).replace("status: test", f"status: {status}")
    rules = load(text)
    assert (len(rules), rules.left_out["status"]) == (0, 1)
    assert len(load(text, statuses={status})) == 1


def test_missing_rules_are_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no rules here"):
        SigmaRules.load(tmp_path / "none", cache_dir=tmp_path)


def test_compiling_leaves_pysigma_as_it_was(rule: Callable[..., str], load: Callable[..., SigmaRules]) -> None:
    import sigma

    before = sigma.default_policy
    load(rule(SELECTION))
    assert sigma.default_policy is before
