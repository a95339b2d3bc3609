"""A small engine of the `acked` grade for tests: a `ROUTER` in a thread, with a journal that survives its restarts and
faults that a test can order."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

import zmq
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from engine import free_ports


@dataclass
class Faults:
    """What goes wrong, each until it is used up."""

    #: Acknowledgements that are swallowed.
    acks_lost: int = 0
    #: Data messages that are swallowed, so that the next shows a gap.
    data_lost: int = 0
    #: Sequences that are quarantined.
    quarantine: set[int] = field(default_factory=set)
    #: Whether there is no journal.
    not_durable: bool = False
    #: Each acknowledgement is sent twice.
    repeat_acks: bool = False


class AckedPeer:
    """Read `names` and `hellos` at any time; change `faults` and `credit` before what they should meet."""

    def __init__(self, credit: int = 16) -> None:
        self.credit = credit
        self.faults = Faults()
        #: Names of the durable spans in order, by producer.
        self.journal: dict[bytes, list[str]] = {}
        self.last: Counter[bytes] = Counter()
        self.hellos = 0
        self.most_unacknowledged = 0
        self._port = free_ports(1)[0]
        self.endpoint = f"tcp://127.0.0.1:{self._port}"
        self.start()

    def start(self) -> None:
        self._connections: dict[bytes, bytes] = {}
        self._context = zmq.Context()
        self._router = self._context.socket(zmq.ROUTER)
        self._router.setsockopt(zmq.LINGER, 0)
        self._router.bind(self.endpoint)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Dies. The journal stays."""
        self._stop.set()
        self._thread.join(timeout=10)
        assert not self._thread.is_alive()
        self._context.destroy(linger=0)

    def names(self, producer: str) -> list[str]:
        return list(self.journal.get(producer.encode(), []))

    def forget_connections(self) -> None:
        """As after a restart that the connection survived."""
        self._connections = {}

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._router.poll(20):
                self._take(self._router.recv_multipart())

    def _take(self, message: list[bytes]) -> None:
        peer, frames = message[0], message[1:]
        if self.faults.not_durable:
            self._router.send_multipart([peer, b"nack", bytes(8), b"not durable"])
        elif frames[0] == b"hello":
            assert len(frames) == 2
            self.hellos += 1
            self._connections = {p: name for p, name in self._connections.items() if name != frames[1]}
            self._connections[peer] = frames[1]
            self._say(peer, b"ready")
        elif peer not in self._connections:
            self._router.send_multipart([peer, b"hello"])
        else:
            assert frames[0].startswith(b"traces.otlp_proto") and len(frames) == 3
            self._take_data(peer, int.from_bytes(frames[1], "big"), frames[2])

    def _take_data(self, peer: bytes, sequence: int, payload: bytes) -> None:
        producer = self._connections[peer]
        if self.faults.data_lost:
            self.faults.data_lost -= 1
            return
        if sequence > self.last[producer] + 1:
            self._say(peer, b"ready")
            return
        self.most_unacknowledged = max(self.most_unacknowledged, sequence - self.last[producer])
        if sequence == self.last[producer] + 1:
            self.last[producer] = sequence
            if sequence in self.faults.quarantine:
                self._router.send_multipart([peer, b"nack", sequence.to_bytes(8, "big"), b"malformed"])
                return
            request = ExportTraceServiceRequest.FromString(payload)
            self.journal.setdefault(producer, []).extend(
                span.name for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans)
        if self.faults.acks_lost:
            self.faults.acks_lost -= 1
            return
        for _ in range(2 if self.faults.repeat_acks else 1):
            self._say(peer, b"ack")

    def _say(self, peer: bytes, word: bytes) -> None:
        last = self.last[self._connections[peer]]
        self._router.send_multipart([peer, word, last.to_bytes(8, "big"), self.credit.to_bytes(4, "big")])
