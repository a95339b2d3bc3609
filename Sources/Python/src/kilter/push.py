"""Spans over `PUSH`: fast, bounded, never in an agent's way. What is lost is counted on both sides."""

from __future__ import annotations

import logging
import time
import uuid
import weakref
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import zmq
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from .forks import ForkSafe
from .payloads import Compression, check_compression, payloads, sequence_frame, topic

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class SendCounts:
    """What became of the spans given to an exporter."""

    sent_messages: int = 0
    sent_spans: int = 0
    #: Dropped because the queue was full, a span was too large or OTLP cannot express it, or after the shutdown.
    dropped_messages: int = 0
    dropped_spans: int = 0


class PushQueue:
    """A `PUSH` socket with a queue bounded in messages and bytes. It never waits. Not thread-safe."""

    def __init__(self, endpoint: str, *, messages: int, size: int, linger_ms: int) -> None:
        self._context = zmq.Context()
        self._socket: zmq.Socket[bytes] = self._context.socket(zmq.PUSH)
        self._socket.setsockopt(zmq.LINGER, linger_ms)
        self._socket.setsockopt(zmq.SNDHWM, messages)
        self._socket.setsockopt(zmq.SNDTIMEO, 0)
        self._socket.setsockopt(zmq.RECONNECT_IVL_MAX, 2_000)
        self._socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
        # Every payload is tracked until libzmq has written it out, which is how its queue is measured.
        self._socket.copy_threshold = 0
        self._socket.connect(endpoint)
        # Also when nobody calls `close`: a context that is collected before its socket is closed waits for ever.
        self._finalizer = weakref.finalize(self, _close, self._socket, self._context, linger_ms)
        self._size = size
        self._waiting: deque[tuple[zmq.MessageTracker, int]] = deque()
        self._waiting_bytes = 0

    def send(self, name: bytes, sequence: int, payload: bytes) -> bool:
        """Queues a message; False when the queue is full."""
        self._measure()
        if self._waiting_bytes and self._waiting_bytes + len(payload) > self._size:
            return False
        try:
            self._socket.send(name, zmq.SNDMORE | zmq.NOBLOCK)
            self._socket.send(sequence_frame(sequence), zmq.SNDMORE | zmq.NOBLOCK)
            tracker = self._socket.send(payload, zmq.NOBLOCK, copy=False, track=True)
        except zmq.Again:
            return False
        if isinstance(tracker, zmq.MessageTracker):
            self._waiting.append((tracker, len(payload)))
            self._waiting_bytes += len(payload)
        return True

    def waiting(self) -> list[zmq.MessageTracker]:
        """Trackers of what libzmq has not written out yet."""
        self._measure()
        return [tracker for tracker, _ in self._waiting]

    def close(self) -> None:
        """Gives the queue `linger_ms` to leave, then drops the rest."""
        self._finalizer()

    def abandon(self) -> None:
        """Forgets the socket without closing it: it is the parent process's."""
        self._finalizer.detach()

    def _measure(self) -> None:
        while self._waiting and self._waiting[0][0].done:
            self._waiting_bytes -= self._waiting.popleft()[1]


def _close(socket: zmq.Socket[bytes], context: zmq.Context[zmq.Socket[bytes]], linger_ms: int) -> None:
    socket.close(linger=linger_ms)
    context.term()


def wait_until_written(trackers: Sequence[zmq.MessageTracker], timeout_millis: float) -> bool:
    """Waits until libzmq has written the messages out; False when that takes longer."""
    deadline = time.monotonic() + timeout_millis / 1_000
    try:
        for tracker in trackers:
            tracker.wait(timeout=max(0.0, deadline - time.monotonic()))
    except zmq.NotDone:
        return False
    return True


class ZmqSpanExporter(SpanExporter, ForkSafe):
    """Sends spans to the engine's `pull` endpoint: messages of topic, sequence and OTLP protobuf over `PUSH`.

    `export` never waits for the engine. Messages queue while it is away, up to `queue_messages` and `queue_bytes`; beyond,
    new ones are dropped, `counts` says how many and `export` returns FAILURE. A sequence number is given out before the
    message is queued, so the engine sees a gap for each that was dropped. What the engine had received when it died is
    lost without a sign here: use `AckedSpanExporter` where that matters.

    `suffix` is the publisher's own part of the topic, by default a random one, so that the gaps of several publishers do
    not mix. `compression` is `gzip`, `zstd` (extra `zstd`) or None. Batches beyond 8 MiB are split. Thread-safe; after a
    fork the child opens a socket of its own, and is a publisher of its own.
    """

    def __init__(
        self,
        endpoint: str = "tcp://127.0.0.1:5555",
        *,
        suffix: str | None = None,
        compression: Compression | None = None,
        queue_messages: int = 1_000,
        queue_bytes: int = 64 << 20,
        linger_ms: int = 1_000,
    ) -> None:
        check_compression(compression)
        self._endpoint = endpoint
        self._suffix = suffix
        self._compression: Compression | None = compression
        self._limits = (queue_messages, queue_bytes, linger_ms)
        self._shut_down = False
        self._open()
        ForkSafe.__init__(self)

    def _open(self) -> None:
        self._topic = topic(uuid.uuid4().hex[:12] if self._suffix is None else self._suffix)
        self._sequence = 0
        self._counts = SendCounts()
        self._queue: PushQueue | None = None

    @property
    def counts(self) -> SendCounts:
        """What became of the spans so far."""
        with self._lock:
            return replace(self._counts)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        parts = [] if self._shut_down or not spans else list(payloads(spans, self._compression))
        with self._lock:
            if self._shut_down:  # perhaps since a moment ago
                self._counts.dropped_spans += len(spans)
                return SpanExportResult.FAILURE
            dropped = sum(not self._send(data, count) for data, count in parts)
        return SpanExportResult.FAILURE if dropped else SpanExportResult.SUCCESS

    def _send(self, data: bytes | None, spans: int) -> bool:
        self._sequence += 1
        if data is not None and self._socket().send(self._topic, self._sequence, data):
            self._counts.sent_messages += 1
            self._counts.sent_spans += spans
            return True
        if self._counts.dropped_messages == 0:
            _log.warning("dropping spans: %s", "one fits no message" if data is None else f"no room on {self._endpoint}")
        self._counts.dropped_messages += 1
        self._counts.dropped_spans += spans
        return False

    def _socket(self) -> PushQueue:
        if self._queue is None:
            messages, size, linger_ms = self._limits
            self._queue = PushQueue(self._endpoint, messages=messages, size=size, linger_ms=linger_ms)
        return self._queue

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Waits until everything queued has been written to the connection; False when that takes longer."""
        with self._lock:
            waiting = self._queue.waiting() if self._queue else []
        return wait_until_written(waiting, timeout_millis)

    def shutdown(self) -> None:
        """Closes the socket; what is queued has `linger_ms` to leave."""
        with self._lock:
            self._shut_down = True
            queue, self._queue = self._queue, None
        if queue is not None:
            queue.close()

    def _forget(self) -> None:
        if self._queue is not None:
            self._queue.abandon()
        self._open()
