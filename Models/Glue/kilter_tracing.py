"""Sends the spans of a Python agent to Kilter. Import it before the agent and call one of the two functions once.

    pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http    # for over_http
    pip install ./Sources/Python                                            # for over_zeromq

The second is Kilter's own package, which comes with its source: run that line from the top of Kilter's repository.
Any instrumentation that follows the OpenTelemetry GenAI conventions, OpenInference or OpenLLMetry does for the rest.
"""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

# A verdict comes with the span that completes it: the default delay of 5 s would be 5 s of looping.
DELAY_MILLISECONDS = 200


def over_http(service: str) -> TracerProvider:
    """OTLP/HTTP with OpenTelemetry's own exporter: nothing of Kilter in the agent."""
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return _install(service, OTLPSpanExporter(endpoint="http://{{otlp_http}}/v1/traces", compression=Compression.Gzip))


def over_zeromq(service: str, *, with_content: bool = False) -> TracerProvider:
    """ZeroMQ with Kilter's exporter: it never waits, and counts what it had to drop.

    Unless `with_content`, arguments, results and prompts stay here and keyed fingerprints of them go: enough to tell
    that a call was repeated with the same result.
    """
    from kilter import AgentNameProcessor, FingerprintingExporter, ZmqSpanExporter

    exporter: SpanExporter = ZmqSpanExporter("{{pull}}")
    # A call ends before the span around it that names the agent, so the name goes on every span.
    return _install(service, exporter if with_content else FingerprintingExporter(exporter), AgentNameProcessor())


def _install(service: str, exporter: SpanExporter, *processors: SpanProcessor) -> TracerProvider:
    # The provider shuts down with the program, so that the last spans of a short one leave.
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    for processor in processors:
        provider.add_span_processor(processor)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=DELAY_MILLISECONDS))
    trace.set_tracer_provider(provider)
    return provider


if __name__ == "__main__":
    # Eight times the same call with the same result: Kilter warns at the fourth and would trip at the eighth.
    over_http("my-service")
    tracer = trace.get_tracer("kilter-example")
    with tracer.start_as_current_span("invoke_agent assistant", attributes={"gen_ai.operation.name": "invoke_agent"}):
        for _ in range(8):
            attributes = {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.agent.name": "assistant",
                "gen_ai.tool.name": "lookup",
                "gen_ai.tool.call.arguments": '{"id": 7}',
                "gen_ai.tool.call.result": "nothing found",
            }
            with tracer.start_as_current_span("execute_tool lookup", attributes=attributes):
                pass
