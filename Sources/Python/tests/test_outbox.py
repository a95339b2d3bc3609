"""The `acked` protocol as the contract states it, message by message."""

from __future__ import annotations

import random

from kilter.outbox import Answer, Outbox
from kilter.payloads import sequence_frame


def outbox(count: int = 0, messages_max: int = 100, bytes_max: int = 1_000) -> Outbox:
    made = Outbox(messages_max, bytes_max)
    for number in range(count):
        assert made.add(b"t", b"%d" % number, 1)
    return made


def answer(word: str, sequence: int, credit: int) -> list[bytes]:
    return [word.encode(), sequence_frame(sequence), credit.to_bytes(4, "big")]


def sent(made: Outbox) -> list[tuple[int, bytes]]:
    """What is sent now: sequences and payloads."""
    out = []
    while (frames := made.next_frames()) is not None:
        assert frames[0] == b"t" and len(frames[1]) == 8
        out.append((int.from_bytes(frames[1], "big"), frames[2]))
    return out


def test_nothing_is_sent_before_ready() -> None:
    made = outbox(2)
    assert sent(made) == []
    assert made.take(answer("ready", 0, 10)) is Answer.READY
    assert sent(made) == [(1, b"0"), (2, b"1")] and sent(made) == []


def test_sequences_go_on_from_an_earlier_life() -> None:
    made = outbox(2)
    made.take(answer("ready", 41, 10))
    assert sent(made) == [(42, b"0"), (43, b"1")]
    assert made.take(answer("ack", 43, 10)) is Answer.PROGRESS and len(made) == 0 and made.acknowledged_spans == 2


def test_credit() -> None:
    made = outbox(4)
    made.take(answer("ready", 0, 1))
    assert sent(made) == [(1, b"0")]
    made.take(answer("ack", 1, 2))
    assert sent(made) == [(2, b"1"), (3, b"2")]
    made.take(answer("ack", 2, 0))
    assert sent(made) == []
    assert made.take(answer("ack", 2, 3)) is Answer.PROGRESS
    assert sent(made) == [(4, b"3")]


def test_repeated_and_old_acknowledgements_change_nothing() -> None:
    made = outbox(3)
    made.take(answer("ready", 0, 10))
    sent(made)
    made.take(answer("ack", 2, 10))
    assert made.take(answer("ack", 2, 10)) is Answer.NOTHING and made.take(answer("ack", 1, 10)) is Answer.NOTHING
    assert len(made) == 1


def test_acknowledging_what_was_never_sent_is_confusion() -> None:
    made = outbox(3)
    made.take(answer("ready", 0, 1))
    sent(made)
    assert made.take(answer("ack", 2, 1)) is Answer.CONFUSED
    assert made.take([b"nack", sequence_frame(3), b"?"]) is Answer.CONFUSED and len(made) == 3


def test_after_lost_acknowledgements_only_the_rest_is_sent_again() -> None:
    made = outbox(3)
    made.take(answer("ready", 0, 10))
    sent(made)
    made.disconnect()
    assert made.take(answer("ack", 1, 10)) is Answer.NOTHING, "of an older connection"
    made.take(answer("ready", 2, 10))
    assert sent(made) == [(3, b"2")] and made.acknowledged_spans == 2


def test_a_gap_is_filled_once() -> None:
    made = outbox(5)
    made.take(answer("ready", 0, 10))
    sent(made)
    assert made.take(answer("ready", 1, 10)) is Answer.READY
    assert [sequence for sequence, _ in sent(made)] == [2, 3, 4, 5]
    # The other messages behind the gap are answered too, after they were sent again.
    assert made.take(answer("ready", 1, 10)) is Answer.NOTHING and sent(made) == []
    made.take(answer("ack", 4, 10))
    assert made.take(answer("ready", 4, 10)) is Answer.READY
    assert [sequence for sequence, _ in sent(made)] == [5]


def test_a_gap_at_the_very_start_is_filled() -> None:
    made = outbox(2)
    made.take(answer("ready", 0, 10))
    sent(made)
    assert made.take(answer("ready", 0, 10)) is Answer.READY and [sequence for sequence, _ in sent(made)] == [1, 2]


