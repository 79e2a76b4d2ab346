"""What many entities show alike becomes one finding: deployments, administration by script, and worms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from loglm.detection.merging import FindingDraft, absorb

__all__ = ["fold_prevalent"]

_LEAST_ENTITIES = 3
_NAMED = 20


def fold_prevalent(drafts: Sequence[FindingDraft], *, share: float, entities: int) -> list[FindingDraft]:
    """Join drafts whose technique and strongest event, in the masked view, many entities have in common.

    Nothing is hidden: the joined finding is the earliest one's, names up to 20 others and counts all.

    Args:
        drafts: Merged ones.
        share: Of the entities of the run in 0..1 from which on an event is prevalent; at least 3 entities.
        entities: Of the run.

    Returns:
        Drafts, in their order.
    """
    groups: dict[tuple[str, int], list[FindingDraft]] = defaultdict(list)
    for draft in drafts:
        groups[draft.technique_id, draft.signature].append(draft)
    gone: set[int] = set()
    for group in groups.values():
        names = dict.fromkeys((draft.entity_kind, draft.entity) for draft in group)
        if len(names) < max(_LEAST_ENTITIES, share * entities):
            continue
        group.sort(key=lambda d: (d.start is None, d.start or 0.0))
        first = group[0]
        for other in group[1:]:
            absorb(first, other)
            gone.add(id(other))
        own = (first.entity_kind, first.entity)
        first.also_on = tuple(name for kind, name in names if (kind, name) != own)[:_NAMED]
        first.entities = len(names)
    return [draft for draft in drafts if id(draft) not in gone]
