"""The data card of a corpus."""

from __future__ import annotations

from typing import Any

from loglm.corpus.folder import SPLITS
from loglm.corpus.markdown import markdown_table, plain

__all__ = ["card_text"]

_SPLIT_WORDS = {
    "train": "training",
    "idts": "in-distribution test: held-out files and the latest texts of the training sources",
    "odts": "out-of-distribution test: sources kept out whole",
}
_VIEW_WORDS = {
    "masked": "in that view",
    "exact": "in the exact view, so that a text can occur several times",
    "both": "in the exact view or in that one",
}


def card_text(facts: dict[str, Any]) -> str:
    """``corpus.json`` as Markdown: splits, sources with licences, options and the drops in sum."""
    splits = [
        (
            split,
            _SPLIT_WORDS[split],
            facts["splits"][split]["sequences"],
            facts["splits"][split]["tokens"],
            facts["texts_cut"][split],
        )
        for split in SPLITS
    ]
    sources = [
        (
            plain(source["name"]),
            plain(source["licence"]),
            source["files"],
            source["events"],
            *(source["texts"][split] for split in SPLITS),
            f"`{source['sha256'][:16]}`",
        )
        for source in facts["sources"]
    ]
    shards = [
        (shard["file"], shard["sequences"], shard["tokens"], f"`{shard['sha256']}`")
        for split in SPLITS
        for shard in facts["splits"][split]["shards"]
    ]
    tokenizer = facts["tokenizer"]
    parts = [
        "# Data card\n",
        f"Built by `loglm corpus build` {facts['loglm_version']}. A text is one rendered event in the masked view;\n"
        f"each stands for all events that it is equal or nearly equal to "
        f"{_VIEW_WORDS[facts['options']['dedup_view']]}.\n",
        markdown_table(
            ("split", "for", "texts", "tokens", f"cut at {facts['options']['max_tokens']:,} tokens"), splits
        ),
        "## Sources\n",
        "`sha256`: over the sha256 and name of each file, in order.\n",
        markdown_table(("source", "licence", "files", "events", *SPLITS, "sha256"), sources),
        f"Kept clear of the benchmarks: {plain(', '.join(facts['benchmarks'])) or 'none given'}.\n",
        "## Options\n",
        markdown_table(("option", "value"), [(f"`{k}`", str(v)) for k, v in sorted(facts["options"].items())]),
        f"Tokenizer: {tokenizer['vocab_size']:,} ids, sha256 `{tokenizer['sha256']}`.\n",
        "## Left out\n",
        markdown_table(("reason", "number"), [(plain(k), v) for k, v in facts["drops"].items()]),
        "Examples are in `report.md`.\n",
        "## Shards\n",
        markdown_table(("file", "texts", "tokens", "sha256"), shards),
    ]
    return "\n".join(parts)
