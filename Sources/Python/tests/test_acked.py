from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import zmq
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from acked_peer import AckedPeer
from engine import free_ports, wait_for
from kilter import AckedSpanExporter, Patience
from kilter.payloads import Compression, Payload, payloads

OK, FAILED = SpanExportResult.SUCCESS, SpanExportResult.FAILURE
QUICK = Patience(hello=0.2, acknowledgement=0.3, not_durable=0.1)

Make = Callable[..., AckedSpanExporter]


@pytest.fixture
def peer() -> Iterator[AckedPeer]:
    side = AckedPeer()
    yield side
    side.stop()


@pytest.fixture
def make(peer: AckedPeer) -> Iterator[Make]:
    made: list[AckedSpanExporter] = []

    def exporter(**options: Any) -> AckedSpanExporter:
        given = {"producer_id": "tests", "patience": QUICK, "shutdown_seconds": 0.05, **options}
        made.append(AckedSpanExporter(peer.endpoint, **given))
        return made[-1]

    yield exporter
    for one in made:
        one.shutdown()


def span(name: str) -> list[ReadableSpan]:
    memory, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    provider.get_tracer("tests").start_span(name).end()
    return list(memory.get_finished_spans())


def export(exporter: AckedSpanExporter, *names: str) -> None:
    for name in names:
        assert exporter.export(span(name)) is OK


def many(count: int, first: int = 0) -> list[str]:
    return [f"span {number}" for number in range(first, first + count)]


def test_everything_is_acknowledged_in_order(peer: AckedPeer, make: Make) -> None:
    exporter = make()
    export(exporter, *many(100))
    assert exporter.force_flush(10_000)
    assert peer.names("tests") == many(100) and peer.hellos == 1
    assert exporter.counts.acknowledged_spans == 100 and exporter.counts.waiting_spans == 0


def test_a_credit_of_one(peer: AckedPeer, make: Make) -> None:
    peer.credit = 1
    exporter = make()
    export(exporter, *many(20))
    assert exporter.force_flush(10_000)
    assert peer.names("tests") == many(20) and peer.most_unacknowledged == 1


def test_an_engine_that_comes_later(peer: AckedPeer, make: Make) -> None:
    peer.stop()
    exporter = make()
    export(exporter, *many(5))
    assert exporter.force_flush(100) is False
    peer.start()
    assert exporter.force_flush(10_000) and peer.names("tests") == many(5)


def test_lost_acknowledgements(peer: AckedPeer, make: Make) -> None:
    peer.faults.acks_lost = 7
    exporter = make()
    export(exporter, *many(7))
    assert exporter.force_flush(10_000)
    assert peer.names("tests") == many(7), "durable messages that come again have no effect"
    assert exporter.counts.acknowledged_spans == 7


def test_repeated_acknowledgements(peer: AckedPeer, make: Make) -> None:
    peer.faults.repeat_acks = True
    exporter = make()
    export(exporter, *many(30))
    assert exporter.force_flush(10_000) and peer.names("tests") == many(30)


def test_a_gap(peer: AckedPeer, make: Make) -> None:
    exporter = make()
    export(exporter, *many(2))
    assert exporter.force_flush(10_000)
    peer.faults.data_lost = 2
    export(exporter, *many(10, first=2))
    assert exporter.force_flush(10_000) and peer.names("tests") == many(12)


def test_a_gap_at_the_end(peer: AckedPeer, make: Make) -> None:
    exporter = make()
    export(exporter, *many(1))
    assert exporter.force_flush(10_000)
    peer.faults.data_lost = 1
    export(exporter, *many(1, first=1))
    assert exporter.force_flush(10_000) and peer.names("tests") == many(2) and peer.hellos == 2


def test_a_restart_of_the_engine(peer: AckedPeer, make: Make) -> None:
    exporter = make()
    export(exporter, *many(10))
    assert exporter.force_flush(10_000)
    peer.faults.acks_lost = 3
    export(exporter, *many(3, first=10))
    wait_for(lambda: peer.faults.acks_lost == 0, "three messages")
    peer.stop()
    export(exporter, *many(10, first=13))
    peer.start()
    assert exporter.force_flush(10_000) and peer.names("tests") == many(23)
    assert exporter.counts.acknowledged_spans == 23 and exporter.counts.sessions >= 2


def test_an_engine_that_asks_for_hello(peer: AckedPeer, make: Make) -> None:
    exporter = make(patience=Patience(hello=20, acknowledgement=20))
    export(exporter, *many(1))
    assert exporter.force_flush(10_000)
    peer.forget_connections()
    export(exporter, *many(5, first=1))
    assert exporter.force_flush(10_000), "without a hello at its request this would take 20 s"
    assert peer.names("tests") == many(6) and peer.hellos == 2


def test_a_newer_connection_of_the_same_producer_takes_over(peer: AckedPeer, make: Make) -> None:
    first = make()
    export(first, *many(3))
    assert first.force_flush(10_000)
    second = make()
    export(second, *many(3, first=3))
    assert second.force_flush(10_000) and peer.names("tests") == many(6)
    export(first, *many(1, first=6))
    assert first.force_flush(10_000) and peer.names("tests") == many(7)


def test_a_new_life_goes_on_where_the_old_one_ended(peer: AckedPeer, make: Make) -> None:
    first = make()
    export(first, *many(3))
    first.force_flush(10_000)
    first.shutdown()
    second = make()
    export(second, *many(2, first=3))
    assert second.force_flush(10_000) and peer.names("tests") == many(5) and peer.last[b"tests"] == 5


