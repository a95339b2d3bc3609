"""Spans over the `acked` grade: sent again until the engine says that they are durable."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import zmq
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from .forks import ForkSafe
from .outbox import Answer, Outbox
from .payloads import Compression, check_compression, payloads, topic
from .push import PushQueue, wait_until_written

_log = logging.getLogger(__name__)

_PRODUCER_ID_BYTES_MAX = 255


@dataclass(frozen=True, slots=True)
class AckedCounts:
    """What became of the spans given to an exporter."""

    acknowledged_spans: int
    #: Quarantined by the engine, which keeps the reason; counts as acknowledged.
    rejected_spans: int
    #: The last of them: sequence and reason.
    rejections: tuple[tuple[int, str], ...]
    waiting_spans: int
    dropped_spans: int
    #: Sent over `PUSH` while the engine had no journal.
    fallback_spans: int
    #: Times that a session began.
    sessions: int
    #: Times that the engine came back knowing less than it had acknowledged.
    rewinds: int


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the exporter waits, in seconds."""

    #: For the answer to a hello; doubled each time up to eight times this.
    hello: float = 1.0
    #: For any acknowledgement of what is sent, before the session begins anew.
    acknowledgement: float = 5.0
    #: Before an engine without a journal is asked again.
    not_durable: float = 10.0


