from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from typing import Any

import pytest

from engine import free_ports
from kilter import (
    ActiveBreaker, AlertEvent, BreakerEvent, Connected, EngineSilent, Gone, Item, Position, Refused, Silent, StateComplete,
    Subscriber,
)
from kilter.cursor import EARLY_MAX, Delivery, StreamCursor
from kilter.events import STREAMS, TOPIC_PREFIXES, Heartbeat, Stream
from kilter.reading import Reading
from published import PublishedEvents


@pytest.fixture
def desk() -> Iterator[PublishedEvents]:
    side = PublishedEvents()
    yield side
    side.close()


class Reader:
    """A subscriber whose items are told in short."""

    def __init__(self, desk: PublishedEvents, **options: Any) -> None:
        given = {"silence_seconds": 30.0, **options}
        catchup = given.pop("catchup", desk.catchup_at)
        self.subscriber = Subscriber(desk.publish_at, catchup, **given)
        streams = given.get("streams", STREAMS)
        desk.wait_for_subscriptions(1 + sum(len(TOPIC_PREFIXES[stream]) for stream in streams))

    def read(self, count: int) -> list[str]:
        """The next items; fails when they do not come."""
        items: list[str] = []
        for _ in range(count):
            item = self.subscriber.next(timeout=10)
            assert item is not None, f"after {items} nothing came"
            items.append(told(item))
        return items

    def nothing(self) -> bool:
        return self.subscriber.next(timeout=0.05) is None


def told(item: Item) -> str:
    if isinstance(item, (AlertEvent, BreakerEvent)):
        return f"{item.stream} {item.sequence} {item.data.get('summary')}"
    if isinstance(item, Connected):
        return f"connected {item.log_id[:4]} {item.epoch}"
    if isinstance(item, Gone):
        return f"gone {item.stream} {item.first}-{item.last}"
    if isinstance(item, StateComplete):
        return f"state {item.head}"
    return type(item).__name__


@pytest.fixture
def reader(desk: PublishedEvents) -> Iterator[Reader]:
    made = Reader(desk)
    yield made
    made.subscriber.close()


def test_live_events_in_order(desk: PublishedEvents, reader: Reader) -> None:
    desk.beat()
    desk.add("alert", "a")
    desk.add("breaker", "b", topic="shadow")
    desk.add("alert", "c")
    assert reader.read(4) == ["connected 0001 1", "alert 1 a", "breaker 1 b", "alert 2 c"]
    assert reader.nothing() and desk.requests == []
    assert reader.subscriber.heartbeat is not None and reader.subscriber.heartbeat.mode == "normal"
    assert reader.subscriber.position == Position("000102030405060708090a0b0c0d0e0f", {"alert": 2, "breaker": 1})


def test_a_gap_is_fetched(desk: PublishedEvents, reader: Reader) -> None:
    desk.add("alert", "a")
    desk.add("alert", "b", lost=True)
    desk.add("alert", "c", lost=True)
    desk.add("alert", "d")
    assert reader.read(5) == ["connected 0001 1", "alert 1 a", "alert 2 b", "alert 3 c", "alert 4 d"]
    assert [request[:2] for request in desk.requests] == [[b"replay", b"alert"]]


def test_even_a_lost_last_event_is_fetched(desk: PublishedEvents, reader: Reader) -> None:
    desk.beat()
    assert reader.read(1) == ["connected 0001 1"]
    desk.add("alert", "a", lost=True)
    desk.beat()
    assert reader.read(1) == ["alert 1 a"]


def test_an_unanswered_request_is_made_again(desk: PublishedEvents) -> None:
    reader = Reader(desk, patience_seconds=0.1)
    desk.beat()
    desk.ignored, desk.errors = 1, 1
    desk.add("alert", "a", lost=True)
    assert reader.read(1) == ["connected 0001 1"]
    desk.beat()
    assert reader.read(2) == ["Refused", "alert 1 a"]
    assert len(desk.requests) == 3 and isinstance(Refused("x"), Refused)
    reader.subscriber.close()


