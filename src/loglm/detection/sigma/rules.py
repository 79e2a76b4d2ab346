"""SigmaRules: a rule set, loaded once and then asked about events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from loglm.detection.sigma.attack_ids import techniques_of
from loglm.detection.sigma.cache import cache_file, default_cache_dir, read_cache, write_cache
from loglm.detection.sigma.examples import RuleExample, condition_examples
from loglm.detection.sigma.index import RuleIndex
from loglm.detection.sigma.logsources import View, views
from loglm.detection.sigma.sources import fingerprint, rule_files
from loglm.detection.sigma.specs import RuleSet, RuleSpec, SkippedRule
from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.problems import Problems
from loglm.findings import Level, RuleHit

__all__ = ["DEFAULT_STATUSES", "SigmaRules"]

DEFAULT_STATUSES: Final = frozenset(("stable", "test", "experimental"))
"""Rules of another status (deprecated, unsupported) are left out; a rule without one counts as in."""

_MAX_ROUTES: Final = 4096
"""Log sources remembered; what an event says of itself may name any number of them."""


@dataclass(slots=True)
class _Route:
    default: tuple[RuleIndex, ...]
    """For most events of the log source."""
    special: dict[int | str, tuple[View, ...]]
    """Event ids whose events are read in another way."""
    indexes: dict[int | str, tuple[RuleIndex, ...]]
    """For the event ids of ``special`` that have occurred."""


class SigmaRules:
    """Sigma rules ready to be matched with events of any log source.

    What an event's log source needs is put together when its first event comes; from then on 3,700 rules cost
    some 5 to 20 µs an event. Instances may be shared between threads.
    """

    def __init__(self, specs: Sequence[RuleSpec], skipped: Sequence[SkippedRule] = ()) -> None:
        self.specs = tuple(specs)
        """The rules in use, strongest level first when loaded by `load`."""
        self.skipped = tuple(skipped)
        """Rules that could not be used, with the reason of each."""
        self.left_out: Counter[str] = Counter()
        """Rules left out on request, counted by ``status`` and ``level``."""
        self._hits = {
            spec.rule_id: RuleHit(spec.rule_id, spec.title, spec.level, techniques_of(spec.tags)) for spec in specs
        }
        self._routes: dict[LogSource, _Route] = {}
        self._indexes: dict[tuple[Any, ...], RuleIndex] = {}

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        cache_dir: Path | None = None,
        problems: Problems | None = None,
        min_level: Level = Level.INFORMATIONAL,
        statuses: Collection[str] = DEFAULT_STATUSES,
        placeholders: Mapping[str, Sequence[str]] | None = None,
    ) -> SigmaRules:
        """Read a rule set, from the cache where it was read before.

        Args:
            path: A folder (searched recursively), a YAML file, or an archive (zip; tar with zst, gz, bz2 or xz).
            cache_dir: Where compiled rules are kept; ``$XDG_CACHE_HOME/loglm`` by default. A folder that cannot be
                written costs the next start the time to compile again, a damaged file likewise; nothing else.
            problems: Told of each rule that cannot be used, under ``sigma-`` and the kind of reason.
            min_level: Weaker rules are left out. A rule without a level is informational.
            statuses: Rules of other statuses are left out.
            placeholders: Values for ``%name%`` in fields with the modifier ``expand``; without them such rules
                cannot be used.

        Raises:
            InputError: There are no rules at this path, or the archive is damaged.
            RecordError: A rule cannot be used and ``problems.stop_on_error`` is set.
        """
        path = Path(path)
        values = placeholders or {}
        rule_set = _compiled(path, cache_dir or default_cache_dir(), values)
        if problems is not None:
            for rule in rule_set.skipped:
                problems.reject(f"sigma-{rule.kind}", rule.reason, SourceLocation(f"{path}!{rule.path}"))
        current = [spec for spec in rule_set.specs if not spec.status or spec.status in statuses]
        kept = [spec for spec in current if spec.level >= min_level]
        rules = cls(kept, rule_set.skipped)
        rules.left_out.update(status=len(rule_set.specs) - len(current), level=len(current) - len(kept))
        return rules

    def __len__(self) -> int:
        return len(self.specs)

    def match(self, event: LogEvent) -> tuple[RuleHit, ...]:
        """The rules that match an event, strongest level first; empty where none does.

        A field that is missing or of an odd type is compared as what it is and raises nothing.
        """
        route = self._routes.get(event.log_source)
        if route is None:
            route = self._route(event.log_source)
        indexes = route.default
        if route.special:
            event_id = event.attributes.get("EventID")
            if (event_id.__class__ is int or event_id.__class__ is str) and event_id in route.special:
                indexes = self._special(route, event_id)
        if len(indexes) == 1:
            return tuple(indexes[0].match(event))
        found = [hit for index in indexes for hit in index.match(event)]
        return tuple(sorted(found, key=lambda hit: -hit.level))

    def strings(self, *, per_rule: int = 20) -> Iterator[RuleExample]:
        """Yield what each rule looks for, at most ``per_rule`` examples a rule, for a model to learn from."""
        for spec in self.specs:
            source = LogSource(spec.product or "unknown", spec.service, spec.category)
            hit = self._hits[spec.rule_id]
            for fields in condition_examples(spec.condition, per_rule):
                yield RuleExample(spec.rule_id, source, hit.techniques, spec.level, fields, spec.title)

    def _route(self, source: LogSource) -> _Route:
        """What events of a log source are matched with."""
        default, by_id = views(source)
        route = _Route(self._indexes_of(default), by_id | {str(key): value for key, value in by_id.items()}, {})
        if len(self._routes) >= _MAX_ROUTES:
            self._routes.clear()
        self._routes[source] = route
        return route

    def _special(self, route: _Route, event_id: int | str) -> tuple[RuleIndex, ...]:
        """The indexes for an event id of its own, put together when it first occurs."""
        indexes = route.indexes.get(event_id)
        if indexes is None:
            indexes = route.indexes[event_id] = self._indexes_of(route.special[event_id])
        return indexes

    def _indexes_of(self, wanted: tuple[View, ...]) -> tuple[RuleIndex, ...]:
        """The indexes of some views; views to which the same rules apply under the same names share one."""
        found = []
        for view in wanted:
            places = tuple(place for place, spec in enumerate(self.specs) if view.applies(spec))
            if not places:
                continue
            key = (places, view.naming)
            if key not in self._indexes:
                specs = [self.specs[place] for place in places]
                rules = [(self._hits[spec.rule_id], view.condition(spec)) for spec in specs]
                self._indexes[key] = RuleIndex(rules, view.resolve)
            found.append(self._indexes[key])
        return tuple(found)


def _compiled(path: Path, cache_dir: Path, placeholders: Mapping[str, Sequence[str]]) -> RuleSet:
    cached = cache_file(cache_dir, fingerprint(path), placeholders)
    rule_set = read_cache(cached)
    if rule_set is None:
        from loglm.detection.sigma.compile import compile_rules

        rule_set = compile_rules(rule_files(path), placeholders)
        write_cache(cached, rule_set)
    return rule_set
