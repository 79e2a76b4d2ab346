"""From YAML to rule specifications, with pySigma; runs only where the cache has no answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from loglm.detection.sigma.conditions import UnsupportedError, condition_node
from loglm.detection.sigma.documents import META_RULES, one_line, rule_documents
from loglm.detection.sigma.patterns import PatternError, compiled
from loglm.detection.sigma.sources import RuleFile
from loglm.detection.sigma.specs import Node, RuleSet, RuleSpec, SkippedRule
from loglm.findings import Level

if TYPE_CHECKING:
    from sigma.rule import SigmaRule

__all__ = ["compile_rules"]

_TECHNIQUE_TAG = re.compile(r"t\d{4}(?:\.\d{3})?")
_KINDS: Final = {
    "SigmaModifierError": "modifier",
    "SigmaConditionError": "condition",
    "SigmaRegularExpressionError": "regex",
    "SigmaLogsourceError": "logsource",
}
_FLAGS: Final = {int(re.IGNORECASE): "i", int(re.MULTILINE): "m", int(re.DOTALL): "s"}
_MAX_DEPTH: Final = 50
_ODD_CONTENT: Final = (AttributeError, KeyError, TypeError, ValueError, RecursionError)
"""What pySigma lets through besides its own errors where a document has the wrong shape."""


def compile_rules(files: Iterable[RuleFile], placeholders: Mapping[str, Sequence[str]]) -> RuleSet:
    """Read, check and translate rules.

    Args:
        files: YAML files; a file may hold several rules.
        placeholders: Values for ``%name%`` in fields with the modifier ``expand``.

    Returns:
        The rules, strongest level first and then by id; and what cannot be used, one entry a rule
        (a file, where the file is not even YAML), each with a reason. Rules that a correlation builds
        on are among those skipped unless the correlation says ``generate: true``: alone they mean little.
    """
    specs: dict[str, RuleSpec] = {}
    skipped: list[SkippedRule] = []
    parts: set[str] = set()
    with _own_regex_engine():
        for file in files:
            for number, rule in enumerate(_rules_of(file, parts, skipped)):
                name = f"{file.path}#{number}" if number else file.path
                spec = _spec_or_none(rule, name, file.path, placeholders, skipped)
                if spec is None:
                    continue
                if specs.setdefault(spec.rule_id, spec) is not spec:
                    reason = f"{specs[spec.rule_id].path} has the same id {spec.rule_id}"
                    skipped.append(SkippedRule(file.path, "duplicate-id", reason))
                elif rule.name:
                    specs[rule.name] = spec
    return _without_parts(specs, parts, skipped)


@contextmanager
def _own_regex_engine() -> Iterator[None]:
    """Let pySigma accept the regular expressions that `patterns` can run, while rules are compiled."""
    import sigma
    from sigma.policy import SigmaPolicy
    from sigma.policy.regex_engine import RegexEngine

    class Engine(RegexEngine):
        error = PatternError

        def compile(self, pattern: str, flags: int = 0) -> Any:
            letters = "".join(letter for flag, letter in _FLAGS.items() if flags & flag)
            return compiled(f"(?{letters}){pattern}" if letters else pattern)

    before = sigma.default_policy
    sigma.default_policy = SigmaPolicy(regex_engine=Engine())
    try:
        yield
    finally:
        sigma.default_policy = before


def _spec_or_none(
    rule: SigmaRule, name: str, path: str, placeholders: Mapping[str, Sequence[str]], skipped: list[SkippedRule]
) -> RuleSpec | None:
    try:
        return _spec(rule, name, path, placeholders)
    except UnsupportedError as error:
        skipped.append(SkippedRule(path, error.kind, str(error)))
    except _sigma_errors() as error:
        skipped.append(_failure(path, error))
    return None


def _rules_of(file: RuleFile, parts: set[str], skipped: list[SkippedRule]) -> Iterator[SigmaRule]:
    """The plain rules of a file; adds to ``parts`` what its correlations refer to."""
    from sigma.collection import SigmaCollection
    from sigma.rule import SigmaRule

    documents = [
        document for document in rule_documents(file, skipped) if not _is_meta_rule(document, file.path, parts, skipped)
    ]
    try:
        collection = SigmaCollection.from_dicts(documents, collect_errors=True, resolve_references=False)
    except _sigma_errors() as error:
        skipped.append(_failure(file.path, error))
        return
    told = {id(error) for rule in collection.rules for error in rule.errors}
    skipped.extend(_failure(file.path, error) for error in collection.errors if id(error) not in told)
    for rule in collection.rules:
        if rule.errors:
            skipped.append(_failure(file.path, rule.errors[0]))
        elif isinstance(rule, SigmaRule):
            yield rule


def _is_meta_rule(document: dict[str, Any], path: str, parts: set[str], skipped: list[SkippedRule]) -> bool:
    """Whether a document is a correlation or a filter, which are counted but not used."""
    kind = next((kind for kind in META_RULES if kind in document), None)
    if kind is None:
        return False
    body = document[kind]
    if kind == "correlation" and isinstance(body, dict) and not (body.get("generate") or document.get("generate")):
        rules = body.get("rules")
        parts.update(str(name) for name in (rules if isinstance(rules, list) else [rules]))
    skipped.append(SkippedRule(path, kind, f"{kind}s are not supported"))
    return True


def _spec(rule: SigmaRule, name: str, path: str, placeholders: Mapping[str, Sequence[str]]) -> RuleSpec:
    """The specification of a rule; one without an id takes ``name`` for it."""
    nodes = [condition_node(condition.parse(), placeholders) for condition in rule.detection.parsed_condition]
    if max(_depth(node) for node in nodes) > _MAX_DEPTH:
        raise UnsupportedError("condition", f"the condition is nested deeper than {_MAX_DEPTH} levels")
    source = rule.logsource
    return RuleSpec(
        rule_id=str(rule.id) if rule.id else name,
        title=str(rule.title),
        level=Level[rule.level.name] if rule.level else Level.INFORMATIONAL,
        status=str(rule.status or ""),
        tags=tuple(
            tag.name.upper() for tag in rule.tags if tag.namespace == "attack" and _TECHNIQUE_TAG.fullmatch(tag.name)
        ),
        product=source.product or "",
        service=source.service or "",
        category=source.category or "",
        condition=nodes[0] if len(nodes) == 1 else ["or", nodes],
        path=path,
    )


def _depth(node: Node) -> int:
    match node:
        case ["and" | "or", list(parts)]:
            return 1 + max(_depth(part) for part in parts)
        case ["not", list(part)]:
            return 1 + _depth(part)
    return 1


def _without_parts(specs: dict[str, RuleSpec], parts: set[str], skipped: list[SkippedRule]) -> RuleSet:
    """Take out what correlations build on; ``specs`` has a rule under its id and under its name."""
    building_blocks = {spec.rule_id for key, spec in specs.items() if key in parts}
    kept = {spec.rule_id: spec for spec in specs.values() if spec.rule_id not in building_blocks}
    for rule_id in sorted(building_blocks):
        reason = "a correlation builds on it; alone it means little"
        skipped.append(SkippedRule(specs[rule_id].path, "correlation-part", reason))
    ordered = sorted(kept.values(), key=lambda spec: (-spec.level, spec.rule_id))
    return RuleSet(tuple(ordered), tuple(skipped))


def _sigma_errors() -> tuple[type[Exception], ...]:
    from sigma.exceptions import SigmaError

    return (SigmaError, *_ODD_CONTENT)


def _failure(path: str, error: Exception) -> SkippedRule:
    return SkippedRule(path, _KINDS.get(type(error).__name__, "invalid"), one_line(error))