def test_an_engine_that_forgot_the_connection_is_greeted_once() -> None:
    made = outbox(2)
    made.take(answer("ready", 0, 10))
    sent(made)
    assert made.take([b"hello"]) is Answer.SAY_HELLO and sent(made) == []
    assert made.take([b"hello"]) is Answer.NOTHING, "one for each message that was on its way"
    made.take(answer("ready", 0, 10))
    assert len(sent(made)) == 2


def test_a_quarantined_message_counts_as_acknowledged() -> None:
    made = outbox(3)
    made.take(answer("ready", 0, 2))
    sent(made)
    assert made.take([b"nack", sequence_frame(2), b"malformed"]) is Answer.PROGRESS
    assert made.unacknowledged == 1 and len(made) == 3 and sent(made) == [(3, b"2")]
    assert made.take([b"nack", sequence_frame(2), b"malformed"]) is Answer.NOTHING
    made.take([b"nack", sequence_frame(1), b"too large"])
    assert len(made) == 1 and made.rejected == [(2, "malformed"), (1, "too large")] and made.rejected_spans == 2
    made.take(answer("ack", 3, 2))
    assert made.acknowledged_spans == 1 and len(made) == 0


def test_an_engine_without_a_journal() -> None:
    made = outbox(3)
    assert made.take([b"nack", sequence_frame(0), b"not durable"]) is Answer.NOT_DURABLE
    assert [one.data for one in made.take_all()] == [b"0", b"1", b"2"] and len(made) == 0
    made.add(b"t", b"3", 1)
    made.take(answer("ready", 7, 1))
    assert sent(made) == [(8, b"3")]


def test_an_engine_that_lost_its_journal_gets_what_waits() -> None:
    made = outbox(3)
    made.take(answer("ready", 10, 10))
    sent(made)
    made.take(answer("ack", 12, 10))
    made.disconnect()
    made.take(answer("ready", 0, 10))
    assert sent(made) == [(1, b"2")] and made.rewinds == 1


def test_numbers_of_somebody_else_acknowledge_nothing() -> None:
    made = outbox(3)
    made.take(answer("ready", 0, 1))
    assert sent(made) == [(1, b"0")]
    made.disconnect()
    made.take(answer("ready", 3, 10))
    assert sent(made) == [(4, b"0"), (5, b"1"), (6, b"2")]


def test_bounds() -> None:
    made = outbox(0, messages_max=2)
    assert [made.add(b"t", b"x", 1) for _ in range(3)] == [True, True, False]
    made = outbox(0, bytes_max=5)
    assert [made.add(b"t", b"xxx", 1), made.add(b"t", b"xxx", 1), made.add(b"t", b"xx", 1)] == [True, False, True]
    assert outbox(0, bytes_max=5).add(b"t", b"x" * 9, 1), "one message always fits"


def test_nonsense_is_ignored() -> None:
    made = outbox(1)
    made.take(answer("ready", 0, 1))
    words: list[list[bytes]] = [
        [], [b""], [b"ready"], [b"ready", b"1", b"2"], [b"ack", bytes(8)], [b"nack", bytes(7), b"x"], [b"hello", b"x"]]
    for frames in words:
        assert made.take(frames) is Answer.NOTHING
    assert sent(made) == [(1, b"0")]


def test_whatever_gets_lost_everything_arrives_in_order() -> None:
    """A model of the engine behind a line that loses, restarts and repeats."""
    for seed in range(200):
        chance = random.Random(seed)
        made, durable, stored = outbox(), 0, list[bytes]()
        connected, added = False, 0
        for _ in range(10_000):
            if added < 30 and chance.random() < 0.5:
                added += made.add(b"t", b"%d" % added, 1)
            if not connected:
                made.disconnect()
                made.take(answer("ready", durable, chance.randint(1, 4)))
                connected = True
            for sequence, data in sent(made):
                if chance.random() < 0.1:
                    connected = False  # lost with its connection
                    break
                if sequence == durable + 1:
                    durable, stored = sequence, [*stored, data]
                elif sequence > durable + 1:
                    made.take(answer("ready", durable, 3))
                    break
                if chance.random() < 0.7:
                    made.take(answer("ack", durable, chance.randint(1, 4)))
            if made.unacknowledged and chance.random() < 0.2:
                connected = False
            if added == 30 and len(made) == 0:
                break
        assert stored == [b"%d" % number for number in range(30)], seed
        assert made.acknowledged_spans == 30
