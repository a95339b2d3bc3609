"""Against the real engine: what is sent is judged, and what is published is read. Needs `--kilter=PATH`."""

from __future__ import annotations

import time
from collections.abc import Callable

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.trace import Tracer

import kilter
from engine import Engine
from kilter import (
    AckedSpanExporter, AlertEvent, BreakerEvent, Connected, NoticeEvent, Patience, Silent, Subscriber, ZmqSpanExporter,
)

#: The same arguments to the engine, however they are written.
SPELLINGS = ['{"id": 7, "price": 1.50}', '{"price":1.5,"id":7}', ' {"id":7.0,"price":15e-1}', {"price": 1.5, "id": 7}]


def tracer(exporter: SpanExporter) -> Tracer:
    made = TracerProvider(resource=Resource.create({"service.name": "tests"}), shutdown_on_exit=False)
    made.add_span_processor(SimpleSpanProcessor(exporter))
    return made.get_tracer("tests")


def subscriber(engine: Engine, **options: float) -> Subscriber:
    made = Subscriber(engine.at["publish"], engine.at["catchup"], start="oldest", **options)  # type: ignore[arg-type]
    item = made.next(timeout=10)
    assert isinstance(item, Connected)
    return made


def alerts(reader: Subscriber, seconds: float, enough: Callable[[AlertEvent], bool]) -> list[AlertEvent]:
    """Alerts up to the first that is enough, or those that came in the time."""
    found: list[AlertEvent] = []
    limit = time.monotonic() + seconds
    while (left := limit - time.monotonic()) > 0:
        item = reader.next(timeout=left)
        if isinstance(item, AlertEvent):
            found.append(item)
            if enough(item):
                break
    return found


def is_critical(alert: AlertEvent) -> bool:
    return alert.data["severity"] == "critical"


def loop(maker: Tracer, calls: int, agent: str) -> None:
    with maker.start_as_current_span(f"invoke_agent {agent}", attributes={"gen_ai.agent.name": agent}):
        for number in range(calls):
            named = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "lookup", "gen_ai.agent.name": agent}
            with maker.start_as_current_span("execute_tool lookup", attributes=named):
                kilter.tool_call(arguments=SPELLINGS[number % len(SPELLINGS)], result="nothing found")


def test_hashes_are_compared_as_content_would_be(engine: Engine) -> None:
    exporter = ZmqSpanExporter(engine.at["pull"])
    with subscriber(engine) as reader:
        loop(tracer(exporter), 8, "looper")
        found = alerts(reader, 5, is_critical)
        assert [alert.data["severity"] for alert in found] == ["info", "warning", "critical"]
        last = found[-1].data
        assert (last["detector"], last["tier"], last["agent"]) == ("repeated_call", "identical_result", "looper")
        item = reader.next(timeout=5)
        assert isinstance(item, BreakerEvent) and item.data["decision"] == "allow" and item.data["mode"] == "shadow"
    exporter.shutdown()


def test_messages_between_agents_storm(engine: Engine) -> None:
    exporter = ZmqSpanExporter(engine.at["pull"])
    maker = tracer(exporter)
    with subscriber(engine) as reader:
        with maker.start_as_current_span("invoke_workflow news", attributes={"gen_ai.operation.name": "invoke_workflow"}):
            for _ in range(9):
                named = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "writer"}
                with maker.start_as_current_span("invoke_agent writer", attributes=named):
                    kilter.message("any news?", sender="editor")
        found = alerts(reader, 5, is_critical)
        assert found and {alert.data["detector"] for alert in found} == {"message_storm"}
    exporter.shutdown()


def test_a_drop_is_a_gap_to_the_engine(engine: Engine) -> None:
    exporter = ZmqSpanExporter(engine.at["pull"], compression="zstd")
    with subscriber(engine) as reader:
        maker = tracer(exporter)
        maker.start_span("one").end()
        maker.start_span("too large", attributes={"filling": "x" * (9 << 20)}).end()
        assert exporter.counts.dropped_spans == 1
        maker.start_span("two").end()
        item = reader.next(timeout=10)
        assert isinstance(item, NoticeEvent) and "1 messages of topic" in str(item.cloud_event)
    exporter.shutdown()


def test_an_engine_without_a_journal_is_fed_by_the_fallback(engine: Engine) -> None:
    exporter = AckedSpanExporter(
        engine.at["acked"], producer_id="tests", fallback=engine.at["pull"], patience=Patience(hello=0.5, not_durable=0.5))
    with subscriber(engine) as reader:
        loop(tracer(exporter), 8, "acked-looper")
        assert is_critical(alerts(reader, 5, is_critical)[-1])
        # An engine with a journal acknowledges instead, and then nothing takes the fallback.
        counts = exporter.counts
        assert counts.fallback_spans + counts.acknowledged_spans + counts.waiting_spans == 9
    exporter.shutdown()


def test_a_dead_engine_is_noticed_and_its_successor_too(engine: Engine) -> None:
    with subscriber(engine) as reader:
        engine.kill()
        assert isinstance(reader.next(timeout=10), Silent)
        engine.start()
        engine.wait_until_ready()
        assert isinstance(reader.next(timeout=10), Connected)


def test_missed_events_are_fetched(engine: Engine) -> None:
    exporter = ZmqSpanExporter(engine.at["pull"])
    with subscriber(engine) as reader:
        loop(tracer(exporter), 8, "looper")
        live = alerts(reader, 5, is_critical)
    with subscriber(engine) as late:
        fetched = alerts(late, 5, is_critical)
    assert [(a.sequence, a.body) for a in fetched] == [(a.sequence, a.body) for a in live] and len(live) == 3
    exporter.shutdown()