def test_what_can_no_longer_be_fetched_is_gone(desk: PublishedEvents) -> None:
    for text in "abc":
        desk.add("alert", text, lost=True)
    desk.oldest["alert"] = 3
    position = Position("000102030405060708090a0b0c0d0e0f", {"alert": 1})
    reader = Reader(desk, start=position)
    desk.beat()
    assert reader.read(3) == ["connected 0001 1", "gone alert 2-2", "alert 3 c"]
    reader.subscriber.close()


@pytest.mark.parametrize(("start", "expected"), [("newest", []), ("oldest", ["alert 1 a", "alert 2 b"])])
def test_where_to_begin(desk: PublishedEvents, start: str, expected: list[str]) -> None:
    desk.add("alert", "a", lost=True)
    desk.add("alert", "b", lost=True)
    reader = Reader(desk, start=start)
    desk.beat()
    assert reader.read(1 + len(expected)) == ["connected 0001 1", *expected] and reader.nothing()
    reader.subscriber.close()


def test_going_on_in_another_log_reads_it_from_its_start(desk: PublishedEvents) -> None:
    desk.add("alert", "a", lost=True)
    reader = Reader(desk, start=Position("ff" * 16, {"alert": 9}))
    desk.beat()
    assert reader.read(2) == ["connected 0001 1", "alert 1 a"]
    reader.subscriber.close()


def test_a_restart_on_the_same_log_goes_on(desk: PublishedEvents, reader: Reader) -> None:
    desk.add("alert", "a")
    desk.restart(new_log=False)
    desk.add("alert", "b", lost=True)
    desk.beat()
    assert reader.read(4) == ["connected 0001 1", "alert 1 a", "connected 0001 2", "alert 2 b"]


def test_a_new_log_begins_at_one(desk: PublishedEvents, reader: Reader) -> None:
    desk.add("alert", "a")
    desk.add("alert", "b")
    assert reader.read(3)[-1] == "alert 2 b"
    desk.restart(new_log=True)
    desk.add("alert", "new", lost=True)
    desk.beat()
    assert reader.read(2) == ["connected 0f0e 1", "alert 1 new"]
    position = reader.subscriber.position
    assert position is not None and position.sequences == {"alert": 1}


def test_a_wrong_log_is_asked_again_after_the_next_word(desk: PublishedEvents, reader: Reader) -> None:
    desk.beat()
    assert reader.read(1) == ["connected 0001 1"]
    desk.add("alert", "old", lost=True)
    desk.beat()
    desk.restart(new_log=True)  # the request finds another log than the heartbeat told
    item = reader.subscriber.next(timeout=0.2)
    desk.add("alert", "new", lost=True)
    desk.beat()
    told_items = [told(item)] if item else []
    assert [*told_items, *reader.read(2 - len(told_items))] == ["connected 0f0e 1", "alert 1 new"]


def test_silence(desk: PublishedEvents) -> None:
    reader = Reader(desk, silence_seconds=0.1)
    desk.beat()
    assert reader.read(2) == ["connected 0001 1", "Silent"] and reader.nothing()
    desk.beat()
    assert reader.read(1) == ["connected 0001 1"]
    reader.subscriber.close()


def test_silence_may_raise() -> None:
    ports = free_ports(2)
    with Subscriber(
        *(f"tcp://127.0.0.1:{port}" for port in ports), silence_seconds=0.05, on_silence="raise") as subscriber:
        with pytest.raises(EngineSilent):
            next(iter(subscriber))
        assert subscriber.position is None
    assert list(subscriber) == []
    assert isinstance(Silent(), Silent)


