"""A model on this machine that never gets on: whatever it is asked, it answers with the same tool call.

Speaks as much of OpenAI's `POST /v1/chat/completions` as the examples need. No network, no key.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "stuck-1"
TOOL = "lookup_order"
ARGUMENTS = '{"order_id": 7}'

TOOLS: list[Any] = [{
    "type": "function",
    "function": {
        "name": TOOL, "description": "Looks up an order.",
        "parameters": {"type": "object", "properties": {"order_id": {"type": "integer"}}, "required": ["order_id"]}}}]


def lookup_order(order_id: int) -> str:
    """The tool: it knows no orders."""
    return f"no order {order_id} for customer Ada Lovelace"


class _Handler(BaseHTTPRequestHandler):
    calls = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        type(self).calls += 1
        call = {"id": f"call_{self.calls}", "type": "function", "function": {"name": TOOL, "arguments": ARGUMENTS}}
        answer = {
            "id": f"chatcmpl-{self.calls}", "object": "chat.completion", "created": 0, "model": MODEL,
            "choices": [{
                "index": 0, "finish_reason": "tool_calls",
                "message": {"role": "assistant", "content": None, "tool_calls": [call]}}],
            "usage": {"prompt_tokens": 100 + self.calls, "completion_tokens": 12, "total_tokens": 112 + self.calls}}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@contextmanager
def model_server() -> Iterator[str]:
    """Runs the model on a free port; gives the base URL for an OpenAI client."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
