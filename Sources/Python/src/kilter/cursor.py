"""How far a subscriber has come in one stream: what is delivered, what is known to exist, what came too early."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from .events import Stream

#: Events and bytes kept ahead of a gap. What comes beyond is fetched again with the gap.
EARLY_MAX: Final = 8_192
EARLY_BYTES_MAX: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class Delivery:
    sequence: int
    epoch: int
    body: bytes


class StreamCursor:
    """Puts the events of one stream in order, each once."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        #: Sequence to deliver next; None until it is known where to begin.
        self.next: int | None = None
        self._head = 0
        self._early: deque[Delivery] = deque()
        self._early_bytes = 0

    @property
    def missing(self) -> tuple[int, int] | None:
        """First and last of the next gap that must be fetched."""
        if self.next is None or self.next > self._head:
            return None
        if not self._early:
            return (self.next, self._head)
        earliest = self._early[0].sequence
        return (self.next, earliest - 1) if self.next < earliest else None

    def begin(self, sequence: int) -> list[Delivery]:
        """Where to begin, once it is known. Returns what can be delivered."""
        self.next = max(sequence, 1)
        return self._release()

    def learn(self, head: int) -> None:
        """Notes how far the stream has come."""
        self._head = max(self._head, head)

    def take(self, event: Delivery) -> list[Delivery]:
        """Takes an event, live or fetched, and returns what can be delivered now."""
        self.learn(event.sequence)
        if self.next is None or event.sequence != self.next:
            if event.sequence > (self.next or 0):
                self._keep(event)
            return []
        self.next += 1
        return [event, *self._release()]

    def skip(self, sequence: int) -> tuple[tuple[int, int] | None, list[Delivery]]:
        """Gives up on everything before `sequence`. Returns the range given up, and what can be delivered now."""
        if self.next is None or sequence <= self.next:
            return None, []
        lost = (self.next, sequence - 1)
        self.next = sequence
        return lost, self._release()

    def _keep(self, event: Delivery) -> None:
        fits = len(self._early) < EARLY_MAX and self._early_bytes + len(event.body) <= EARLY_BYTES_MAX
        if fits and (not self._early or event.sequence > self._early[-1].sequence):
            self._early.append(event)
            self._early_bytes += len(event.body)

    def _release(self) -> list[Delivery]:
        """The kept events from `next` on that follow each other; older ones are forgotten."""
        released: list[Delivery] = []
        while self._early and self.next is not None and self._early[0].sequence <= self.next:
            event = self._early.popleft()
            self._early_bytes -= len(event.body)
            if event.sequence == self.next:
                released.append(event)
                self.next += 1
        return released
