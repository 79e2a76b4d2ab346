"""Which entities are remembered: those heard of last in memory, the others in a temporary file, up to a bound."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from loglm.context.entity import Entity, EntityContext
from loglm.context.spill import NO_ROOM, EntitySpill, time_heard
from loglm.errors import InputError

__all__ = ["IN_MEMORY", "MOST_ENTITIES", "EntityMemory"]

IN_MEMORY: Final = 20_000
"""Entities that are held in memory at most by default; about 10 kB each."""
MOST_ENTITIES: Final = 1_000_000
"""Entities that are remembered at most by default."""
_BYTES_EACH: Final = 4_096
"""Bytes of the temporary file that an entity may take, in the mean over as many as may be remembered."""


class EntityMemory:
    """Contexts of entities by when they were heard of last, longest ago first.

    Of more than ``in_memory`` those not heard of for longest are moved to a temporary file (`EntitySpill`), and back
    when they are heard of again, so that where one lies changes nothing. There are ``most`` at most, and in the file
    4 kB for each of these.
    """

    def __init__(self, *, most: int = MOST_ENTITIES, in_memory: int = IN_MEMORY, lateness_s: float = 0.0) -> None:
        """``lateness_s``: of the entities' orders."""
        self.most = most
        self._in_memory = in_memory
        self._lateness_s = lateness_s
        self._near: OrderedDict[Entity, EntityContext] = OrderedDict()
        self._far: EntitySpill | None = None

    def __len__(self) -> int:
        return len(self._near) + self.spilled

    def __iter__(self) -> Iterator[Entity]:
        yield from () if self._far is None else self._far.names()
        yield from self._near

    def __setitem__(self, entity: Entity, context: EntityContext) -> None:
        """Remember an entity as heard of now; not one that is remembered already."""
        self._near[entity] = context

    @property
    def spilled(self) -> int:
        """Entities in the temporary file."""
        return 0 if self._far is None else len(self._far)

    @property
    def near(self) -> OrderedDict[Entity, EntityContext]:
        """Those in memory."""
        return self._near

    def recall(self, entity: Entity) -> EntityContext | None:
        """What is remembered of an entity, which is heard of now; None for nothing."""
        context = self._near.get(entity)
        if context is not None:
            self._near.move_to_end(entity)
        elif self._far is not None:
            context = self._far.take(entity)
            if context is not None:
                self._near[entity] = context
        return context

    def get(self, entity: Entity) -> EntityContext | None:
        """What is remembered of an entity, to look at alone; None for nothing."""
        context = self._near.get(entity)
        return self._far.get(entity) if context is None and self._far is not None else context

    def holding(self, due: float = math.inf) -> Iterator[tuple[Entity, EntityContext]]:
        """All in memory, and of the others those with events of before a time that wait for their turn."""
        yield from () if self._far is None else self._far.holding(due)
        yield from self._near.items()

    def items(self) -> Iterator[tuple[Entity, EntityContext]]:
        """All, of those in the file copies."""
        yield from () if self._far is None else self._far.items()
        yield from self._near.items()

    def make_room(self) -> Iterator[tuple[Entity, EntityContext]]:
        """Keep the bounds; gives those that are forgotten, because there are too many or the disk is full."""
        while len(self._near) > min(self._in_memory, self.most):
            entity, context = self._near.popitem(last=False)
            if self.most <= self._in_memory or not self._spill().put(entity, context):
                yield entity, context
        while self._far is not None and (len(self) > self.most or self._far.nbytes > self.most * _BYTES_EACH):
            yield self._far.take_oldest()

    def save_spilled(self, path: Path) -> None:
        """Write those in the temporary file into one of the same kind, where there are any.

        Raises:
            OSError: It cannot be written.
        """
        if self._far is not None and len(self._far):
            self._far.save(path)

    def load_spilled(self, path: Path) -> None:
        """Put back what `save_spilled` wrote, before anything else is remembered.

        Raises:
            ValueError: The file is damaged, or there is no room for it.
        """
        self._spill().load(path)

    def merge(self, other: EntityMemory) -> None:
        """Take over what another remembers, which is not to be used afterwards; what both know is joined by time.

        When an entity was heard of says the time of its last event then; those without any come before all others.
        The bounds are to be kept by `make_room` afterwards.

        Raises:
            InputError: There is no room in the temporary file.
        """
        for entity, context in other.items():
            known = self.recall(entity)
            if known is None:
                self._near[entity] = context
            else:
                known.join(context)
            if len(self._near) > self._in_memory:
                self._move(*self._near.popitem(last=False))
        self._sort_by_time()

    @property
    def newest(self) -> float | None:
        """Time of the last event of the entity heard of last; None where there is none."""
        return next(reversed(self._near.values())).order.newest if self._near else None

    def _sort_by_time(self) -> None:
        if self._far is None:
            ordered = sorted(self._near.items(), key=lambda item: time_heard(item[1]))
            self._near = OrderedDict(ordered)
            return
        while self._near:
            self._move(*self._near.popitem())
        self._far.sort_by_time()
        while len(self._far) and len(self._near) < self._in_memory:
            entity, context = self._far.take_newest()
            self._near[entity] = context
            self._near.move_to_end(entity, last=False)

    def _move(self, entity: Entity, context: EntityContext) -> None:
        if not self._spill().put(entity, context):
            raise InputError(f"no room in a temporary file for more than {len(self):,} entities; {NO_ROOM}")

    def _spill(self) -> EntitySpill:
        if self._far is None:
            self._far = EntitySpill(self._lateness_s)
        return self._far