class AckedSpanExporter(SpanExporter, ForkSafe):
    """Sends spans to the engine's `acked` endpoint and keeps them until they are acknowledged.

    `export` puts spans into an outbox of at most `outbox_messages` and `outbox_bytes` and returns at once: SUCCESS when
    they fit, FAILURE when they do not (they are dropped and counted). A thread of its own sends them, at most `credit` of
    the engine unacknowledged, and again after a lost connection, a restart of the engine or a gap. The outbox is memory:
    it survives the engine's death, not this process's. `force_flush` waits until everything is acknowledged.

    `producer_id` names this producer across restarts, at most 255 bytes; two live producers of one name replace each other's
    connection without end. A forked child adds its process id to it, in place of its parent's.

    An engine without a journal answers `nack 0 "not durable"`. Then `export` returns FAILURE and drops, what waits stays,
    and the engine is asked again now and then. With `fallback`, the address of its `pull` endpoint, spans go there instead,
    unacknowledged, as `ZmqSpanExporter` sends them, until it is durable again.
    """

    def __init__(
        self,
        endpoint: str = "tcp://127.0.0.1:5557",
        *,
        producer_id: str,
        fallback: str | None = None,
        suffix: str = "",
        compression: Compression | None = None,
        outbox_messages: int = 10_000,
        outbox_bytes: int = 64 << 20,
        shutdown_seconds: float = 5.0,
        patience: Patience = Patience(),
    ) -> None:
        if not 0 < len(producer_id.encode()) <= _PRODUCER_ID_BYTES_MAX:
            raise ValueError(f"a producer id has 1 to {_PRODUCER_ID_BYTES_MAX} bytes")
        check_compression(compression)
        self._endpoint = endpoint
        self._producer_id = self._given_id = producer_id
        self._fallback_endpoint = fallback
        self._topic = topic(suffix)
        self._compression: Compression | None = compression
        self._outbox_limits = (outbox_messages, outbox_bytes)
        self._shutdown_seconds = shutdown_seconds
        self._patience = patience
        self._shut_down = False
        ForkSafe.__init__(self)
        self._begin()

    def _begin(self) -> None:
        self._outbox = Outbox(*self._outbox_limits)
        self._changed = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None
        self._wake: socket.socket | None = None
        self._fallback: PushQueue | None = None
        self._fallback_sequence = 0
        self._is_durable = True
        self._dropped_spans = self._fallback_spans = self._sessions = 0

    @property
    def counts(self) -> AckedCounts:
        """What became of the spans so far."""
        with self._lock:
            outbox = self._outbox
            return AckedCounts(
                outbox.acknowledged_spans, outbox.rejected_spans, tuple(outbox.rejected), outbox.spans_waiting(),
                self._dropped_spans, self._fallback_spans, self._sessions, outbox.rewinds)

    # Any thread

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        parts = [] if self._shut_down or not spans else list(payloads(spans, self._compression))
        with self._lock:
            if self._shut_down:  # perhaps since a moment ago: nothing would send them any more
                self._dropped_spans += len(spans)
                return SpanExportResult.FAILURE
            if not parts:
                return SpanExportResult.SUCCESS
            self._start()
            dropped = sum(count for data, count in parts if not self._accept(data, count))
            self._dropped_spans += dropped
            self._nudge()
        return SpanExportResult.FAILURE if dropped else SpanExportResult.SUCCESS

    def _accept(self, data: bytes | None, spans: int) -> bool:
        if data is None:
            return False
        if self._is_durable:
            return self._outbox.add(self._topic, data, spans)
        return self._push(self._topic, data, spans)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Waits until everything is acknowledged; False when that takes longer, or the engine has no journal."""
        deadline = time.monotonic() + timeout_millis / 1_000
        with self._lock:
            self._nudge()
            self._changed.wait_for(lambda: not (len(self._outbox) and self._is_durable), timeout_millis / 1_000)
            is_empty = len(self._outbox) == 0
            pushed = self._fallback.waiting() if self._fallback else []
        return is_empty and wait_until_written(pushed, max(0.0, deadline - time.monotonic()) * 1_000)

    def shutdown(self) -> None:
        """Waits up to `shutdown_seconds` for acknowledgements, then gives up on the rest and says how much."""
        with self._lock:
            self._shut_down = True
        self.force_flush(int(self._shutdown_seconds * 1_000))
        with self._lock:
            thread, self._thread = self._thread, None
            self._nudge()
            lost = self._outbox.spans_waiting()
            wake, self._wake = self._wake, None
        if thread is not None:
            thread.join(timeout=5)
        if wake is not None:
            wake.close()
        with self._lock:
            fallback, self._fallback = self._fallback, None
        if fallback is not None:
            fallback.close()
        if lost:
            _log.warning("%d spans were not acknowledged by %s", lost, self._endpoint)

    def _start(self) -> None:
        if self._thread is not None or self._shut_down:
            return
        mine, self._wake = socket.socketpair()
        mine.setblocking(False)
        self._wake.setblocking(False)
        self._thread = threading.Thread(target=self._run, args=(mine,), name="kilter-acked", daemon=True)
        self._thread.start()

    def _nudge(self) -> None:
        if self._wake is not None:
            with contextlib.suppress(OSError):  # full: the thread will wake; closed: it has ended
                self._wake.send(b"\0")

    def _forget(self) -> None:
        suffix = f"/{os.getpid()}"
        kept = self._given_id.encode()[: _PRODUCER_ID_BYTES_MAX - len(suffix)]
        self._producer_id = kept.decode(errors="ignore") + suffix
        if self._fallback is not None:
            self._fallback.abandon()
        self._begin()

    # Fallback, under the lock

    def _push(self, name: bytes, data: bytes, spans: int) -> bool:
        if self._fallback_endpoint is None:
            return False
        if self._fallback is None:
            messages, size = self._outbox_limits
            self._fallback = PushQueue(self._fallback_endpoint, messages=messages, size=size, linger_ms=1_000)
        self._fallback_sequence += 1
        sent = self._fallback.send(name, self._fallback_sequence, data)
        self._fallback_spans += spans if sent else 0
        return sent

    def _push_outbox(self) -> None:
        for one in self._outbox.take_all():
            if not self._push(one.topic, one.data, one.spans):
                self._dropped_spans += one.spans

    # The thread that owns the socket

    def _run(self, wake: socket.socket) -> None:
        context = zmq.Context()
        me = threading.current_thread()
        attempt = 0
        try:
            while self._thread is me:
                try:
                    attempt = 0 if self._session(context, wake, attempt, me) else attempt + 1
                except Exception:  # whatever it was: without this thread nothing would ever leave
                    _log.exception("a session with %s broke", self._endpoint)
                    with self._lock:
                        self._changed.wait(self._patience.hello)
        finally:
            context.destroy(linger=0)
            wake.close()

    def _session(self, context: zmq.Context[zmq.Socket[bytes]], wake: socket.socket, attempt: int, me: object) -> bool:
        """One connection, from hello until it must be replaced. True when the engine said `ready` in it."""
        peer = context.socket(zmq.DEALER)
        peer.setsockopt(zmq.LINGER, 0)
        peer.setsockopt(zmq.SNDHWM, 0)
        peer.setsockopt(zmq.RECONNECT_IVL_MAX, 2_000)
        peer.connect(self._endpoint)
        poller = zmq.Poller()
        poller.register(peer, zmq.POLLIN)
        poller.register(wake, zmq.POLLIN)
        with self._lock:
            self._outbox.disconnect()
        was_ready = False
        try:
            self._say_hello(peer)
            limit = time.monotonic() + self._patience.hello * 2 ** min(attempt, 3)
            while self._thread is me:
                with self._lock:
                    self._send_all(peer)
                    is_quiet = self._outbox.is_ready and len(self._outbox) == 0
                    was_ready = was_ready or self._outbox.is_ready
                now = time.monotonic()
                if not is_quiet and now >= limit:
                    return was_ready
                ready = dict(poller.poll(None if is_quiet else int((limit - now) * 1_000) + 1))
                if is_quiet:
                    limit = time.monotonic() + self._patience.acknowledgement
                if wake.fileno() in ready:
                    wake.recv(4_096)
                if peer in ready:
                    pause = self._take(peer)
                    if pause == 0:
                        return was_ready
                    limit = max(limit, time.monotonic() + pause) if pause else limit
            return was_ready
        finally:
            peer.close(linger=0)

    def _say_hello(self, peer: zmq.Socket[bytes]) -> None:
        peer.send_multipart([b"hello", self._producer_id.encode()], zmq.NOBLOCK)

    def _send_all(self, peer: zmq.Socket[bytes]) -> None:
        while (frames := self._outbox.next_frames()) is not None:
            peer.send_multipart(frames, zmq.NOBLOCK)

    def _take(self, peer: zmq.Socket[bytes]) -> float | None:
        """Takes one answer. How many seconds from now the next one may take, None when that does not change, 0 to begin
        anew."""
        answer_frames = peer.recv_multipart(zmq.NOBLOCK)
        with self._lock:
            answer = self._outbox.take(answer_frames)
            if answer in (Answer.READY, Answer.PROGRESS):
                self._is_durable = True
                self._sessions += answer is Answer.READY
                self._changed.notify_all()
                return self._patience.acknowledgement
            if answer is Answer.SAY_HELLO:
                self._say_hello(peer)
                return self._patience.hello
            if answer is Answer.NOT_DURABLE:
                self._note_not_durable()
                return self._patience.not_durable
        return 0 if answer is Answer.CONFUSED else None

    def _note_not_durable(self) -> None:
        if self._is_durable:
            _log.warning("%s has no journal: %s", self._endpoint,
                         f"spans go to {self._fallback_endpoint}" if self._fallback_endpoint else "spans are dropped")
        self._is_durable = False
        if self._fallback_endpoint is not None:
            self._push_outbox()
        self._changed.notify_all()
