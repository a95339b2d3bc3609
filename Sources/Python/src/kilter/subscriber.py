"""A subscriber that misses nothing silently."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Literal

import zmq

from .events import HEARTBEAT_TOPIC, STREAMS, TOPIC_PREFIXES, Heartbeat, Item, Silent, Stream
from .reading import ASK_AGAIN, Position, Reading, Start

#: Messages taken from each socket before their items are delivered.
_MESSAGES_PER_TURN = 256
_MESSAGE_BYTES_MAX = 16 << 20


class EngineSilent(Exception):
    """No heartbeat for as long as `silence_seconds`."""


class Subscriber:
    """Listens to events, learns from heartbeats how far each stream has come, fetches through the catch-up socket what
    it did not get, and yields each event once and in order within its stream.

        with Subscriber() as subscriber:
            for item in subscriber:
                match item:
                    case AlertEvent(): print(item.data["summary"])
                    case BreakerEvent(): obey(item.data["decision"])
                    case Silent(): hold()

    `start` is `newest`, `oldest` (of what can be fetched) or a `Position`; streams that it does not name begin at 1, and
    so does another log. `with_state` asks first for every breaker that is not closed. Without `catchup` gaps are `Gone`.
    An engine unheard for `silence_seconds` is told as `Silent`, or raised as `EngineSilent` with `on_silence="raise"`.
    A request unanswered for `patience_seconds` is made again.
    Memory is bounded: beyond 10,000 queued messages libzmq drops, which a heartbeat then reveals. One thread at a time; a
    forked child makes a subscriber of its own.
    """

    def __init__(
        self,
        publish: str = "tcp://127.0.0.1:5558",
        catchup: str | None = "tcp://127.0.0.1:5559",
        *,
        streams: Sequence[Stream] = STREAMS,
        start: Start = "newest",
        with_state: bool = False,
        silence_seconds: float = 2.0,
        on_silence: Literal["yield", "raise"] = "yield",
        patience_seconds: float = 3.0,
    ) -> None:
        unknown = set(streams) - set(STREAMS)
        if unknown:
            raise ValueError(f"unknown streams {sorted(unknown)}; known are {', '.join(STREAMS)}")
        self._silence = silence_seconds
        self._raises = on_silence == "raise"
        self._patience = patience_seconds
        self._catchup = catchup
        self._reading = Reading(
            streams, start, with_state=with_state, can_fetch=catchup is not None, now=time.monotonic())
        self._context = zmq.Context()
        self._sockets: list[zmq.Socket[bytes]] = []
        # Also when nobody calls `close`: a context that is collected before its sockets are closed waits for ever.
        self._finalizer = weakref.finalize(self, _close, self._sockets, self._context)
        self._live = self._socket(zmq.SUB)
        self._live.setsockopt(zmq.RCVHWM, 10_000)
        for prefix in (HEARTBEAT_TOPIC, *(prefix for stream in streams for prefix in TOPIC_PREFIXES[stream])):
            self._live.setsockopt(zmq.SUBSCRIBE, prefix)
        self._live.connect(publish)
        self._desk: zmq.Socket[bytes] | None = None
        self._open_desk()

    @property
    def position(self) -> Position | None:
        """What has been delivered so far, to go on from with `start`; None before the first `Connected`."""
        return self._reading.position

    @property
    def heartbeat(self) -> Heartbeat | None:
        """What the engine said of itself last."""
        return self._reading.heartbeat

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
        while self._finalizer.alive:
            item = self.next(timeout=1.0)
            if item is not None:
                yield item

    def next(self, timeout: float) -> Item | None:
        """The next item, or None when none came within `timeout` seconds; 0 takes what is there."""
        deadline = time.monotonic() + timeout
        while not self._reading.items:
            # What waits in the queues comes first: a caller that was busy must not take the engine for dead.
            received = self._receive()
            now = time.monotonic()
            if not self._reading.items:
                if not self._reading.is_silent and now - self._reading.last_heard >= self._silence:
                    self._reading.note_silence()
                self._ask(now)
            if self._reading.items:
                break
            if now >= deadline:
                return None
            if not received:
                self._poller.poll(int(max(0.0, self._next_deadline(deadline) - now) * 1_000) + 1)
        item = self._reading.next_item()
        if self._raises and isinstance(item, Silent):
            raise EngineSilent(f"no heartbeat for {self._silence} s")
        return item

    def _next_deadline(self, deadline: float) -> float:
        """The next thing to notice or to ask."""
        reading = self._reading
        if not reading.is_silent:
            deadline = min(deadline, reading.last_heard + self._silence)
        if reading.asked is not None:
            return min(deadline, reading.asked.answered_last + self._patience)
        return min(deadline, reading.ask_again) if reading.wants_answer else deadline

    def _receive(self) -> bool:
        """Takes what has arrived. False when nothing had."""
        received = False
        for socket, take in ((self._live, self._reading.take_live), (self._desk, self._reading.take_reply)):
            for _ in range(_MESSAGES_PER_TURN if socket is not None else 0):
                try:
                    assert socket is not None
                    frames = socket.recv_multipart(zmq.NOBLOCK)
                except zmq.Again:
                    break
                received = True
                take(frames, time.monotonic())
        return received

    def _ask(self, now: float) -> None:
        reading = self._reading
        if reading.asked is not None and now - reading.asked.answered_last >= self._patience:
            reading.asked = None
            self._open_desk()
        request = reading.next_request(now)
        if request is None or self._desk is None:
            return
        try:
            self._desk.send_multipart(request.frames, zmq.NOBLOCK)
            reading.asked = request
        except zmq.Again:
            reading.ask_again = now + ASK_AGAIN

    def _open_desk(self) -> None:
        """A new connection, so that late answers to an older request reach nobody."""
        if self._desk is not None:
            self._sockets.remove(self._desk)
            self._desk.close(linger=0)
        self._poller = zmq.Poller()
        self._poller.register(self._live, zmq.POLLIN)
        if self._catchup is not None:
            self._desk = self._socket(zmq.DEALER)
            self._desk.connect(self._catchup)
            self._poller.register(self._desk, zmq.POLLIN)

    def _socket(self, kind: int) -> zmq.Socket[bytes]:
        socket = self._context.socket(kind)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.MAXMSGSIZE, _MESSAGE_BYTES_MAX)
        self._sockets.append(socket)
        return socket


def _close(sockets: Sequence[zmq.Socket[bytes]], context: zmq.Context[zmq.Socket[bytes]]) -> None:
    for socket in sockets:
        socket.close(linger=0)
    context.term()
