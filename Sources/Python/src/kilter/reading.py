"""What a subscriber makes of messages, and what it asks for: no socket, no clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from .cursor import Delivery, StreamCursor
from .events import (
    HEARTBEAT_TOPIC, TOPIC_PREFIXES, ActiveBreaker, Connected, Event, Gone, Header, Heartbeat, Item, Refused, Silent,
    StateComplete, Stream, event,
)

#: In place of a time: the request will not be answered.
_LOST: Final = float("-inf")

#: Seconds before a request that brought nothing is made again.
ASK_AGAIN: Final = 0.25


@dataclass(frozen=True, slots=True)
class Position:
    """How far somebody has read: sequences of a log. Keep it to go on after a restart."""

    log_id: str
    sequences: Mapping[Stream, int]


Start = Literal["newest", "oldest"] | Position


@dataclass(slots=True)
class Request:
    """A request that is not answered in full."""

    frames: list[bytes]
    #: Cursor, first and last sequence; None for the state of the breakers.
    missing: tuple[StreamCursor, int, int] | None
    answered_last: float


class Reading:
    """Items in the order in which they are to be delivered, and the gaps that are to be fetched. Times are seconds of any
    one clock."""

    def __init__(self, streams: Sequence[Stream], start: Start, *, with_state: bool, can_fetch: bool, now: float) -> None:
        self.items: deque[Item] = deque()
        self.heartbeat: Heartbeat | None = None
        self.last_heard = now
        self.is_silent = False
        self.asked: Request | None = None
        self.ask_again = now
        self._start = start
        self._can_fetch = can_fetch
        self._with_state = self._needs_state = with_state and can_fetch
        self._cursors: dict[Stream, StreamCursor] = {stream: StreamCursor(stream) for stream in streams}
        self._log: tuple[str, int] | None = None
        #: Where the streams of each log were begun, of the one delivered and later ones: one before the first event wanted.
        self._before_first: dict[str, dict[Stream, int]] = {}
        #: What was delivered, and of which log: not yet the one that is heard while items of an older one wait.
        self._delivered: dict[Stream, int] = {}
        self._delivered_log: str | None = None

    @property
    def position(self) -> Position | None:
        if self._delivered_log is None:
            return None
        sequences = {**self._before_first.get(self._delivered_log, {}), **self._delivered}
        return Position(self._delivered_log, {stream: last for stream, last in sequences.items() if last > 0})

    def next_item(self) -> Item:
        item = self.items.popleft()
        if isinstance(item, Connected) and item.log_id != self._delivered_log:
            if self._delivered_log is not None:
                self._before_first.pop(self._delivered_log, None)
            self._delivered_log = item.log_id
            self._delivered.clear()
        elif isinstance(item, Event) and item.sequence > 0:
            self._delivered[item.stream] = item.sequence
        elif isinstance(item, Gone):
            self._delivered[item.stream] = item.last
        return item

    def note_silence(self) -> None:
        self.is_silent = True
        self.items.append(Silent())

    # Live messages

    def take_live(self, frames: Sequence[bytes], now: float) -> None:
        """Takes a published message; what is none is ignored."""
        header = Header.read(frames[1]) if len(frames) == 3 else None
        if header is None:
            return
        self._hear(header, now)
        if frames[0] == HEARTBEAT_TOPIC:
            heartbeat = Heartbeat.read(frames[2])
            if heartbeat is not None and heartbeat.log_id == header.log_id:
                self._learn(heartbeat)
            return
        cursor = next((one for one in self._cursors.values() if frames[0].startswith(TOPIC_PREFIXES[one.stream])), None)
        if cursor is None:
            return
        delivery = Delivery(header.sequence, header.epoch, frames[2])
        if header.sequence == 0:
            self._deliver(cursor.stream, [delivery])
        else:
            self._take(cursor, delivery)

    def _hear(self, header: Header, now: float) -> None:
        """Any message shows that the engine lives, and which log it writes."""
        self.last_heard = now
        same = self._log == (header.log_id, header.epoch)
        if same and not self.is_silent:
            return
        self.is_silent = False
        self.items.append(Connected(header.log_id, header.epoch))
        if same:
            return
        before, self._log = self._log, (header.log_id, header.epoch)
        if before is not None and self.asked is not None:
            # A restarted engine knows nothing of the request, and what its predecessor still said to it is of old.
            self.asked.answered_last = _LOST
        self._needs_state = self._with_state
        if before is None or before[0] != header.log_id:
            self._start_over(header.log_id, is_first=before is None)

    def _start_over(self, log_id: str, *, is_first: bool) -> None:
        self._before_first[log_id] = {}
        for stream in self._cursors:
            self._cursors[stream] = cursor = StreamCursor(stream)
            if not is_first:
                self._begin(cursor, 1)  # all of a new log is news
            elif isinstance(self._start, Position):
                known = self._start.log_id == log_id
                self._begin(cursor, self._start.sequences.get(stream, 0) + 1 if known else 1)

    def _begin(self, cursor: StreamCursor, sequence: int) -> list[Delivery]:
        released = cursor.begin(sequence)
        if self._log is not None:
            self._before_first.setdefault(self._log[0], {})[cursor.stream] = max(sequence, 1) - 1
        return released

    def _learn(self, heartbeat: Heartbeat) -> None:
        self.heartbeat = heartbeat
        for stream, cursor in self._cursors.items():
            head = heartbeat.heads.get(stream)
            if head is None:
                continue
            cursor.learn(head)
            if cursor.next is None and not (self._needs_state and stream == "breaker"):
                oldest = heartbeat.oldest.get(stream, head + 1)
                self._deliver(stream, self._begin(cursor, oldest if self._start == "oldest" else head + 1))
            if not self._can_fetch and cursor.missing is not None:
                self._give_up(cursor, cursor.missing[1] + 1)

    def _take(self, cursor: StreamCursor, delivery: Delivery) -> None:
        waits = self._needs_state and cursor.stream == "breaker"
        if cursor.next is None and self._start == "newest" and not waits:
            self._begin(cursor, delivery.sequence)
        self._deliver(cursor.stream, cursor.take(delivery))
        if not self._can_fetch and cursor.missing is not None:
            self._give_up(cursor, delivery.sequence)

    def _give_up(self, cursor: StreamCursor, sequence: int) -> None:
        lost, released = cursor.skip(sequence)
        if lost is not None:
            self.items.append(Gone(cursor.stream, *lost))
        self._deliver(cursor.stream, released)

    def _deliver(self, stream: Stream, events: Sequence[Delivery]) -> None:
        self.items.extend(event(stream, one.sequence, one.epoch, one.body) for one in events)

    # Requests

    @property
    def wants_answer(self) -> bool:
        """Whether something is to be asked once the pause is over."""
        if self._log is None or not self._can_fetch:
            return False
        return self._needs_state or any(cursor.missing for cursor in self._cursors.values())

    def next_request(self, now: float) -> Request | None:
        """What to ask now, one at a time: answers do not name their stream."""
        if self.asked is not None or now < self.ask_again or not self.wants_answer or self._log is None:
            return None
        cursor = next((one for one in self._cursors.values() if one.missing), None)
        if self._needs_state or cursor is None or cursor.missing is None:
            return Request([b"state"], None, now)
        first, last = cursor.missing
        bounds = [number.to_bytes(8, "big") for number in (first, last)]
        frames = [b"replay", cursor.stream.encode(), *bounds, bytes.fromhex(self._log[0])]
        return Request(frames, (cursor, first, last), now)

    def take_reply(self, frames: Sequence[bytes], now: float) -> None:
        """Takes an answer of the catch-up socket."""
        request = self.asked
        if request is None or request.answered_last == _LOST:
            return
        request.answered_last = now
        word = frames[0]
        if word == b"event" and len(frames) == 3:
            self._take_fetched(request, frames)
            return
        if word == b"end" and len(frames) == 3 and request.missing is None:
            self._finish_state(int.from_bytes(frames[2], "big"))
        elif word == b"gone" and len(frames) == 2 and request.missing is not None:
            if self._cursors.get(request.missing[0].stream) is request.missing[0]:
                self._give_up(request.missing[0], int.from_bytes(frames[1], "big"))
        elif word == b"error" and len(frames) == 2:
            self.items.append(Refused(frames[1][:256].decode("utf-8", "replace")))
        # Of `wrong_log` and of what this version does not know nothing follows: the next heartbeat tells where to go on.
        self._finish(request, now)

    def _take_fetched(self, request: Request, frames: Sequence[bytes]) -> None:
        header = Header.read(frames[1])
        if header is None or self._log is None or header.log_id != self._log[0]:
            return
        if request.missing is None:
            self.items.append(ActiveBreaker(header.sequence, frames[2]))
        elif self._cursors.get(request.missing[0].stream) is request.missing[0]:
            self._take(request.missing[0], Delivery(header.sequence, header.epoch, frames[2]))

    def _finish_state(self, head: int) -> None:
        self._needs_state = False
        self.items.append(StateComplete(head))
        cursor = self._cursors.get("breaker")
        if cursor is not None and cursor.next is None and self._start == "newest":
            self._deliver("breaker", self._begin(cursor, head + 1))

    def _finish(self, request: Request, now: float) -> None:
        """Ends a request. One that changed nothing is not repeated at once, or two faulty sides would keep each other
        busy."""
        self.asked = None
        progressed = not self._needs_state if request.missing is None else request.missing[0].next != request.missing[1]
        self.ask_again = now if progressed else now + ASK_AGAIN
