"""How the examples send their spans: over ZeroMQ or OTLP/HTTP, with or without their content."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

import kilter


@dataclass(frozen=True)
class Options:
    via: str
    endpoint: str
    content: str
    calls: int
    agent: str


def options(description: str, contents: tuple[str, ...]) -> Options:
    """`contents`: what the example can do with content, the default first."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--via", choices=("zmq", "otlp"), default="zmq", help="how spans are sent (default %(default)s)")
    parser.add_argument("--endpoint", help="where to (default tcp://127.0.0.1:5555, or http://127.0.0.1:4318/v1/traces)")
    parser.add_argument(
        "--content", choices=contents, default=contents[0],
        help="hashed: fingerprints leave; full: content leaves; off: neither (default %(default)s)")
    parser.add_argument("--calls", type=int, default=8, help="turns of the loop (default %(default)s)")
    parser.add_argument("--agent", default="order-agent", help="name of the agent (default %(default)s)")
    given = parser.parse_args()
    default = "tcp://127.0.0.1:5555" if given.via == "zmq" else "http://127.0.0.1:4318/v1/traces"
    return Options(given.via, given.endpoint or default, given.content, given.calls, given.agent)


def provider(chosen: Options) -> TracerProvider:
    """A tracer provider that sends to Kilter every 200 ms, and no content when it is to be hashed."""
    exporter: SpanExporter
    exporter = kilter.ZmqSpanExporter(chosen.endpoint) if chosen.via == "zmq" else OTLPSpanExporter(chosen.endpoint)
    if chosen.content == "hashed":
        exporter = kilter.FingerprintingExporter(exporter)
    made = TracerProvider(resource=Resource.create({"service.name": "examples"}))
    made.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=200))
    return made
