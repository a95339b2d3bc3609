"""The producer's side of the `acked` protocol, without socket, thread or clock: what is not acknowledged yet, and what
to make of the engine's answers."""

from __future__ import annotations

import enum
import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from .payloads import sequence_frame


class Answer(enum.Enum):
    """What an answer of the engine calls for."""

    #: The session stands: send what the credit allows.
    READY = enum.auto()
    #: Something was acknowledged.
    PROGRESS = enum.auto()
    #: The engine does not know this connection: say hello again.
    SAY_HELLO = enum.auto()
    #: The engine has no journal and acknowledges nothing.
    NOT_DURABLE = enum.auto()
    #: Nothing: late, repeated or not understood.
    NOTHING = enum.auto()
    #: The engine acknowledges what was never sent: start the session anew.
    CONFUSED = enum.auto()


@dataclass(slots=True)
class Waiting:
    """A message that is not acknowledged yet. Its sequence follows from its place."""

    topic: bytes
    data: bytes
    spans: int
    #: The engine has quarantined it, which counts as acknowledged.
    rejected: bool = False


class Outbox:
    """Messages in order, from the first that is not acknowledged.

    A sequence is `last durable + 1 + place`, so it is known as soon as the engine has said `ready`. Bounded in messages
    and bytes; what does not fit is refused. Not thread-safe.
    """

    def __init__(self, messages_max: int, bytes_max: int) -> None:
        self._messages_max = messages_max
        self._bytes_max = bytes_max
        self._waiting: deque[Waiting] = deque()
        self._bytes = 0
        #: Highest durable sequence of this producer; None before the first `ready`.
        self.durable: int | None = None
        self._sent = 0
        self._credit = 0
        #: Highest sequence given out since `durable` was last set from outside.
        self._highest = 0
        self._is_ready = False
        self._gap_told: int | None = None
        self.acknowledged_spans = 0
        self.rejected: list[tuple[int, str]] = []
        self.rejected_spans = 0
        #: Times that the engine came back knowing less than it had acknowledged.
        self.rewinds = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def unacknowledged(self) -> int:
        """Messages sent in this session and not acknowledged."""
        return self._sent - self._rejected_among_sent()

    @property
    def is_ready(self) -> bool:
        return self._is_ready

    def add(self, topic: bytes, data: bytes, spans: int) -> bool:
        """Takes a message; False when it does not fit."""
        if len(self._waiting) >= self._messages_max or (self._waiting and self._bytes + len(data) > self._bytes_max):
            return False
        self._waiting.append(Waiting(topic, data, spans))
        self._bytes += len(data)
        return True

    def spans_waiting(self) -> int:
        return sum(one.spans for one in self._waiting)

    def take_all(self) -> list[Waiting]:
        """Everything that waits, which is no longer this outbox's business."""
        taken = list(self._waiting)
        self._waiting.clear()
        self._bytes = self._sent = 0
        self.durable = None
        return taken

    def disconnect(self) -> None:
        """The connection is new: nothing may be sent before `ready`."""
        self._is_ready = False
        self._gap_told = None
        self._sent = self._credit = 0

    def next_frames(self) -> list[bytes] | None:
        """The next message to send, or None while the credit is used up or nothing waits."""
        if not self._is_ready or self.durable is None:
            return None
        if self._sent >= len(self._waiting) or self.unacknowledged >= self._credit:
            return None
        one = self._waiting[self._sent]
        self._sent += 1
        self._highest = max(self._highest, self.durable + self._sent)
        return [one.topic, sequence_frame(self.durable + self._sent), one.data]

    # Answers

    def take(self, frames: Sequence[bytes]) -> Answer:
        """Takes an answer of the engine: `ready`, `ack`, `nack` or `hello`."""
        word, numbers = (frames[0], frames[1:]) if frames else (b"", [])
        if word == b"hello" and not numbers:
            if not self._is_ready:
                return Answer.NOTHING
            self.disconnect()
            return Answer.SAY_HELLO
        if word == b"nack" and len(numbers) == 2 and len(numbers[0]) == 8:
            return self._take_nack(int.from_bytes(numbers[0], "big"), numbers[1].decode("utf-8", "replace"))
        if word in (b"ready", b"ack") and len(numbers) == 2 and len(numbers[0]) == 8 and len(numbers[1]) == 4:
            sequence, credit = (int.from_bytes(frame, "big") for frame in numbers)
            return self._take_ready(sequence, credit) if word == b"ready" else self._take_ack(sequence, credit)
        return Answer.NOTHING

    def _take_ready(self, last: int, credit: int) -> Answer:
        if self._is_ready and last == self._gap_told:
            # One gap is told once for each message behind it; sending again once is enough.
            return Answer.NOTHING
        self._gap_told = last if self._is_ready else None
        if self.durable is not None and self.durable <= last <= self._highest:
            self._pop(last - self.durable)
        else:
            # The first word, or a journal that was lost or set back, or numbers that this outbox never gave out (an
            # earlier life, another producer of the same name). What waits goes on from where the engine stands; what it
            # should have already it knows by its span ids.
            self.rewinds += self.durable is not None and last < self.durable
            self.durable = self._highest = last
        self._is_ready = True
        self._sent = 0
        self._credit = credit
        return Answer.READY

    def _take_ack(self, sequence: int, credit: int) -> Answer:
        if not self._is_ready or self.durable is None or sequence < self.durable:
            return Answer.NOTHING
        if sequence > self.durable + self._sent:
            return Answer.CONFUSED
        changed = sequence > self.durable or credit != self._credit
        self._pop(sequence - self.durable)
        self._credit = credit
        return Answer.PROGRESS if changed else Answer.NOTHING

    def _take_nack(self, sequence: int, reason: str) -> Answer:
        if sequence == 0:
            self.disconnect()
            return Answer.NOT_DURABLE
        if not self._is_ready or self.durable is None or sequence <= self.durable:
            return Answer.NOTHING
        place = sequence - self.durable - 1
        if place >= self._sent:
            return Answer.CONFUSED
        one = self._waiting[place]
        if one.rejected:
            return Answer.NOTHING
        one.rejected = True
        self.rejected.append((sequence, reason))
        del self.rejected[:-64]
        while self._waiting and self._waiting[0].rejected:
            self._pop(1)
        return Answer.PROGRESS

    def _pop(self, count: int) -> None:
        assert self.durable is not None
        for _ in range(count):
            one = self._waiting.popleft()
            self._bytes -= len(one.data)
            if one.rejected:
                self.rejected_spans += one.spans
            else:
                self.acknowledged_spans += one.spans
        self.durable += count
        self._sent = max(0, self._sent - count)

    def _rejected_among_sent(self) -> int:
        return sum(one.rejected for one in itertools.islice(self._waiting, self._sent))
