from __future__ import annotations

import gc
import gzip
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence

import pytest
import zmq
import zstandard
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from engine import free_ports
from kilter import ZmqSpanExporter
from kilter.payloads import MESSAGE_BYTES_MAX, Compression, Payload, payloads

OK, FAILED = SpanExportResult.SUCCESS, SpanExportResult.FAILURE


class Pull:
    """The engine's side of the `pull` grade."""

    def __init__(self) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PULL)
        self.endpoint = f"tcp://127.0.0.1:{self._socket.bind_to_random_port('tcp://127.0.0.1')}"

    def receive(self, seconds: float = 10.0) -> tuple[str, int, bytes]:
        assert self._socket.poll(int(seconds * 1_000)), "nothing came"
        name, sequence, payload = self._socket.recv_multipart()
        return name.decode(), int.from_bytes(sequence, "big"), payload

    def close(self) -> None:
        self._context.destroy(linger=0)


@pytest.fixture
def pull() -> Iterator[Pull]:
    side = Pull()
    yield side
    side.close()


def spans(count: int, size: int = 0) -> list[ReadableSpan]:
    memory, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    for number in range(count):
        provider.get_tracer("tests").start_span(f"span {number}", attributes={"filling": "x" * size}).end()
    return list(memory.get_finished_spans())


def names(payload: bytes) -> list[str]:
    request = ExportTraceServiceRequest.FromString(payload)
    return [span.name for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]


def test_frames(pull: Pull) -> None:
    exporter = ZmqSpanExporter(pull.endpoint, suffix="mine")
    assert exporter.export(spans(2)) is OK and exporter.export(spans(1)) is OK and exporter.export([]) is OK
    assert [(topic, sequence, names(payload)) for topic, sequence, payload in (pull.receive(), pull.receive())] == [
        ("traces.otlp_proto.mine", 1, ["span 0", "span 1"]), ("traces.otlp_proto.mine", 2, ["span 0"])]
    assert exporter.force_flush() and exporter.counts.sent_spans == 3 and exporter.counts.dropped_spans == 0
    exporter.shutdown()
    assert exporter.export(spans(1)) is FAILED


def test_topics_of_several_publishers_differ(pull: Pull) -> None:
    exporters = [ZmqSpanExporter(pull.endpoint), ZmqSpanExporter(pull.endpoint), ZmqSpanExporter(pull.endpoint, suffix="")]
    for exporter in exporters:
        exporter.export(spans(1))
    topics = {pull.receive()[0] for _ in exporters}
    assert len(topics) == 3 and "traces.otlp_proto" in topics
    assert all(name.startswith("traces.otlp_proto") for name in topics)
    for exporter in exporters:
        exporter.shutdown()


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_compression(pull: Pull, compression: Compression) -> None:
    exporter = ZmqSpanExporter(pull.endpoint, compression=compression)
    exporter.export(spans(1))
    payload = pull.receive()[2]
    plain = gzip.decompress(payload) if compression == "gzip" else zstandard.ZstdDecompressor().decompress(payload)
    assert names(plain) == ["span 0"]
    exporter.shutdown()
    with pytest.raises(ValueError):
        ZmqSpanExporter(pull.endpoint, compression="lz4")  # type: ignore[arg-type]


def test_large_batches_are_split_and_a_span_beyond_is_dropped_with_a_gap(pull: Pull) -> None:
    exporter = ZmqSpanExporter(pull.endpoint)
    batch = [*spans(3, size=4 << 20), *spans(1, size=9 << 20), *spans(1)]
    assert exporter.export(batch) is FAILED
    got = [pull.receive() for _ in range(4)]
    assert [sequence for _, sequence, _ in got] == [1, 2, 3, 5]
    assert all(len(payload) < MESSAGE_BYTES_MAX for *_, payload in got)
    assert [name for *_, payload in got for name in names(payload)] == ["span 0", "span 1", "span 2", "span 0"]
    assert exporter.counts.dropped_spans == exporter.counts.dropped_messages == 1
    exporter.shutdown()


def test_a_span_that_otlp_cannot_express_goes_alone(pull: Pull, caplog: pytest.LogCaptureFixture) -> None:
    memory, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    for name in ("a", "caf\udce9", "b"):
        provider.get_tracer("tests").start_span(name).end()
    exporter = ZmqSpanExporter(pull.endpoint)
    assert exporter.export(memory.get_finished_spans()) is FAILED
    got = [pull.receive(), pull.receive()]
    assert [(sequence, names(payload)) for _, sequence, payload in got] == [(1, ["a"]), (3, ["b"])]
    assert exporter.counts.sent_spans == 2 and exporter.counts.dropped_spans == 1 and "caf" not in caplog.text
    exporter.shutdown()


