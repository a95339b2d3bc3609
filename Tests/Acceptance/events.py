"""The other side of the engine: the event stream and the catch-up socket, read as a subscriber would."""

import json
import struct
import time
from dataclasses import dataclass

import zmq

STREAM_OF_TYPE = {
    "kilter.alert": "alert", "kilter.breaker": "breaker", "kilter.incident": "incident", "kilter.notice": "notice"}


class Failure(Exception):
    """Something the contract promises did not happen."""


def require(condition, message):
    if not condition:
        raise Failure(message)


@dataclass(frozen=True)
class Header:
    """32 bytes, big-endian: sequence, epoch, log id."""

    sequence: int
    epoch: int
    log_id: bytes

    @classmethod
    def read(cls, frame):
        require(len(frame) == 32, f"a header has {len(frame)} bytes, not 32")
        return cls(*struct.unpack(">QQ", frame[:16]), frame[16:])


@dataclass(frozen=True)
class Event:
    topic: str
    header: Header
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def stream(self):
        return STREAM_OF_TYPE[self.json["type"]]


class Subscriber:
    """Collects what the engine publishes and checks its form while doing so."""

    def __init__(self, context, endpoint, deadline):
        self.socket = context.socket(zmq.SUB)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVHWM, 0)
        self.socket.setsockopt(zmq.SUBSCRIBE, b"")
        self.socket.connect(endpoint)
        self.deadline = deadline
        self.events = []
        self.heartbeats = []
        self.next_sequence = {}
        self.identity = None

    def read_until(self, done, what, seconds=20):
        """Reads until `done()` is true; fails when that takes longer than `seconds` or the whole test too long."""
        limit = min(time.monotonic() + seconds, self.deadline)
        while not done():
            left = limit - time.monotonic()
            require(left > 0 and self.socket.poll(int(left * 1_000) + 1), f"waited in vain for {what}")
            self.take(self.socket.recv_multipart())

    def take(self, frames):
        require(len(frames) == 3, f"an event has {len(frames)} frames, not topic, header, body")
        topic = frames[0].decode("ascii")
        header = Header.read(frames[1])
        identity = (header.epoch, header.log_id)
        require(self.identity in (None, identity), "epoch or log id changed while the engine ran")
        self.identity = identity
        if topic == "hb":
            self.heartbeats.append((time.monotonic(), json.loads(frames[2])))
            return
        event = Event(topic, header, frames[2])
        require(topic.endswith("."), f"topic {topic} does not end in a dot")
        check_cloud_event(event)
        if header.sequence == 0:
            require(event.stream == "breaker", "only a provisional trip may have sequence 0")
            return
        expected = self.next_sequence.get(event.stream, 1)
        require(
            header.sequence == expected, f"stream {event.stream} has sequence {header.sequence}, expected {expected}")
        self.next_sequence[event.stream] = expected + 1
        self.events.append(event)

    def of(self, stream):
        return [event for event in self.events if event.stream == stream]

    def heads(self):
        """The last sequence of each stream that was received."""
        return {stream: following - 1 for stream, following in self.next_sequence.items()}


def check_cloud_event(event):
    body = event.json
    for key in ("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data"):
        require(key in body or body.get("type") == "kilter.notice", f"an event lacks {key}: {event.body[:200]}")
    require(body["specversion"] == "1.0" and body["source"].startswith("/kilter/"), "not a CloudEvent of Kilter")
    require(body["type"] in STREAM_OF_TYPE, f"unknown type {body['type']}")
    require(b"\n" not in event.body, "the body of an event is more than one line")
    first = event.topic.split(".")[0]
    allowed = {"alert": ("alert",), "breaker": ("breaker", "shadow"), "incident": ("incident",), "notice": ("notice",)}
    require(first in allowed[event.stream], f"a {event.stream} was published under {event.topic}")
    if event.stream == "alert":
        data = body["data"]
        require(body["id"] == f"{data['alert_id']}/{data['revision']}", "the id is not alert id and revision")
        require(len(data["alert_id"]) == 32, "an alert id is not 16 bytes of hex")


class CatchUp:
    """A client of the catch-up socket."""

    def __init__(self, context, endpoint, deadline):
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(endpoint)
        self.deadline = deadline

    def ask(self, *frames):
        """Sends a request; returns the events as (header, body) and the frames that ended the answer."""
        self.socket.send_multipart(frames)
        events = []
        while True:
            left = min(10, self.deadline - time.monotonic())
            require(left > 0 and self.socket.poll(int(left * 1_000) + 1), f"no answer to {frames[0]}")
            answer = self.socket.recv_multipart()
            if answer[0] != b"event":
                return events, answer
            require(len(answer) == 3, "an event of the catch-up socket is not event, header, body")
            events.append((Header.read(answer[1]), answer[2]))

    def replay(self, stream, first, last, log_id=None):
        frames = [b"replay", stream.encode(), struct.pack(">Q", first), struct.pack(">Q", last)]
        return self.ask(*frames, *([log_id] if log_id else []))
