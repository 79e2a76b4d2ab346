"""What the experts give one code is the column of what they give all."""

from __future__ import annotations

import numpy as np
import pytest

from loglm.context.environment import Environment
from loglm.context.experts import expectations, expectations_of
from loglm.context.ring import EntityRing
from loglm.context.steps import Step


@pytest.mark.parametrize("held", [0, 1, 2, 3, 40, 300])
def test_the_column_of_a_code_is_the_same_alone(held: int) -> None:
    random = np.random.default_rng(held)
    codes = random.zipf(1.6, 2_000) % 50
    environment, ring = Environment(50), EntityRing()
    environment.learn([[(Step(int(code), int(code), 0, None, 0), 0) for code in codes[:1_500]]])
    for code in codes[1_500 : 1_500 + held].tolist():
        ring.add(code, code, None)
    every = expectations(environment, ring.codes())
    for code in range(50):
        assert expectations_of(environment, ring.codes(), code).tolist() == every[:, code].tolist()
