"""Which attributes hold content: by the dialect's own names, with the precedence that the engine gives them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

#: What tools were called with and what they gave, the first present name wins.
ARGUMENTS: Final = (
    "gen_ai.tool.call.arguments", "gen_ai.tool.arguments", "ai.toolCall.args", "gen_ai.tool.input",
    "gcp.vertex.agent.tool_call_args", "mcp.request.argument", "flue.tool.arguments", "full_command")
RESULT: Final = (
    "gen_ai.tool.call.result", "gen_ai.tool.output", "ai.toolCall.result", "gen_ai.tool.result",
    "gcp.vertex.agent.tool_response", "mcp.response.value", "flue.tool.result", "tool.result")
#: Input and output of any span; of a tool span they are arguments and result.
INPUT: Final = (
    "input.value", "traceloop.entity.input", "langfuse.observation.input", "gen_ai.prompt", "agentops.entity.input")
OUTPUT: Final = (
    "output.value", "traceloop.entity.output", "langfuse.observation.output", "gen_ai.completion", "agentops.entity.output")
#: OpenInference: a tool's parameters, either their definition (content too, but no arguments) or their values.
PARAMETERS: Final = "tool.parameters"
MESSAGE_TEXT: Final = "kilter.message.text"

#: Texts of errors, which may quote content.
ERROR_TEXTS: Final = frozenset(("exception.message", "error.message"))
STACK_TRACE: Final = "exception.stacktrace"

_NAMES: Final = frozenset((
    *ARGUMENTS, *RESULT, *INPUT, *OUTPUT, PARAMETERS, MESSAGE_TEXT, STACK_TRACE,
    "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.tool.definitions",
    "gen_ai.tool.description", "gen_ai.event.content",
    "gen_ai.retrieval.documents", "gen_ai.retrieval.query.text", "gen_ai.evaluation.explanation",
    "tool.description", "tool.json_schema", "tool_call.function.arguments", "llm.function_call", "llm.request.functions",
    "reranker.query", "embedding.text", "pydantic_ai.all_messages", "ai.response.text", "ai.response.object",
    "ai.response.toolCalls", "ai.result.text", "gcp.vertex.agent.llm_request", "gcp.vertex.agent.llm_response",
    "gcp.vertex.agent.data", "lk.input_text", "user_prompt",
))

_PREFIXES: Final = (
    "gen_ai.prompt.", "gen_ai.completion.", "gen_ai.tool.definitions.", "llm.input_messages.", "llm.output_messages.",
    "llm.prompts.", "llm.choices.", "llm.tools.", "llm.prompt_template.", "embedding.embeddings.", "retrieval.documents.",
    "reranker.input_documents.", "reranker.output_documents.", "ai.prompt",
)

#: Of the events by which older instrumentations tell messages.
_EVENT_NAMES: Final = frozenset(("content", "message", "tool_calls", "arguments", "gen_ai.prompt", "gen_ai.completion"))

#: Where dialects say what a span is, and where they name its tool.
_KINDS: Final = (
    "openinference.span.kind", "traceloop.span.kind", "agentops.span.kind", "langsmith.span.kind",
    "langfuse.observation.type")
_TOOL_NAMES: Final = frozenset((
    "gen_ai.tool.name", "gen_ai.tool.call.id", "gen_ai.tool.call_id", "ai.toolCall.name", "flue.tool.name", "tool_name"))


def is_content(key: str, *, in_event: bool = False) -> bool:
    """Whether an attribute of a span, or of an event in it, holds content."""
    return key in _NAMES or key.startswith(_PREFIXES) or (in_event and key in _EVENT_NAMES)


def is_tool_span(name: str, attributes: Mapping[str, object]) -> bool:
    """Whether the span is a tool call, of whatever dialect."""
    operation = attributes.get("gen_ai.operation.name")
    if operation is not None:
        return operation in ("execute_tool", "tool_call")
    if attributes.get("mcp.method.name") == "tools/call":
        return True
    for key in _KINDS:
        kind = attributes.get(key)
        if isinstance(kind, str) and kind:
            return kind.lower() == "tool" and not is_handoff(name)
    if attributes.get("ai.operationId") == "ai.toolCall" or not _TOOL_NAMES.isdisjoint(attributes):
        return True
    return name.startswith(("execute_tool ", "tools/call "))


def is_handoff(name: str) -> bool:
    """OpenInference's hand-over from one agent to another: its input and output are the agents' names, no content."""
    return name.startswith("handoff to ")


def first(attributes: Mapping[str, object], keys: tuple[str, ...]) -> object | None:
    """The value under the first key that has one."""
    return next((attributes[key] for key in keys if attributes.get(key) is not None), None)


def arguments_of(attributes: Mapping[str, object], *, is_tool: bool) -> object | None:
    """What the call was given, None when the span does not say."""
    found = first(attributes, ARGUMENTS)
    if found is not None or not is_tool:
        return found
    found = first(attributes, INPUT)
    if found is not None:
        return found
    parameters = attributes.get(PARAMETERS)
    return None if isinstance(parameters, str) and _is_schema(parameters) else parameters


def result_of(attributes: Mapping[str, object], *, is_tool: bool) -> object | None:
    """What the call gave, None when the span does not say."""
    found = first(attributes, RESULT)
    return found if found is not None or not is_tool else first(attributes, OUTPUT)


def _is_schema(text: str) -> bool:
    """An object with the members `type` and `properties` defines parameters and is not their values."""
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(members, dict) and "type" in members and "properties" in members