def test_an_engine_whose_journal_was_lost(peer: AckedPeer, make: Make) -> None:
    exporter = make()
    export(exporter, *many(3))
    assert exporter.force_flush(10_000)
    peer.stop()
    peer.last.clear()
    peer.journal.clear()
    peer.start()
    export(exporter, *many(3, first=3))
    assert exporter.force_flush(10_000) and peer.names("tests") == many(3, first=3)
    assert exporter.counts.rewinds == 1


def test_quarantined_messages(peer: AckedPeer, make: Make) -> None:
    peer.faults.quarantine = {2, 3}
    exporter = make()
    export(exporter, *many(4))
    assert exporter.force_flush(10_000) and peer.names("tests") == ["span 0", "span 3"]
    assert exporter.counts.rejected_spans == 2 and exporter.counts.rejections == ((2, "malformed"), (3, "malformed"))


def test_a_full_outbox_refuses(peer: AckedPeer, make: Make) -> None:
    peer.stop()
    exporter = make(outbox_messages=2)
    assert [exporter.export(span("x")) for _ in range(4)] == [OK, OK, FAILED, FAILED]
    assert exporter.counts.dropped_spans == 2 and exporter.counts.waiting_spans == 2
    peer.start()
    assert exporter.force_flush(10_000)


def test_without_a_journal_export_fails(peer: AckedPeer, make: Make) -> None:
    peer.faults.not_durable = True
    exporter = make()
    export(exporter, "kept")
    assert exporter.force_flush(10_000) is False
    assert exporter.export(span("dropped")) is FAILED
    peer.faults.not_durable = False
    wait_for(lambda: peer.names("tests") == ["kept"], "the message that waited")
    export(exporter, "after")
    assert exporter.force_flush(10_000) and peer.names("tests") == ["kept", "after"]


def test_without_a_journal_spans_take_the_fallback(peer: AckedPeer, make: Make) -> None:
    context = zmq.Context()
    pull = context.socket(zmq.PULL)
    port = pull.bind_to_random_port("tcp://127.0.0.1")
    peer.faults.not_durable = True
    exporter = make(fallback=f"tcp://127.0.0.1:{port}")
    export(exporter, "early")
    assert exporter.force_flush(10_000)
    export(exporter, "late")
    for sequence in (1, 2):
        assert pull.poll(10_000)
        name, number, _ = pull.recv_multipart()
        assert name == b"traces.otlp_proto" and int.from_bytes(number, "big") == sequence
    assert exporter.counts.fallback_spans == 2
    peer.faults.not_durable = False

    def is_durable_again() -> bool:
        export(exporter, "again")
        return exporter.counts.acknowledged_spans > 0

    wait_for(is_durable_again, "the journal to be used")
    context.destroy(linger=0)


def test_shutdown_is_bounded_and_final(make: Make, peer: AckedPeer) -> None:
    peer.stop()
    exporter = make(shutdown_seconds=0.1)
    export(exporter, "lost")
    began = time.monotonic()
    exporter.shutdown()
    assert time.monotonic() - began < 5 and exporter.counts.waiting_spans == 1
    assert exporter.export(span("x")) is FAILED
    peer.start()


def test_what_comes_during_the_shutdown_is_counted(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = make()

    def slowly(spans: Sequence[ReadableSpan], compression: Compression | None) -> Iterator[Payload]:
        exporter.shutdown()
        return payloads(spans, compression)

    monkeypatch.setattr("kilter.acked.payloads", slowly)
    assert exporter.export(span("late")) is FAILED and exporter.export(span("later")) is FAILED
    assert exporter.counts.dropped_spans == 2 and exporter.counts.waiting_spans == 0


def test_a_session_that_breaks_is_followed_by_another(
    peer: AckedPeer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter, whole, broken = make(), AckedSpanExporter._take, [True]

    def take(self: AckedSpanExporter, socket: Any) -> float | None:
        if broken.pop() if broken else False:
            raise IndexError
        return whole(self, socket)

    monkeypatch.setattr(AckedSpanExporter, "_take", take)
    export(exporter, *many(3))
    assert exporter.force_flush(10_000) and peer.names("tests") == many(3) and not broken


def test_ids_of_forked_children_fit(make: Make) -> None:
    exporter = make(producer_id="é" * 127)
    for _ in range(3):
        exporter._forget()
        assert exporter._producer_id.startswith("é" * 100) and exporter._producer_id.endswith(f"é/{os.getpid()}")
        assert len(exporter._producer_id.encode()) <= 255


def test_producer_ids() -> None:
    for name in ("", "x" * 256):
        with pytest.raises(ValueError):
            AckedSpanExporter(f"tcp://127.0.0.1:{free_ports(1)[0]}", producer_id=name)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_is_a_producer_of_its_own(peer: AckedPeer, make: Make) -> None:
    exporter = make()
    export(exporter, "parent")
    assert exporter.force_flush(10_000)
    ready = span("child")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if exporter.export(ready) is OK and exporter.force_flush(10_000) else 2
            exporter.shutdown()
        finally:
            os._exit(status)
    limit = time.monotonic() + 20
    while (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
        assert time.monotonic() < limit, "the child does not end"
        time.sleep(0.005)
    assert os.waitstatus_to_exitcode(ended[1]) == 0
    assert peer.names(f"tests/{child}") == ["child"]
    export(exporter, "parent again")
    assert exporter.force_flush(10_000) and peer.names("tests") == ["parent", "parent again"]
