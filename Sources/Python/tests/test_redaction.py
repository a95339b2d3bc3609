from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Status, StatusCode

import kilter
from kilter import Fingerprinter, FingerprintingExporter, FingerprintProcessor

KEY = "a key for these tests"
SECRET = "4111 1111 1111 1111"
ARGUMENTS, RESULT = json.dumps({"card": SECRET}), f"no account for {SECRET}"


def hash_of(value: object) -> str:
    made = Fingerprinter(KEY).fingerprint(value)
    assert made is not None
    return made.hash


def exported(name: str, attributes: Mapping[str, Any], **options: Any) -> Mapping[str, Any]:
    """The attributes of a span as they leave."""
    memory, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(FingerprintingExporter(memory, key=KEY, **options)))
    provider.get_tracer("tests").start_span(name, attributes=attributes).end()
    return memory.get_finished_spans()[0].attributes or {}


@pytest.mark.parametrize(("dialect", "kind", "arguments", "result"), [
    ("otel", {"gen_ai.operation.name": "execute_tool"}, "gen_ai.tool.call.arguments", "gen_ai.tool.call.result"),
    ("openinference", {"openinference.span.kind": "TOOL"}, "input.value", "output.value"),
    ("openllmetry", {"traceloop.span.kind": "tool"}, "traceloop.entity.input", "traceloop.entity.output"),
    ("mcp", {"mcp.method.name": "tools/call"}, "mcp.request.argument", "mcp.response.value"),
    ("bare", {"gen_ai.tool.name": "pay"}, "gen_ai.tool.input", "gen_ai.tool.output"),
    ("vercel", {"ai.operationId": "ai.toolCall"}, "ai.toolCall.args", "ai.toolCall.result"),
    ("google", {"gen_ai.tool.name": "pay"}, "gcp.vertex.agent.tool_call_args", "gcp.vertex.agent.tool_response"),
    ("langfuse", {"langfuse.observation.type": "tool"}, "langfuse.observation.input", "langfuse.observation.output"),
    ("langsmith", {"langsmith.span.kind": "tool"}, "gen_ai.prompt", "gen_ai.completion"),
    ("agentops", {"agentops.span.kind": "tool"}, "agentops.entity.input", "tool.result"),
])
def test_tool_content_becomes_fingerprints(dialect: str, kind: dict[str, str], arguments: str, result: str) -> None:
    found = exported("pay", {**kind, arguments: ARGUMENTS, result: RESULT})
    assert found == {
        **kind, "kilter.tool.args_hash": hash_of({"card": SECRET}), "kilter.tool.args_chars": len(ARGUMENTS),
        "kilter.tool.result_hash": hash_of(RESULT), "kilter.tool.result_chars": len(RESULT)}


def test_precedence_is_the_engines() -> None:
    found = exported("pay", {
        "gen_ai.operation.name": "execute_tool", "traceloop.entity.input": "3", "input.value": "2",
        "gen_ai.tool.input": "1", "gen_ai.tool.call.arguments": "0"})
    assert found["kilter.tool.args_hash"] == hash_of(0)
    found = exported("pay", {"traceloop.span.kind": "tool", "traceloop.entity.input": "3", "input.value": "2"})
    assert found["kilter.tool.args_hash"] == hash_of(2)


def test_parameters_are_arguments_unless_they_define() -> None:
    kind = {"openinference.span.kind": "TOOL"}
    assert exported("a", {**kind, "tool.parameters": '{"id": 7}'})["kilter.tool.args_hash"] == hash_of({"id": 7})
    schema = '{"type": "object", "properties": {}}'
    assert exported("a", {**kind, "tool.parameters": schema}) == kind


def test_what_a_span_says_itself_stays() -> None:
    given = {"gen_ai.operation.name": "execute_tool", "kilter.tool.args_hash": "00", "kilter.tool.result_chars": 1}
    found = exported("pay", {**given, "gen_ai.tool.call.arguments": ARGUMENTS, "gen_ai.tool.call.result": RESULT})
    assert found == {**given, "kilter.tool.result_hash": hash_of(RESULT)}


def test_hidden_content_is_unknown() -> None:
    given = {"openinference.span.kind": "TOOL", "tool.name": "pay"}
    assert exported("pay", {**given, "input.value": "__REDACTED__", "output.value": ""}) == {
        **given, "kilter.tool.result_hash": hash_of(""), "kilter.tool.result_chars": 0}


