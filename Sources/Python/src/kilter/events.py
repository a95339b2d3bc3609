"""What the engine publishes: CloudEvents 1.0, one JSON object each, behind a header of 32 bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Generic, Literal, TypedDict, TypeVar, cast

Stream = Literal["alert", "breaker", "incident", "notice"]

#: Streams with sequences of their own; `breaker` holds enforced and shadow breakers alike.
STREAMS: Final[tuple[Stream, ...]] = ("alert", "breaker", "incident", "notice")

#: Topics of a stream begin with one of these.
TOPIC_PREFIXES: Final[Mapping[Stream, tuple[bytes, ...]]] = {
    "alert": (b"alert.",),
    "breaker": (b"breaker.", b"shadow."),
    "incident": (b"incident.",),
    "notice": (b"notice.",),
}
HEARTBEAT_TOPIC: Final = b"hb"


class AlertData(TypedDict, total=False):
    """`data` of `kilter.alert`; a member is absent when unknown. Times are Unix nanoseconds as text."""

    alert_id: str
    revision: int
    state: Literal["firing", "resolved"]
    severity: Literal["info", "warning", "critical"]
    detector: str
    tier: str
    tenant: str
    environment: str
    service: str
    agent: str
    agent_version: str
    run: str
    trace_id: str
    span_id: str
    tool: str
    model: str
    signal: str
    peer: str
    started_at: str
    observed_at: str
    observed: float
    expected: float
    threshold: float
    unit: str
    direction: str
    budget: str
    count: int
    window: int
    evidence: dict[str, Any]
    cost: dict[str, int]
    delay: dict[str, int]
    advice: str
    summary: str


class BreakerData(TypedDict, total=False):
    """`data` of `kilter.breaker`. Obey `decision`, whatever the other members say."""

    breaker_id: str
    generation: int
    scope: Literal["agent", "run", "tool", "agent_tool", "workflow", "tenant"]
    keys: dict[str, Any]
    state: Literal["closed", "open", "half_open", "forced_open", "disabled"]
    mode: Literal["shadow", "enforce"]
    decision: Literal["allow", "block"]
    cause: str
    reason: str
    advice: str
    retry_at: str
    probe: dict[str, Any]
    on_silence: Literal["hold", "block", "allow"]
    provisional: bool


Data = TypeVar("Data", bound=Mapping[str, object])


@dataclass(frozen=True)
class Event(Generic[Data]):
    """The next event of a stream: each comes once, in order."""

    stream: Stream
    #: Gap-free from 1 within the stream; 0 for a provisional trip, which is in no stream and may come twice or not at all.
    sequence: int
    #: Counts the starts of the engine on this log.
    epoch: int
    #: The bytes as published, the same as in the alert log and in replay.
    body: bytes

    @cached_property
    def cloud_event(self) -> dict[str, Any]:
        """The whole CloudEvent: `id`, `source`, `type`, `subject`, `time`, `severity`, `detector`, `data` …"""
        return cast(dict[str, Any], json.loads(self.body))

    @property
    def data(self) -> Data:
        return cast(Data, self.cloud_event["data"])


class AlertEvent(Event[AlertData]):
    """An alert opened, escalated or resolved."""


class BreakerEvent(Event[BreakerData]):
    """A breaker changed its state; in shadow mode its decision stays `allow`."""


class IncidentEvent(Event[dict[str, Any]]):
    """Alerts grouped by what they share."""


class NoticeEvent(Event[dict[str, Any]]):
    """The engine about itself: `input_gap`, `rate_limit`, `shed`, `degraded`, `price`."""


_KINDS: Final[Mapping[Stream, type[AlertEvent | BreakerEvent | IncidentEvent | NoticeEvent]]] = {
    "alert": AlertEvent, "breaker": BreakerEvent, "incident": IncidentEvent, "notice": NoticeEvent,
}


def event(
    stream: Stream, sequence: int, epoch: int, body: bytes
) -> AlertEvent | BreakerEvent | IncidentEvent | NoticeEvent:
    """An event of the class of its stream."""
    return _KINDS[stream](stream, sequence, epoch, body)


@dataclass(frozen=True, slots=True)
class Connected:
    """First word of an engine, after silence, and after a restart. `log_id` differs when its log began anew."""

    log_id: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Silent:
    """No heartbeat for two seconds. That is never "all clear": apply each breaker's `on_silence`."""


@dataclass(frozen=True, slots=True)
class Gone:
    """These events existed and can no longer be fetched."""

    stream: Stream
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ActiveBreaker:
    """A breaker that was not closed when the subscription began."""

    sequence: int
    body: bytes

    @property
    def data(self) -> BreakerData:
        return cast(BreakerData, json.loads(self.body)["data"])


@dataclass(frozen=True, slots=True)
class StateComplete:
    """All active breakers have been told, as of this sequence of the breaker stream."""

    head: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The catch-up socket's reason for not answering. It is asked again."""

    reason: str


Item = (
    AlertEvent | BreakerEvent | IncidentEvent | NoticeEvent
    | Connected | Silent | Gone | ActiveBreaker | StateComplete | Refused
)


@dataclass(frozen=True, slots=True)
class Header:
    """Frame 2 of a published event: 8-byte sequence, 8-byte epoch, 16-byte log id, big-endian."""

    sequence: int
    epoch: int
    log_id: str

    @classmethod
    def read(cls, frame: bytes) -> Header | None:
        if len(frame) != 32:
            return None
        return cls(int.from_bytes(frame[:8], "big"), int.from_bytes(frame[8:16], "big"), frame[16:].hex())


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What the engine says of itself at least every 500 ms."""

    log_id: str
    epoch: int
    #: Newest and oldest sequence of each stream.
    heads: Mapping[Stream, int]
    oldest: Mapping[Stream, int]
    mode: str
    counters: Mapping[str, Any]

    @classmethod
    def read(cls, body: bytes) -> Heartbeat | None:
        """None for a body that is no heartbeat."""
        try:
            json_body = json.loads(body)
            heads, oldest = (
                {stream: int(json_body[key][stream]) for stream in STREAMS if stream in json_body[key]}
                for key in ("heads", "oldest")
            )
            if any(not 0 <= number < 1 << 64 for numbers in (heads, oldest) for number in numbers.values()):
                return None
            return cls(
                str(json_body["log_id"]), int(json_body["epoch"]), heads, oldest, str(json_body["mode"]),
                dict(json_body.get("counters", {})))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return None
