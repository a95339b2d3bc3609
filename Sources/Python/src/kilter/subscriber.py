"""A subscriber that misses nothing silently."""

from __future__ import annotations

import time
import weakref
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

import zmq

from .cursor import Delivery, StreamCursor
from .events import (
    HEARTBEAT_TOPIC, STREAMS, TOPIC_PREFIXES, ActiveBreaker, Connected, Event, Gone, Header, Heartbeat, Item, Refused,
    Silent, StateComplete, Stream, event,
)

#: Messages taken from each socket before their items are delivered.
_MESSAGES_PER_TURN = 256
#: Seconds before a request that brought nothing is made again.
_ASK_AGAIN = 0.25
_MESSAGE_BYTES_MAX = 16 << 20


class EngineSilent(Exception):
    """No heartbeat for as long as `silence_seconds`."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far somebody has read: sequences of a log. Keep it to go on after a restart."""

    log_id: str
    sequences: Mapping[Stream, int]


@dataclass(slots=True)
class _Request:
    """A request that is not answered in full."""

    #: None for the state of the breakers.
    missing: tuple[StreamCursor, int, int] | None
    answered_last: float


class Subscriber:
    """Listens to events, learns from heartbeats how far each stream has come, fetches through the catch-up socket what it
    did not get, and yields each event once and in order within its stream.

        with Subscriber() as subscriber:
            for item in subscriber:
                match item:
                    case AlertEvent(): print(item.data["summary"])
                    case BreakerEvent(): obey(item.data["decision"])
                    case Silent(): hold()

    `start` is `newest`, `oldest` (of what can be fetched) or a `Position`; streams that it does not name begin at 1, and so
    does another log. `with_state` asks first for every breaker that is not closed. Without `catchup` gaps are `Gone`.
    An engine unheard for `silence_seconds` is told as `Silent`, or raised as `EngineSilent` with `on_silence="raise"`.
    Memory is bounded: beyond 10,000 queued messages libzmq drops, which a heartbeat then reveals. One thread at a time.
    """

    def __init__(
        self,
        publish: str = "tcp://127.0.0.1:5558",
        catchup: str | None = "tcp://127.0.0.1:5559",
        *,
        streams: Sequence[Stream] = STREAMS,
        start: Literal["newest", "oldest"] | Position = "newest",
        with_state: bool = False,
        silence_seconds: float = 2.0,
        on_silence: Literal["yield", "raise"] = "yield",
        patience_seconds: float = 3.0,
    ) -> None:
        unknown = set(streams) - set(STREAMS)
        if unknown:
            raise ValueError(f"unknown streams {sorted(unknown)}; known are {', '.join(STREAMS)}")
        self._start = start
        self._silence_seconds = silence_seconds
        self._raises = on_silence == "raise"
        self._patience = patience_seconds
        self._catchup = catchup
        self._context = zmq.Context()
        self._sockets: list[zmq.Socket[bytes]] = []
        # Also when nobody calls `close`: a context that is collected before its sockets are closed waits for ever.
        self._finalizer = weakref.finalize(self, _close, self._sockets, self._context)
        self._live: zmq.Socket[bytes] = self._context.socket(zmq.SUB)
        self._sockets.append(self._live)
        self._live.setsockopt(zmq.LINGER, 0)
        self._live.setsockopt(zmq.RCVHWM, 10_000)
        self._live.setsockopt(zmq.MAXMSGSIZE, _MESSAGE_BYTES_MAX)
        for prefix in (HEARTBEAT_TOPIC, *(prefix for stream in streams for prefix in TOPIC_PREFIXES[stream])):
            self._live.setsockopt(zmq.SUBSCRIBE, prefix)
        self._live.connect(publish)
        self._desk: zmq.Socket[bytes] | None = None
        self._open_desk()
        self._cursors: dict[Stream, StreamCursor] = {stream: StreamCursor(stream) for stream in streams}
        self._with_state = with_state and catchup is not None
        self._needs_state = self._with_state
        self._log: tuple[str, int] | None = None
        self._last_heard = time.monotonic()
        self._is_silent = False
        self._asked: _Request | None = None
        self._ask_again = 0.0
        self._items: deque[Item] = deque()
        self._delivered: dict[Stream, int] = {}
        #: What the engine said of itself last.
        self.heartbeat: Heartbeat | None = None

    @property
    def position(self) -> Position | None:
        """What has been delivered so far, to go on from with `start`; None before the engine was heard."""
        return None if self._log is None else Position(self._log[0], dict(self._delivered))

    def __enter__(self) -> Subscriber:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._finalizer()

    def __iter__(self) -> Iterator[Item]:
        """Every item as it comes, until the subscriber is closed."""
        while not self._context.closed:
            item = self.next(timeout=1.0)
            if item is not None:
                yield item

    def next(self, timeout: float) -> Item | None:
        """The next item, or None when none came within `timeout` seconds; 0 takes what is there."""
        deadline = time.monotonic() + timeout
        while True:
            if self._items:
                return self._deliver_next()
            # What waits in the queues comes first: a caller that was busy must not take the engine for dead.
            received = self._receive()
            now = time.monotonic()
            if not self._items:
                self._note_silence(now)
                self._ask(now)
            if self._items:
                return self._deliver_next()
            if now >= deadline:
                return None
            if not received:
                self._poller.poll(int(max(0.0, self._next_deadline(deadline) - now) * 1_000) + 1)

    def _deliver_next(self) -> Item:
        item = self._items.popleft()
        if isinstance(item, Event) and item.sequence > 0:
            self._delivered[item.stream] = item.sequence
        elif isinstance(item, Gone):
            self._delivered[item.stream] = item.last
        elif isinstance(item, Silent) and self._raises:
            raise EngineSilent(f"no heartbeat for {self._silence_seconds} s")
        return item

    def _next_deadline(self, deadline: float) -> float:
        if not self._is_silent:
            deadline = min(deadline, self._last_heard + self._silence_seconds)
        if self._asked is not None:
            return min(deadline, self._asked.answered_last + self._patience)
        return min(deadline, self._ask_again) if self._wants_answer() else deadline

    def _note_silence(self, now: float) -> None:
        if not self._is_silent and now - self._last_heard >= self._silence_seconds:
            self._is_silent = True
            self._items.append(Silent())

    # Live messages

    def _receive(self) -> bool:
        received = False
        for socket, take in ((self._live, self._take_live), (self._desk, self._take_reply)):
            for _ in range(_MESSAGES_PER_TURN if socket is not None else 0):
                try:
                    assert socket is not None
                    frames = socket.recv_multipart(zmq.NOBLOCK)
                except zmq.Again:
                    break
                received = True
                take(frames)
        return received

    def _take_live(self, frames: list[bytes]) -> None:
        header = Header.read(frames[1]) if len(frames) == 3 else None
        if header is None:
            return
        self._hear(header)
        if frames[0] == HEARTBEAT_TOPIC:
            heartbeat = Heartbeat.read(frames[2])
            if heartbeat is not None and heartbeat.log_id == header.log_id:
                self._learn(heartbeat)
            return
        cursor = next((one for one in self._cursors.values() if frames[0].startswith(TOPIC_PREFIXES[one.stream])), None)
        if cursor is None:
            return
        if header.sequence == 0:
            self._items.append(_item(cursor.stream, Delivery(0, header.epoch, frames[2])))
        else:
            self._take(cursor, Delivery(header.sequence, header.epoch, frames[2]))

    def _hear(self, header: Header) -> None:
        """Any message shows that the engine lives, and which log it writes."""
        self._last_heard = time.monotonic()
        same = self._log == (header.log_id, header.epoch)
        if same and not self._is_silent:
            return
        self._is_silent = False
        self._items.append(Connected(header.log_id, header.epoch))
        if same:
            return
        before, self._log = self._log, (header.log_id, header.epoch)
        if before is not None and self._asked is not None:
            # A restarted engine knows nothing of the request.
            self._asked.answered_last -= self._patience
        self._needs_state = self._with_state
        if before is None or before[0] != header.log_id:
            self._start_over(is_first=before is None, log_id=header.log_id)

    def _start_over(self, *, is_first: bool, log_id: str) -> None:
        self._delivered.clear()
        for stream in self._cursors:
            self._cursors[stream] = cursor = StreamCursor(stream)
            if not is_first:
                cursor.begin(1)  # all of a new log is news
            elif isinstance(self._start, Position):
                known = self._start.log_id == log_id
                cursor.begin(self._start.sequences.get(stream, 0) + 1 if known else 1)

    def _learn(self, heartbeat: Heartbeat) -> None:
        self.heartbeat = heartbeat
        for stream, cursor in self._cursors.items():
            head = heartbeat.heads.get(stream)
            if head is None:
                continue
            cursor.learn(head)
            if cursor.next is None and not (self._needs_state and stream == "breaker"):
                oldest = heartbeat.oldest.get(stream, head + 1)
                self._deliver(stream, cursor.begin(oldest if self._start == "oldest" else head + 1))
            if self._catchup is None and cursor.missing is not None:
                self._give_up(cursor, cursor.missing[1] + 1)

    def _take(self, cursor: StreamCursor, delivery: Delivery) -> None:
        waits = self._needs_state and cursor.stream == "breaker"
        if cursor.next is None and self._start == "newest" and not waits:
            cursor.begin(delivery.sequence)
        self._deliver(cursor.stream, cursor.take(delivery))
        if self._catchup is None and cursor.missing is not None:
            self._give_up(cursor, delivery.sequence)

    def _give_up(self, cursor: StreamCursor, sequence: int) -> None:
        lost, released = cursor.skip(sequence)
        if lost is not None:
            self._items.append(Gone(cursor.stream, *lost))
        self._deliver(cursor.stream, released)

    def _deliver(self, stream: Stream, events: list[Delivery]) -> None:
        self._items.extend(_item(stream, one) for one in events)

    # The catch-up socket

    def _open_desk(self) -> None:
        """A new connection, so that late answers to an older request reach nobody."""
        if self._desk is not None:
            self._sockets.remove(self._desk)
            self._desk.close(linger=0)
        self._poller = zmq.Poller()
        self._poller.register(self._live, zmq.POLLIN)
        if self._catchup is not None:
            self._desk = self._context.socket(zmq.DEALER)
            self._sockets.append(self._desk)
            self._desk.setsockopt(zmq.LINGER, 0)
            self._desk.setsockopt(zmq.MAXMSGSIZE, _MESSAGE_BYTES_MAX)
            self._desk.connect(self._catchup)
            self._poller.register(self._desk, zmq.POLLIN)

    def _wants_answer(self) -> bool:
        if self._log is None or self._desk is None:
            return False
        return self._needs_state or any(cursor.missing for cursor in self._cursors.values())

    def _ask(self, now: float) -> None:
        """Makes the next request, one at a time: answers do not name their stream."""
        if self._asked is not None:
            if now - self._asked.answered_last < self._patience:
                return
            self._asked = None
            self._open_desk()
        if now < self._ask_again or not self._wants_answer():
            return
        assert self._log is not None and self._desk is not None
        cursor = next((one for one in self._cursors.values() if one.missing), None)
        if self._needs_state or cursor is None or cursor.missing is None:
            request, frames = _Request(None, now), [b"state"]
        else:
            first, last = cursor.missing
            request = _Request((cursor, first, last), now)
            bounds = [number.to_bytes(8, "big") for number in (first, last)]
            frames = [b"replay", cursor.stream.encode(), *bounds, bytes.fromhex(self._log[0])]
        try:
            self._desk.send_multipart(frames, zmq.NOBLOCK)
            self._asked = request
        except zmq.Again:
            self._ask_again = now + _ASK_AGAIN

    def _take_reply(self, frames: list[bytes]) -> None:
        request = self._asked
        if request is None:
            return
        request.answered_last = time.monotonic()
        word = frames[0]
        if word == b"event" and len(frames) == 3:
            self._take_fetched(request, frames)
            return
        if word == b"end" and len(frames) == 3 and request.missing is None:
            self._finish_state(int.from_bytes(frames[2], "big"))
        elif word == b"gone" and len(frames) == 2 and request.missing is not None:
            self._give_up(request.missing[0], int.from_bytes(frames[1], "big"))
        elif word == b"error" and len(frames) == 2:
            self._items.append(Refused(frames[1][:256].decode("utf-8", "replace")))
        # Of `wrong_log` and of what this version does not know nothing follows: the next heartbeat tells where to go on.
        self._finish(request)

    def _take_fetched(self, request: _Request, frames: list[bytes]) -> None:
        header = Header.read(frames[1])
        if header is None or self._log is None or header.log_id != self._log[0]:
            return
        if request.missing is None:
            self._items.append(ActiveBreaker(header.sequence, frames[2]))
        elif self._cursors.get(request.missing[0].stream) is request.missing[0]:
            self._take(request.missing[0], Delivery(header.sequence, header.epoch, frames[2]))

    def _finish_state(self, head: int) -> None:
        self._needs_state = False
        self._items.append(StateComplete(head))
        cursor = self._cursors.get("breaker")
        if cursor is not None and cursor.next is None and self._start == "newest":
            self._deliver("breaker", cursor.begin(head + 1))

    def _finish(self, request: _Request) -> None:
        """Ends a request. One that changed nothing is not repeated at once, or two faulty sides would keep each other
        busy."""
        self._asked = None
        progressed = not self._needs_state if request.missing is None else request.missing[0].next != request.missing[1]
        self._ask_again = 0.0 if progressed else time.monotonic() + _ASK_AGAIN


def _close(sockets: Sequence[zmq.Socket[bytes]], context: zmq.Context[zmq.Socket[bytes]]) -> None:
    for socket in sockets:
        socket.close(linger=0)
    context.term()


def _item(stream: Stream, delivery: Delivery) -> Item:
    return event(stream, delivery.sequence, delivery.epoch, delivery.body)  # type: ignore[return-value]
