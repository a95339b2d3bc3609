#!/usr/bin/env python3
"""An agent with OpenTelemetry spans of its own, by the GenAI conventions, whose content capture is off.

The decorator `kilter.traced_tool` starts the tool's span and puts fingerprints of arguments and result on it, so that
Kilter sees the loop although no content leaves. With `--content off` it sees tool names only, and stays quiet.
"""

from __future__ import annotations

import json
from typing import Any

from openai import OpenAI
from opentelemetry.trace import Tracer

import kilter
from model_server import MODEL, TOOL, TOOLS, lookup_order, model_server
from telemetry import Options, options, provider


def run(client: OpenAI, tracer: Tracer, chosen: Options) -> None:
    @kilter.traced_tool(tracer=tracer, name=TOOL)
    def hashed(order_id: int) -> str:
        return lookup_order(order_id)

    def bare(order_id: int) -> str:
        named = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": TOOL}
        with tracer.start_as_current_span(f"execute_tool {TOOL}", attributes=named) as span:
            result = lookup_order(order_id)
            if chosen.content == "full":
                span.set_attribute("gen_ai.tool.call.arguments", json.dumps({"order_id": order_id}))
                span.set_attribute("gen_ai.tool.call.result", result)
            return result

    tool = hashed if chosen.content == "hashed" else bare
    messages: list[Any] = [{"role": "user", "content": "Where is my order?"}]
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": chosen.agent}
    with tracer.start_as_current_span(f"invoke_agent {chosen.agent}", attributes=agent):
        for _ in range(chosen.calls):
            about = {
                "gen_ai.operation.name": "chat", "gen_ai.agent.name": chosen.agent, "gen_ai.provider.name": "openai",
                "gen_ai.request.model": MODEL}
            with tracer.start_as_current_span(f"chat {MODEL}", attributes=about) as span:
                answer = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
                assert answer.usage is not None
                span.set_attribute("gen_ai.usage.input_tokens", answer.usage.prompt_tokens)
                span.set_attribute("gen_ai.usage.output_tokens", answer.usage.completion_tokens)
            messages.append(answer.choices[0].message)
            for call in answer.choices[0].message.tool_calls or []:
                assert call.type == "function"
                result = tool(**json.loads(call.function.arguments))
                messages.append({"role": "tool", "tool_call_id": call.id, "content": result})


def main() -> None:
    chosen = options("An agent with plain OpenTelemetry spans.", ("hashed", "full", "off"))
    traces = provider(chosen)
    with model_server() as url:
        run(OpenAI(base_url=url, api_key="none"), traces.get_tracer("plain"), chosen)
    traces.shutdown()


if __name__ == "__main__":
    main()
