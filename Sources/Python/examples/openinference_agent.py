#!/usr/bin/env python3
"""An agent instrumented with OpenInference, whose instrumentations capture content.

By default `FingerprintingExporter` replaces the content by fingerprints on the way to Kilter. With `--content off`
OpenInference itself hides it (`__REDACTED__`), Kilter sees tool names only, and stays quiet.
"""

from __future__ import annotations

import json
from typing import Any

from openai import OpenAI
from openinference.instrumentation import OITracer, TraceConfig
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.trace import get_current_span

from model_server import MODEL, TOOL, TOOLS, lookup_order, model_server
from telemetry import Options, options, provider


def run(client: OpenAI, tracer: OITracer, chosen: Options) -> None:
    @tracer.tool(name=TOOL, description="Looks up an order.")  # type: ignore[untyped-decorator, unused-ignore]
    def tool(order_id: int) -> str:
        # This span ends before the agent's, so it names the agent itself; else Kilter would know the service only.
        get_current_span().set_attribute("agent.name", chosen.agent)
        return lookup_order(order_id)

    messages: list[Any] = [{"role": "user", "content": "Where is my order?"}]
    with tracer.start_as_current_span(chosen.agent, openinference_span_kind="agent") as span:
        span.set_attribute("agent.name", chosen.agent)
        for _ in range(chosen.calls):
            answer = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
            messages.append(answer.choices[0].message)
            for call in answer.choices[0].message.tool_calls or []:
                assert call.type == "function"
                result = tool(**json.loads(call.function.arguments))
                messages.append({"role": "tool", "tool_call_id": call.id, "content": result})


def main() -> None:
    chosen = options("An agent instrumented with OpenInference.", ("hashed", "full", "off"))
    hides = chosen.content == "off"
    config = TraceConfig(hide_inputs=hides, hide_outputs=hides)
    traces = provider(chosen)
    OpenAIInstrumentor().instrument(tracer_provider=traces, config=config)
    with model_server() as url:
        run(OpenAI(base_url=url, api_key="none"), OITracer(traces.get_tracer("openinference"), config=config), chosen)
    traces.shutdown()


if __name__ == "__main__":
    main()
