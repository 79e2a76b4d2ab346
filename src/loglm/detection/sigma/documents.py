"""The YAML documents of a rule file, read with bounds: a rule set may come from strangers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from loglm.detection.sigma.sources import RULE_BYTES, RuleFile
from loglm.detection.sigma.specs import SkippedRule

__all__ = ["META_RULES", "one_line", "rule_documents"]

META_RULES: Final = ("correlation", "filter")
"""Kinds of documents that are no rules of single events."""
_MAX_DEPTH: Final = 100
_FEW_BRACKETS: Final = 1000
"""A document with fewer is not nested deeply enough to matter for the parser, which recurses."""
_MAX_HYPHENS: Final = 5
"""The modifier windash makes 5 values of each hyphen, and so 3,125 of a value with as many."""
_WINDASH: Final = re.compile(r"\B[-/]\b")


def rule_documents(file: RuleFile, skipped: list[SkippedRule]) -> list[dict[str, Any]]:
    """The documents of a file that are mappings; why others cannot be used is added to ``skipped``."""
    import yaml
    from sigma.rule.base import SigmaYAMLLoader

    if file.data is None:
        skipped.append(SkippedRule(file.path, "too-long", f"longer than {RULE_BYTES:,} bytes"))
        return []
    try:
        text = file.data.decode("utf-8-sig")
        if _is_too_deep(text):
            skipped.append(SkippedRule(file.path, "yaml", f"nested deeper than {_MAX_DEPTH} levels"))
            return []
        documents = list(yaml.load_all(text, SigmaYAMLLoader))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        skipped.append(SkippedRule(file.path, "yaml", one_line(error)))
        return []
    rules = [document for document in documents if isinstance(document, dict)]
    if len(rules) < sum(document is not None for document in documents) or not rules:
        skipped.append(SkippedRule(file.path, "not-a-rule", "a YAML document here is not a mapping"))
    return [rule for rule in rules if _expands_little(rule, file.path, skipped)]


def one_line(error: Exception) -> str:
    """An error's message on one line, cut."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def _is_too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") + text.count("- -") + text.count("? ?") < _FEW_BRACKETS:
        return False
    import yaml

    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                return True
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return False


def _expands_little(rule: dict[str, Any], path: str, skipped: list[SkippedRule]) -> bool:
    if all(len(_WINDASH.findall(value)) <= _MAX_HYPHENS for value in _windash_values(rule.get("detection"))):
        return True
    skipped.append(SkippedRule(path, "modifier", f"windash on a value with more than {_MAX_HYPHENS} hyphens"))
    return False


def _windash_values(detection: Any) -> Iterator[str]:
    """Values under a key with the modifier."""
    waiting = [detection]
    seen: set[int] = set()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, dict):
            for key, value in part.items():
                waiting.append(value)
                if isinstance(key, str) and "|windash" in key:
                    yield from (str(text) for text in (value if isinstance(value, list) else [value]))