def test_prompts_and_answers_go_and_numbers_stay() -> None:
    kept = {"openinference.span.kind": "LLM", "llm.model_name": "m", "llm.token_count.prompt": 12}
    content = {
        "input.value": SECRET, "output.value": SECRET, "llm.input_messages.0.message.content": SECRET,
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": SECRET,
        "gen_ai.input.messages": SECRET, "gen_ai.output.messages": SECRET, "gen_ai.prompt.0.content": SECRET,
        "gen_ai.completion.0.content": SECRET, "gen_ai.system_instructions": SECRET, "gen_ai.tool.definitions": SECRET,
        "traceloop.entity.input": SECRET, "llm.prompt_template.variables": SECRET,
        "retrieval.documents.0.document.content": SECRET}
    assert exported("chat m", {**kept, **content}) == kept
    mine = {"my.notes": SECRET, "my.more.a": SECRET}
    assert exported("chat m", {**kept, **content, **mine}, also=["my.notes", "my.more."]) == kept


def test_message_text_becomes_a_digest() -> None:
    assert exported("send", {"kilter.message.text": SECRET, "kilter.sender.name": "a"}) == {
        "kilter.sender.name": "a", "kilter.message.sha256": Fingerprinter(KEY).message(SECRET).hash,
        "kilter.message.chars": len(SECRET)}


def test_a_handoff_keeps_who_hands_over_to_whom() -> None:
    given = {"openinference.span.kind": "TOOL", "input.value": "triage", "output.value": "billing"}
    assert exported("handoff to billing", given) == given


def test_content_may_stay() -> None:
    given = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.call.arguments": ARGUMENTS}
    found = exported("pay", given, drop_content=False)
    assert found == {**given, "kilter.tool.args_hash": hash_of(ARGUMENTS), "kilter.tool.args_chars": len(ARGUMENTS)}


def test_texts_of_errors_stay_equal_and_hidden(memory: InMemorySpanExporter, provider: TracerProvider) -> None:
    provider.add_span_processor(FingerprintProcessor(SimpleSpanProcessor(memory), key=KEY))
    tracer = provider.get_tracer("tests")
    for _ in range(2):
        with pytest.raises(ValueError), tracer.start_as_current_span("pay"):
            raise ValueError(f"card {SECRET} refused")
    tracer.start_span("pay").set_status(Status(StatusCode.ERROR, SECRET))
    first, second = memory.get_finished_spans()
    assert first.status.description == second.status.description != ""
    assert first.status.status_code is StatusCode.ERROR
    for span in (first, second):
        assert SECRET not in json.dumps(json.loads(span.to_json()))
        (event,) = span.events
        assert event.attributes is not None and event.attributes["exception.type"] == "ValueError"
        assert "exception.stacktrace" not in event.attributes


def test_older_events_lose_their_messages(memory: InMemorySpanExporter, provider: TracerProvider) -> None:
    provider.add_span_processor(SimpleSpanProcessor(FingerprintingExporter(memory, key=KEY)))
    span = provider.get_tracer("tests").start_span("chat m")
    span.add_event("gen_ai.content.prompt", {"gen_ai.prompt": SECRET})
    span.add_event("gen_ai.choice", {"message": SECRET, "finish_reason": "stop"}, timestamp=17)
    span.end()
    prompt, choice = memory.get_finished_spans()[0].events
    assert prompt.attributes == {} and choice.attributes == {"finish_reason": "stop"} and choice.timestamp == 17


def test_everything_else_of_a_span_stays(memory: InMemorySpanExporter) -> None:
    provider = TracerProvider(span_limits=SpanLimits(max_attributes=2, max_events=1), shutdown_on_exit=False)
    plain = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(FingerprintingExporter(memory, key=KEY)))
    provider.add_span_processor(SimpleSpanProcessor(plain))
    tracer = provider.get_tracer("tests", "1.2")
    given = {"a": 1, "b": 2, "c": 3}
    with tracer.start_as_current_span("outer"), tracer.start_as_current_span("inner", attributes=given) as span:
        span.add_event("x")
        span.add_event("y")
    for copy, original in zip(memory.get_finished_spans(), plain.get_finished_spans(), strict=True):
        assert json.loads(copy.to_json()) == json.loads(original.to_json())
        for name in ("dropped_attributes", "dropped_events", "dropped_links", "instrumentation_scope", "parent", "resource"):
            assert getattr(copy, name) == getattr(original, name)


def test_the_processor_hands_everything_on() -> None:
    class Inner(SimpleSpanProcessor):
        calls: list[str] = []

        def on_start(self, span: Any, parent_context: Any = None) -> None:
            self.calls.append("start")

        def on_end(self, span: ReadableSpan) -> None:
            self.calls.append("end")

        def shutdown(self) -> None:
            self.calls.append("shutdown")

        def force_flush(self, timeout_millis: int = 0) -> bool:
            self.calls.append("flush")
            return False

    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(FingerprintProcessor(Inner(InMemorySpanExporter())))
    provider.get_tracer("tests").start_span("a").end()
    assert provider.force_flush() is False
    provider.shutdown()
    assert Inner.calls == ["start", "end", "flush", "shutdown"]
    assert kilter.process_fingerprinter() is not None