def test_what_comes_during_the_shutdown_is_counted(pull: Pull, monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = ZmqSpanExporter(pull.endpoint)

    def slowly(spans: Sequence[ReadableSpan], compression: Compression | None) -> Iterator[Payload]:
        exporter.shutdown()
        return payloads(spans, compression)

    monkeypatch.setattr("kilter.push.payloads", slowly)
    assert exporter.export(spans(2)) is FAILED and exporter.export(spans(1)) is FAILED
    assert exporter.counts.dropped_spans == 3 and exporter.counts.sent_spans == 0


def test_without_an_engine_the_queue_fills_and_drops_are_gaps() -> None:
    (port,) = free_ports(1)
    exporter = ZmqSpanExporter(f"tcp://127.0.0.1:{port}", queue_messages=5, linger_ms=0)
    results = [exporter.export(spans(1)) for _ in range(8)]
    assert results == [OK] * 5 + [FAILED] * 3
    assert exporter.counts.dropped_messages == 3 and exporter.force_flush(timeout_millis=20) is False
    context = zmq.Context()
    engine = context.socket(zmq.PULL)
    engine.bind(f"tcp://127.0.0.1:{port}")
    assert exporter.force_flush(timeout_millis=10_000)
    assert exporter.export(spans(1)) is OK
    sequences: list[int] = []
    while len(sequences) < 6:
        assert engine.poll(10_000)
        sequences.append(int.from_bytes(engine.recv_multipart()[1], "big"))
    assert sequences == [1, 2, 3, 4, 5, 9]
    exporter.shutdown()
    context.destroy(linger=0)


def test_the_queue_is_bounded_in_bytes() -> None:
    (port,) = free_ports(1)
    exporter = ZmqSpanExporter(f"tcp://127.0.0.1:{port}", queue_bytes=1 << 20, linger_ms=0)
    results = [exporter.export(spans(1, size=300_000)) for _ in range(5)]
    assert results == [OK] * 3 + [FAILED] * 2
    exporter.shutdown()


def test_shutdown_lets_the_queue_leave_but_not_for_long(pull: Pull) -> None:
    exporter = ZmqSpanExporter(pull.endpoint, linger_ms=5_000)
    exporter.export(spans(1))
    exporter.shutdown()
    assert pull.receive()[1] == 1
    (port,) = free_ports(1)
    exporter = ZmqSpanExporter(f"tcp://127.0.0.1:{port}", linger_ms=50)
    exporter.export(spans(1))
    closing = threading.Thread(target=exporter.shutdown, daemon=True)
    closing.start()
    closing.join(timeout=10)
    assert not closing.is_alive(), "shutdown waits for an engine that never comes"


def test_an_abandoned_exporter_does_not_hang() -> None:
    (port,) = free_ports(1)
    abandoned = ZmqSpanExporter(f"tcp://127.0.0.1:{port}", linger_ms=50)
    abandoned.export(spans(1))
    circle: list[object] = [abandoned]
    circle.append(circle)
    del abandoned, circle
    gc.collect()


def test_threads_share_an_exporter(pull: Pull) -> None:
    exporter = ZmqSpanExporter(pull.endpoint)
    one = spans(1)
    threads = [threading.Thread(target=lambda: [exporter.export(one) for _ in range(100)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert [pull.receive()[1] for _ in range(400)] == list(range(1, 401))
    for thread in threads:
        thread.join()
    exporter.shutdown()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_publishes_on_its_own(pull: Pull) -> None:
    exporter = ZmqSpanExporter(pull.endpoint)
    one = spans(1)
    assert exporter.export(one) is OK
    parent = pull.receive()
    stop = threading.Event()
    busy = threading.Thread(target=lambda: [exporter.counts for _ in iter(lambda: stop.is_set(), True)])
    busy.start()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            ok = exporter.export(one) is OK and exporter.force_flush(5_000)
            exporter.shutdown()
            status = 0 if ok else 2
        finally:
            sys.stdout.flush()
            os._exit(status)
    stop.set()
    busy.join()
    limit = time.monotonic() + 20
    while (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
        assert time.monotonic() < limit, "the child does not end"
        time.sleep(0.005)
    assert os.waitstatus_to_exitcode(ended[1]) == 0
    topic, sequence, _ = pull.receive()
    assert topic != parent[0] and sequence == 1
    assert exporter.export(one) is OK
    assert pull.receive()[:2] == (parent[0], 2)
    exporter.shutdown()