def test_the_state_of_breakers_comes_first(desk: PublishedEvents) -> None:
    desk.active = [b'{"data":{"decision":"block"}}']
    desk.add("breaker", "old", lost=True)
    reader = Reader(desk, with_state=True)
    desk.beat()
    assert reader.read(1) == ["connected 0001 1"]
    item = reader.subscriber.next(timeout=10)
    assert isinstance(item, ActiveBreaker) and item.data["decision"] == "block"
    assert reader.read(1) == ["state 1"]
    desk.add("breaker", "new")
    assert reader.read(1) == ["breaker 2 new"]
    reader.subscriber.close()


def test_without_catch_up_gaps_are_gone(desk: PublishedEvents) -> None:
    reader = Reader(desk, catchup=None)
    desk.add("alert", "a")
    desk.add("alert", "b", lost=True)
    desk.add("alert", "c")
    assert reader.read(4) == ["connected 0001 1", "alert 1 a", "gone alert 2-2", "alert 3 c"]
    reader.subscriber.close()


def test_a_provisional_trip_is_in_no_stream(desk: PublishedEvents, reader: Reader) -> None:
    desk.provisional("soon")
    desk.add("breaker", "now")
    assert reader.read(3) == ["connected 0001 1", "breaker 0 soon", "breaker 1 now"]


def test_only_the_streams_asked_for(desk: PublishedEvents) -> None:
    reader = Reader(desk, streams=["breaker"])
    desk.add("alert", "a")
    desk.add("breaker", "b")
    desk.beat()
    assert reader.read(2) == ["connected 0001 1", "breaker 1 b"]
    reader.subscriber.close()
    with pytest.raises(ValueError):
        Subscriber(streams=["alerts"])  # type: ignore[list-item]


def test_nonsense_is_ignored(desk: PublishedEvents, reader: Reader) -> None:
    desk.raw(b"alert.x.", b"short", b"{}")
    desk.raw(b"hb", desk.header(0), b"[]")
    desk.raw(b"hb")
    desk.add("alert", "a")
    assert reader.read(2) == ["connected 0001 1", "alert 1 a"]


def test_an_abandoned_subscriber_does_not_hang() -> None:
    abandoned = Subscriber(*(f"tcp://127.0.0.1:{port}" for port in free_ports(2)))
    circle: list[object] = [abandoned]
    circle.append(circle)
    del abandoned, circle
    gc.collect()


def test_what_is_kept_ahead_of_a_gap_is_bounded() -> None:
    cursor = StreamCursor("alert")
    cursor.begin(1)
    for sequence in range(2, EARLY_MAX + 100):
        assert cursor.take(Delivery(sequence, 1, b"")) == []
    assert cursor.missing == (1, 1)
    assert len(cursor.take(Delivery(1, 1, b""))) == EARLY_MAX + 1
    assert cursor.missing == (EARLY_MAX + 2, EARLY_MAX + 99)
    cursor = StreamCursor("alert")
    cursor.begin(1)
    for sequence in range(2, 6):
        cursor.take(Delivery(sequence, 1, bytes(5 << 20)))
    assert len(cursor.take(Delivery(1, 1, b""))) == 4


class Log:
    """What a log publishes, for a `Reading` without sockets."""

    def __init__(self, first_byte: int, epoch: int = 1) -> None:
        self.log_id = bytes([first_byte]) * 16
        self.epoch = epoch

    def header(self, sequence: int) -> bytes:
        return sequence.to_bytes(8, "big") + self.epoch.to_bytes(8, "big") + self.log_id

    def event(self, sequence: int, topic: bytes = b"alert.x.") -> list[bytes]:
        return [topic, self.header(sequence), b"{}"]

    def beat(self, **heads: int) -> list[bytes]:
        body = {
            "log_id": self.log_id.hex(), "epoch": self.epoch, "heads": {stream: heads.get(stream, 0) for stream in STREAMS},
            "oldest": dict.fromkeys(STREAMS, 1), "mode": "normal"}
        return [b"hb", self.header(0), json.dumps(body).encode()]


