"""The publishing side of an engine for tests: an `XPUB` that publishes or loses what it is told to, and a catch-up
`ROUTER` in a thread."""

from __future__ import annotations

import json
import threading

import zmq

from kilter.events import STREAMS, Stream

TYPES = {"alert": "kilter.alert", "breaker": "kilter.breaker", "incident": "kilter.incident", "notice": "kilter.notice"}


def u64(value: int) -> bytes:
    return value.to_bytes(8, "big")


class PublishedEvents:
    """Everything but the catch-up socket belongs to the test's thread."""

    def __init__(self) -> None:
        self.log_id, self.epoch = bytes(range(16)), 1
        self.events: dict[Stream, list[bytes]] = {stream: [] for stream in STREAMS}
        self.oldest: dict[Stream, int] = dict.fromkeys(STREAMS, 1)
        self.active: list[bytes] = []
        #: Requests as they came, and how many of the next are not answered, or answered with an error.
        self.requests: list[list[bytes]] = []
        self.ignored = 0
        self.errors = 0
        self._context = zmq.Context()
        self._live = self._context.socket(zmq.XPUB)
        self._live.setsockopt(zmq.XPUB_VERBOSE, 1)
        self.publish_at = f"tcp://127.0.0.1:{self._live.bind_to_random_port('tcp://127.0.0.1')}"
        self._desk = self._context.socket(zmq.ROUTER)
        self.catchup_at = f"tcp://127.0.0.1:{self._desk.bind_to_random_port('tcp://127.0.0.1')}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(timeout=10)
        self._context.destroy(linger=0)

    def wait_for_subscriptions(self, count: int) -> None:
        """Until so many subscriptions have arrived, after which nothing published under them is lost."""
        for _ in range(count):
            assert self._live.poll(10_000), "nobody subscribes"
            assert self._live.recv().startswith(b"\x01")

    def header(self, sequence: int) -> bytes:
        return u64(sequence) + u64(self.epoch) + self.log_id

    def add(self, stream: Stream, text: str, *, lost: bool = False, topic: str = "") -> None:
        """Appends an event to its stream, and publishes it unless it is to get lost."""
        body = json.dumps({"type": TYPES[stream], "data": {"summary": text}}).encode()
        self.events[stream].append(body)
        if not lost:
            name = f"{topic or stream}.tests.".encode()
            self._live.send_multipart([name, self.header(len(self.events[stream])), body])

    def provisional(self, text: str) -> None:
        body = json.dumps({"type": TYPES["breaker"], "data": {"summary": text}}).encode()
        self._live.send_multipart([b"breaker.tests.", self.header(0), body])

    def raw(self, *frames: bytes) -> None:
        self._live.send_multipart(frames)

    def beat(self) -> None:
        body = {
            "log_id": self.log_id.hex(), "epoch": self.epoch, "heads": {s: len(e) for s, e in self.events.items()},
            "oldest": self.oldest, "breakers": {"generation": 0, "digest": ""}, "mode": "normal", "counters": {}}
        self._live.send_multipart([b"hb", self.header(0), json.dumps(body).encode()])

    def restart(self, *, new_log: bool) -> None:
        self.epoch += 1
        if new_log:
            self.log_id = bytes(reversed(self.log_id))
            self.epoch = 1
            self.events = {stream: [] for stream in STREAMS}

    def _serve(self) -> None:
        while not self._stop.is_set():
            if self._desk.poll(20):
                peer, *request = self._desk.recv_multipart()
                self.requests.append(request)
                for frames in self._answers(request):
                    self._desk.send_multipart([peer, *frames])

    def _answers(self, request: list[bytes]) -> list[list[bytes]]:
        if self.ignored:
            self.ignored -= 1
            return []
        if self.errors:
            self.errors -= 1
            return [[b"error", b"too busy"]]
        if request == [b"state"]:
            head = len(self.events["breaker"])
            active = [[b"event", self.header(n), body] for n, body in enumerate(self.active, 1)]
            return [*active, [b"end", u64(head + 1), u64(head)]]
        word, name, first, last, log_id = request
        assert word == b"replay"
        stream: Stream = name.decode()  # type: ignore[assignment]
        if log_id != self.log_id:
            return [[b"wrong_log", self.log_id]]
        begin, end = int.from_bytes(first, "big"), int.from_bytes(last, "big")
        if begin < self.oldest[stream]:
            return [[b"gone", u64(self.oldest[stream])]]
        found = [[b"event", self.header(n), self.events[stream][n - 1]] for n in range(begin, end + 1)]
        return [*found, [b"end", u64(end + 1), u64(len(self.events[stream]))]]
