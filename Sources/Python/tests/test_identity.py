from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

import kilter

RUN = {"gen_ai.agent.name": "helper", "gen_ai.conversation.id": "c-1", "gen_ai.operation.name": "invoke_agent"}


@pytest.fixture
def names(provider: TracerProvider, memory: InMemorySpanExporter) -> TracerProvider:
    provider.add_span_processor(kilter.AgentNameProcessor())
    provider.add_span_processor(SimpleSpanProcessor(memory))
    return provider


def told(memory: InMemorySpanExporter) -> dict[str, tuple[object, object]]:
    return {
        span.name: ((span.attributes or {}).get("gen_ai.agent.name"), (span.attributes or {}).get("gen_ai.conversation.id"))
        for span in memory.get_finished_spans()
    }


def test_every_span_of_a_run_bears_its_agent(names: TracerProvider, memory: InMemorySpanExporter) -> None:
    tracer = names.get_tracer("tests")
    with tracer.start_as_current_span("run", attributes=RUN):
        with tracer.start_as_current_span("step"):
            tracer.start_span("tool").end()
        with tracer.start_as_current_span("other", attributes={"gen_ai.agent.name": "critic"}):
            tracer.start_span("its tool").end()
    tracer.start_span("alone").end()
    assert told(memory) == {
        "run": ("helper", "c-1"), "step": ("helper", "c-1"), "tool": ("helper", "c-1"),
        "other": ("critic", "c-1"), "its tool": ("critic", "c-1"), "alone": (None, None),
    }


def test_a_parent_in_another_process_tells_nothing(names: TracerProvider, memory: InMemorySpanExporter) -> None:
    remote = NonRecordingSpan(SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1)))
    names.get_tracer("tests").start_span("tool", context=set_span_in_context(remote)).end()
    assert told(memory) == {"tool": (None, None)}


def test_the_span_that_traced_tool_starts_bears_its_agent(provider: TracerProvider, memory: InMemorySpanExporter) -> None:
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("tests")

    @kilter.traced_tool(tracer=tracer)
    def lookup() -> str:
        return "nothing"

    with tracer.start_as_current_span("run", attributes=RUN):
        lookup()
    lookup()
    tools = [span for span in memory.get_finished_spans() if span.name == "execute_tool lookup"]
    assert [(span.attributes or {}).get("gen_ai.agent.name") for span in tools] == ["helper", None]
