"""benchmarks/embed.py: what is measured of a model, and how it is told."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from cli.tiny_model import write_tiny_model
from script_modules import load_benchmark

_ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def embed() -> ModuleType:
    return load_benchmark("embed")


def test_events_texts_and_tokens_of_a_model_are_counted(embed: ModuleType, tmp_path: Path) -> None:
    events = embed.rendered(_ROOT / "examples" / "logs" / "ssh", 50)
    name, speed = embed.measure(write_tiny_model(tmp_path / "tiny"), events, 1)
    assert (name, speed.events, speed.texts) == ("tiny", 50, len(set(events)))
    assert speed.texts * 3 <= speed.tokens <= speed.texts * 64
    assert min(speed.raw_s, speed.raw_cpu_s, speed.cached_s, speed.tfidf_cpu_s, speed.peak_mb) > 0


def test_a_row_holds_rates_and_the_ratio_to_tfidf(embed: ModuleType) -> None:
    speed = embed.Speed(1_000, 100, 4_000, raw_s=2.0, raw_cpu_s=1.0, cached_s=4.0, tfidf_cpu_s=0.1, peak_mb=80.0)
    assert speed.row().split() == ["50", "100", "0.1000", "120,000", "250", "80"]
