"""What processes gather is kept by the first one alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

import torch.distributed as dist  # noqa: E402
from torch.distributed.device_mesh import init_device_mesh  # noqa: E402
from torch.distributed.tensor import DTensor, Shard, distribute_tensor  # noqa: E402

from loglm.training.team import Team  # noqa: E402


@pytest.fixture
def spread() -> Iterator[DTensor]:
    """A tensor that is spread over processes: this one."""
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield distribute_tensor(torch.arange(6.0), init_device_mesh("cpu", (1,)), [Shard(0)])
    dist.destroy_process_group()


def test_every_process_gathers_and_the_first_one_keeps(spread: DTensor, monkeypatch: pytest.MonkeyPatch) -> None:
    state = {"weight": spread, "own": torch.ones(2), "step": 3}
    calls = []
    full_tensor = DTensor.full_tensor
    monkeypatch.setattr(DTensor, "full_tensor", lambda tensor: calls.append(1) or full_tensor(tensor))
    kept = [Team(rank, 2, "fsdp").gather(state) for rank in (0, 1)]
    assert len(calls) == 2, "a process that did not take part would let the others wait"
    assert kept[1] == {}
    assert type(kept[0]["weight"]) is torch.Tensor
    assert kept[0]["weight"].tolist() == list(range(6))
    assert (kept[0]["own"].tolist(), kept[0]["step"]) == ([1, 1], 3)
