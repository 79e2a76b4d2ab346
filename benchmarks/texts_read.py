"""How many texts that something is measured on, or learned from, stand token for token in the splits of a corpus.

    python benchmarks/texts_read.py --corpus CORPUS --intel DIR/intel
    python benchmarks/texts_read.py --corpus CORPUS --pairs exact-view.jsonl --pairs entity.jsonl

``--intel``: the newest procedure examples, which retrieval in `loglm evaluate suite` asks with. ``--pairs``: the first
and the second texts of a file as `loglm corpus pairs` writes it. Texts are rendered, cut as those of the corpus, and
compared by token ids, each once.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Tokenizer

from loglm.corpus.folder import SPLITS, CorpusFolder
from loglm.corpus.shards import TokenShard
from loglm.evaluation.technique_retrieval import read_queries
from loglm.events.reading import parse_line
from loglm.events.rendering import render
from loglm.tokenizer.bpe import load_tokenizer
from loglm.training.pairs import read_pairs

QUERIES = 2_000


def rows(shard: TokenShard) -> list[bytes]:
    """The token ids of each text."""
    return [shard[index].tobytes() for index in range(len(shard))]


def asked(intel: Path, tokenizer: Tokenizer, max_tokens: int) -> set[bytes]:
    """What retrieval asks with, each by its first paragraph, as the corpus of the shipped encoder has them."""
    tokenizer.enable_truncation(max_tokens)
    queries = read_queries(intel, most=QUERIES).queries
    first = [" ".join(next(line for line in text.splitlines() if line.strip()).split()) for text in queries]
    encoded = tokenizer.encode_batch_fast([render(parse_line(text)) for text in first])
    return set(rows(TokenShard.from_sequences([one.ids for one in encoded], [0] * len(encoded), ("asked",))))


def compared(options: argparse.Namespace, max_tokens: int, tokenizer: Tokenizer) -> Iterator[tuple[str, set[bytes]]]:
    """What is looked for, by name."""
    if options.intel is not None:
        yield "newest procedure examples", asked(options.intel, tokenizer, max_tokens)
    for path in options.pairs:
        texts = rows(read_pairs(path, tokenizer, max_tokens=max_tokens)[0])
        yield f"{path.name}, first", set(texts[::2])
        yield f"{path.name}, second", set(texts[1::2])


def main() -> None:
    """Print a row for each set of texts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--intel", type=Path)
    parser.add_argument("--pairs", type=Path, action="append", default=[])
    options = parser.parse_args()
    corpus = CorpusFolder.open(options.corpus)
    tokenizer = load_tokenizer(corpus.tokenizer_path)
    splits = {split: set(rows(corpus.load(split)[0])) for split in SPLITS if corpus.sequences(split)}
    print(f"{'texts':34}{'different':>10}" + "".join(f"{f'in {split}':>10}" for split in splits))
    print(f"{'of the corpus':34}{'':>10}" + "".join(f"{len(texts):>10,}" for texts in splits.values()))
    for name, found in compared(options, corpus.facts["options"]["max_tokens"], tokenizer):
        print(f"{name:34}{len(found):>10,}" + "".join(f"{len(found & texts):>10,}" for texts in splits.values()))


if __name__ == "__main__":
    main()
