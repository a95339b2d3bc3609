from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

import kilter
from kilter import Fingerprinter

MAKER = Fingerprinter("a key for these tests")


@pytest.fixture
def tracer(provider: TracerProvider, memory: InMemorySpanExporter) -> Tracer:
    provider.add_span_processor(SimpleSpanProcessor(memory))
    return provider.get_tracer("tests")


def attributes(memory: InMemorySpanExporter) -> Mapping[str, Any]:
    (span,) = memory.get_finished_spans()
    memory.clear()
    return span.attributes or {}


def test_a_call_is_marked(tracer: Tracer, memory: InMemorySpanExporter) -> None:
    with tracer.start_as_current_span("execute_tool lookup"):
        kilter.tool_call(arguments={"id": 7}, result="nothing found", fingerprinter=MAKER)
    found = attributes(memory)
    arguments, result = MAKER.fingerprint('{"id": 7.0}'), MAKER.fingerprint("nothing found")
    assert arguments is not None and result is not None
    assert found == {
        "kilter.tool.args_hash": arguments.hash, "kilter.tool.args_chars": 8,
        "kilter.tool.result_hash": result.hash, "kilter.tool.result_chars": 13}


def test_what_is_absent_or_unknown_is_not_set(tracer: Tracer, memory: InMemorySpanExporter) -> None:
    with tracer.start_as_current_span("a") as span:
        kilter.tool_call(span, arguments="__REDACTED__", fingerprinter=MAKER)
    assert attributes(memory) == {}
    with tracer.start_as_current_span("b") as span:
        kilter.tool_call(span, arguments=None, fingerprinter=MAKER)
    assert set(attributes(memory)) == {"kilter.tool.args_hash", "kilter.tool.args_chars"}
    kilter.tool_call(arguments=1)  # no span is current: nothing happens


def test_messages(tracer: Tracer, memory: InMemorySpanExporter) -> None:
    with tracer.start_as_current_span("send"):
        kilter.message("any news?", sender="planner", fingerprinter=MAKER)
    assert attributes(memory) == {
        "kilter.message.sha256": MAKER.message("any news?").hash, "kilter.message.chars": 9,
        "kilter.sender.name": "planner"}


def test_the_decorator_starts_a_span(tracer: Tracer, memory: InMemorySpanExporter) -> None:
    @kilter.traced_tool(tracer=tracer, fingerprinter=MAKER)
    def lookup(id: int, deep: bool = False) -> str:
        return "nothing"

    assert lookup(7) == "nothing"
    first = attributes(memory)
    lookup(deep=False, id=7)
    assert attributes(memory) == first
    assert first["gen_ai.operation.name"] == "execute_tool" and first["gen_ai.tool.name"] == "lookup"
    lookup(8)
    second = attributes(memory)
    assert second["kilter.tool.args_hash"] != first["kilter.tool.args_hash"]
    assert second["kilter.tool.result_hash"] == first["kilter.tool.result_hash"]


def test_the_bare_decorator_marks_the_current_span(tracer: Tracer, memory: InMemorySpanExporter) -> None:
    class Tools:
        @kilter.traced_tool
        async def lookup(self, id: int) -> None:
            return None

    with tracer.start_as_current_span("mine"):
        asyncio.run(Tools().lookup(7))
    found = attributes(memory)
    assert set(found) == {f"kilter.tool.{side}_{what}" for side in ("args", "result") for what in ("hash", "chars")}
    assert found["kilter.tool.args_chars"] == len('{"id":7}') and found["kilter.tool.result_chars"] == 0


def test_a_failing_tool_fails(tracer: Tracer, memory: InMemorySpanExporter) -> None:
    @kilter.traced_tool(tracer=tracer, name="other")
    def lookup(id: int) -> str:
        raise LookupError("no such id")

    with pytest.raises(LookupError):
        lookup(7)
    found = attributes(memory)
    assert found["error.type"] == "LookupError" and found["gen_ai.tool.name"] == "other"
    assert "kilter.tool.args_hash" in found and "kilter.tool.result_hash" not in found
    with pytest.raises(TypeError):
        lookup()  # type: ignore[call-arg]
