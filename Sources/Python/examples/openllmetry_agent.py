#!/usr/bin/env python3
"""An agent instrumented with OpenLLMetry, whose instrumentations capture content.

By default `FingerprintingExporter` replaces the content by fingerprints on the way to Kilter. With `--content off`
(OpenLLMetry's own `TRACELOOP_TRACE_CONTENT=false`) Kilter sees tool names only, and stays quiet.

The tool's span has the attributes that the Traceloop SDK's `@tool` gives it; that SDK is not needed.
"""

from __future__ import annotations

import json
import os
from typing import Any

from openai import OpenAI
from opentelemetry.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.trace import Tracer

from model_server import MODEL, TOOL, TOOLS, lookup_order, model_server
from telemetry import Options, options, provider


def run(client: OpenAI, tracer: Tracer, chosen: Options) -> None:
    def tool(**arguments: Any) -> str:
        # This span ends before the agent's, so it names the agent itself; else Kilter would know the service only.
        named = {"traceloop.span.kind": "tool", "traceloop.entity.name": TOOL, "gen_ai.agent.name": chosen.agent}
        with tracer.start_as_current_span(f"{TOOL}.tool", attributes=named) as span:
            result = lookup_order(**arguments)
            if chosen.content != "off":
                span.set_attribute("traceloop.entity.input", json.dumps({"args": [], "kwargs": arguments}))
                span.set_attribute("traceloop.entity.output", json.dumps(result))
            return result

    messages: list[Any] = [{"role": "user", "content": "Where is my order?"}]
    agent = {"traceloop.span.kind": "agent", "traceloop.entity.name": chosen.agent}
    with tracer.start_as_current_span(f"{chosen.agent}.agent", attributes=agent):
        for _ in range(chosen.calls):
            answer = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
            messages.append(answer.choices[0].message)
            for call in answer.choices[0].message.tool_calls or []:
                assert call.type == "function"
                result = tool(**json.loads(call.function.arguments))
                messages.append({"role": "tool", "tool_call_id": call.id, "content": result})


def main() -> None:
    chosen = options("An agent instrumented with OpenLLMetry.", ("hashed", "full", "off"))
    os.environ["TRACELOOP_TRACE_CONTENT"] = "false" if chosen.content == "off" else "true"
    traces = provider(chosen)
    OpenAIInstrumentor().instrument(tracer_provider=traces)
    with model_server() as url:
        run(OpenAI(base_url=url, api_key="none"), traces.get_tracer("openllmetry"), chosen)
    traces.shutdown()


if __name__ == "__main__":
    main()
