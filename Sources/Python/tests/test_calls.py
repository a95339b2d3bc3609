from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode, Tracer

import kilter
from kilter import Fingerprinter

MAKER = Fingerprinter("a key for these tests")
SECRET = "4111-1111-1111-1111"


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


def test_nothing_of_arguments_results_or_errors_leaves(tracer: Tracer, memory: InMemorySpanExporter) -> None:
    @kilter.traced_tool(tracer=tracer, fingerprinter=MAKER)
    def pay(card: str, *, fail: bool = False) -> str:
        try:
            if fail:
                raise LookupError(f"no account of {card}")
        except LookupError as error:
            raise ValueError(f"card {card} refused") from error
        return f"paid with {card}"

    @kilter.traced_tool(tracer=tracer, name="later", fingerprinter=MAKER)
    async def later(card: str) -> str:
        raise ValueError(f"card {card} refused")

    pay(SECRET)
    with pytest.raises(ValueError, match=SECRET):
        pay(SECRET, fail=True)
    with pytest.raises(ValueError, match=SECRET):
        asyncio.run(later(SECRET))
    spans = memory.get_finished_spans()
    assert SECRET not in "".join(span.to_json() for span in spans) + str(encode_spans(spans))
    assert spans[0].status.status_code is StatusCode.UNSET
    for span in spans[1:]:
        assert span.status.status_code is StatusCode.ERROR and span.status.description is None and span.events == ()
        assert span.attributes is not None and span.attributes["error.type"] == "ValueError"
        # As the redacting exporter writes it, so that equal errors stay equal whichever way they come.
        assert span.attributes["error.message"] == MAKER.error(f"card {SECRET} refused")


def test_an_exception_comes_out_as_it_went_in(tracer: Tracer, memory: InMemorySpanExporter) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    @kilter.traced_tool(tracer=tracer, name="raise_it", fingerprinter=MAKER)
    def raise_it(error: BaseException) -> None:
        raise error

    no_utf8 = FileNotFoundError(os.fsdecode(b"/data/caf\xe9.txt"))
    for error in (Mute(), no_utf8, StopIteration(7), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught:
            raise_it(error)
        assert caught.value is error
    mute, path, stop, interrupt = memory.get_finished_spans()
    assert mute.attributes is not None and str(mute.attributes["error.type"]).endswith("Mute")
    assert "error.message" not in mute.attributes
    assert path.attributes is not None and len(str(path.attributes["error.message"])) == 32
    assert stop.status.status_code is StatusCode.ERROR and interrupt.events == ()


def test_a_key_that_is_none_does_not_fail_the_tool(
    tracer: Tracer, memory: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("kilter.fingerprints._of_process", None)
    monkeypatch.setenv("KILTER_FINGERPRINT_KEY", "too short")

    @kilter.traced_tool(tracer=tracer)
    def lookup(id: int) -> str:
        return "nothing"

    assert lookup(1) == lookup(2) == "nothing"
    assert [record.levelname for record in caplog.records] == ["ERROR"] and "too short" not in caplog.text