def reading(**options: Any) -> Reading:
    given = {"start": "newest", "with_state": False, "can_fetch": True, "now": 0.0, **options}
    streams: list[Stream] = ["alert", "breaker"]
    return Reading(streams, **given)


def test_a_position_names_one_log_while_events_of_the_older_one_wait() -> None:
    old, new, made = Log(1), Log(2), reading()
    assert made.position is None
    made.take_live(old.beat(breaker=5), 0.0)
    made.take_live(old.event(1), 0.0)
    made.take_live(old.event(2), 0.0)
    made.take_live(new.beat(alert=1), 0.0)
    made.take_live(new.event(1), 0.0)
    seen: list[tuple[str, dict[Stream, int]]] = []
    while made.items:
        made.next_item()
        position = made.position
        assert position is not None
        seen.append((position.log_id[:2], dict(position.sequences)))
    assert seen == [
        ("01", {"breaker": 5}), ("01", {"breaker": 5, "alert": 1}), ("01", {"breaker": 5, "alert": 2}), ("02", {}),
        ("02", {"alert": 1})]
    # Two engines that publish to one subscriber.
    for log in (old, new, old):
        made.take_live(log.beat(), 1.0)
    while made.items:
        made.next_item()
    made.take_live(old.beat(alert=1), 1.0)
    assert made.position == Position("01" * 16, {})


def test_a_position_is_the_same_after_a_restart_without_events() -> None:
    log, saved = Log(1), Position("01" * 16, {"alert": 7, "breaker": 3})
    made = reading(start=saved)
    made.take_live(log.beat(alert=7, breaker=3), 0.0)
    assert isinstance(made.next_item(), Connected) and not made.items and made.position == saved
    # And of streams that brought nothing yet it says where they were begun: what is older was not asked for.
    made = reading()
    made.take_live(log.beat(alert=7, breaker=3), 0.0)
    assert isinstance(made.next_item(), Connected) and made.position == saved


def test_an_answer_of_the_predecessor_counts_for_nothing() -> None:
    for new in (Log(2), Log(1, epoch=2)):
        old, made = Log(1), reading(with_state=True)
        made.take_live(old.beat(breaker=9), 0.0)
        made.asked = made.next_request(0.0)
        assert made.asked is not None and made.asked.frames == [b"state"]
        made.take_live(new.beat(breaker=9), 1.0)
        made.take_reply([b"end", bytes(8), (9).to_bytes(8, "big")], 1.0)
        assert made.wants_answer and all(isinstance(item, Connected) for item in made.items)
        made.asked = None
        again = made.next_request(1.0)
        assert again is not None and again.frames == [b"state"], "the state of the new engine is not known yet"


def test_a_gap_is_filled_across_a_restart_on_the_same_log() -> None:
    before, after, made = Log(1), Log(1, epoch=2), reading()
    made.take_live(before.event(1), 0.0)
    made.take_live(before.event(3), 0.0)
    made.asked = made.next_request(0.0)
    assert made.asked is not None
    made.take_live(after.event(5), 1.0)
    made.asked = None
    for missing in (2, 4):
        made.asked = made.next_request(2.0)
        assert made.asked is not None and made.asked.frames[2:4] == [missing.to_bytes(8, "big")] * 2
        made.take_reply([b"event", after.header(missing), b"{}"], 2.0)
        made.take_reply([b"end", bytes(8), bytes(8)], 2.0)
    told_items = [made.next_item() for _ in range(len(made.items))]
    assert [item.sequence for item in told_items if isinstance(item, AlertEvent)] == [1, 2, 3, 4, 5]
    assert not made.wants_answer


def test_heartbeats_with_impossible_numbers_are_none() -> None:
    for head in ("Infinity", "-1", "1e400", "NaN", str(1 << 64), '"x"', "null"):
        body = f'{{"log_id":"00","epoch":1,"heads":{{"alert":{head}}},"oldest":{{}},"mode":"normal"}}'
        assert Heartbeat.read(body.encode()) is None, head
