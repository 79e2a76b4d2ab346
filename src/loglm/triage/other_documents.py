"""What `loglm` commands write as JSON that is no finding: told by its fields, no incident to judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["FINDING_COMMANDS", "OTHER_DOCUMENTS", "written_by"]

FINDING_COMMANDS: Final = frozenset(("detect", "beacons", "anomalies", "sequences"))
"""Commands whose documents hold findings, each of them an incident."""

OTHER_DOCUMENTS: Final[Mapping[str, tuple[frozenset[str], ...]]] = {
    name: tuple(frozenset(fields.split()) for fields in documents)
    for name, documents in {
        "adapt": ("windows_fitted known_before",),
        "anomalies --merge": ("entities baseline_events threshold found",),
        "corpus build": ("format_version tokenizer splits",),
        "corpus pairs": ("first second group rendered",),
        "embed": ("path record timestamp vector",),
        "evaluate": (
            "task data model metric items",
            "facts scores",
            "sets scores notes",
            "changes differences only_first only_second",
            "section model group metric support",
            "choice metric value gain",
            "environment seed model given values",
            "group source field expected right",
            "model data source perplexity",
            "model neighbours_kept reciprocal_rank",
            "identities words",
            "machines scores grid alarms",
        ),
        "index": ("index added known texts_added",),
        "info": ("loglm model python platform", "any other", "loglm_version baselines baseline_events clock"),
        "intel": (
            "answers",
            "question known_techniques techniques matches",
            "prompt tokens sources",
            "texts",
            "text_id format passages path",
            "index documents passages",
        ),
        "model": (
            "max_loss is_refused",
            "name is_current about folder",
            "name files encoder head",
            "name version loglm_version licence",
        ),
        "patterns": ("looked_at outliers ordinary",),
        "pretrain": ("size family parameters stages",),
        "search": ("hits", "score similarity events path record log_source entity_kind"),
        "similar": ("matches", "similarity a b", "rows columns similarities"),
        "subsample": ("represented picks",),
        "tokenizer": ("view source tokenizer metric",),
        "triage": ("incidents raise close already_decided",),
    }.items()
}
"""By command, the fields by which its documents, or the rows of a list in them, are known; a field that is named alone
is the only one."""


def written_by(record: Mapping[str, Any]) -> str:
    """The command that wrote a record that is no finding; empty for any other record.

    >>> written_by({"represented": 842, "picks": []}), written_by({"id": 1, "title": "Brute force"})
    ('subsample', '')
    """
    names = record.keys()
    for command, documents in OTHER_DOCUMENTS.items():
        for fields in documents:
            if names >= fields and (len(fields) > 1 or len(names) == 1):
                return command
    return ""
