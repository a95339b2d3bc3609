"""Which attributes hold content: by the dialect's own names, with the precedence that the engine gives them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

#: What tools were called with and what they gave, the first present name wins. The engine does not read the last ones.
ARGUMENTS: Final = (
    "gen_ai.tool.call.arguments", "gen_ai.tool.arguments", "ai.toolCall.args", "gen_ai.tool.input",
    "gcp.vertex.agent.tool_call_args", "mcp.request.argument", "flue.tool.arguments", "full_command", "tool_arguments")
RESULT: Final = (
    "gen_ai.tool.call.result", "gen_ai.tool.output", "ai.toolCall.result", "gen_ai.tool.result",
    "gcp.vertex.agent.tool_response", "mcp.response.value", "flue.tool.result", "tool.result", "tool_response")
#: Input and output of any span; of a tool span they are arguments and result.
INPUT: Final = (
    "input.value", "traceloop.entity.input", "langfuse.observation.input", "gen_ai.prompt", "agentops.entity.input")
OUTPUT: Final = (
    "output.value", "traceloop.entity.output", "langfuse.observation.output", "gen_ai.completion", "agentops.entity.output")
#: OpenInference: a tool's parameters, either their definition (content too, but no arguments) or their values.
PARAMETERS: Final = "tool.parameters"
#: OpenInference: the parameters of a request as JSON text, the one place of the model's name in some instrumentations.
REQUEST_PARAMETERS: Final = "llm.invocation_parameters"
MESSAGE_TEXT: Final = "kilter.message.text"

#: Texts of errors, which may quote content.
ERROR_TEXTS: Final = frozenset((
    "exception.message", "error.message", "error", "error_message", "otel.status_description",
    "langfuse.observation.status_message", "gen_ai.guardrail.error.message"))

#: Names that hold content, and everything below them (`llm.prompts.0.prompt.text`), unless `_KEPT` has a longer name.
#: A vendor's own namespace stands here whole where what is no content in it is known, so that a new name of it goes.
_CONTENT: Final = frozenset((
    *ARGUMENTS, *RESULT, *INPUT, *OUTPUT, PARAMETERS, REQUEST_PARAMETERS, MESSAGE_TEXT,
    "exception.stacktrace", "error.stack", "error.stacktrace",
    # OpenTelemetry GenAI, old and new, and what others put beside it
    "gen_ai.prompt", "gen_ai.completion", "gen_ai.content", "gen_ai.choice", "gen_ai.event.content",
    "gen_ai.system.message", "gen_ai.user.message", "gen_ai.assistant.message", "gen_ai.system_instructions",
    "gen_ai.system_instructions_ref", "gen_ai.input", "gen_ai.output", "gen_ai.tool", "gen_ai.retrieval",
    "gen_ai.evaluation.explanation", "gen_ai.guardrail.input", "gen_ai.guardrail.output", "gen_ai.guardrail.result.reason",
    "gen_ai.agent.description", "gen_ai.agent.instructions", "gen_ai.request.tools", "gen_ai.request.functions",
    "gen_ai.request.instructions", "gen_ai.request.system_instruction", "gen_ai.request.stop_sequences",
    "gen_ai.request.structured_output_schema", "gen_ai.headers", "gen_ai.serialized", "gen_ai.task.input",
    "gen_ai.task.output", "gen_ai.memory.query", "gen_ai.memory.content", "gen_ai.memory.records",
    "mcp.session.init_options", "mcp.resource.uri",
    "db.query.text", "db.query.parameter", "db.statement", "db.query.embeddings", "db.search.embeddings",
    "db.query.result", "db.search.result", "db.marqo.search.query", "db.chroma.delete.where", "db.chroma.get.where",
    "db.chroma.query.where", "db.chroma.delete.where_document", "db.chroma.get.where_document",
    "db.chroma.query.where_document", "db.milvus.delete.filter", "db.milvus.query.filter", "db.milvus.search.filter",
    "pinecone.query.filter", "pinecone.query.queries",
    # OpenInference
    "input", "output", "metadata", "embedding", "reranker", "retrieval", "llm.input_messages", "llm.output_messages",
    "llm.prompts", "llm.choices", "llm.tools", "llm.function_call", "llm.prompt_template", "tool.description",
    "tool.json_schema", "tool_call.function", "message_content", "message.content", "message.contents",
    "message.tool_calls", "message.function_call_arguments_json", "crew_agents", "crew_tasks", "crew_inputs",
    "flow_inputs", "formatted_description", "formatted_expected_output",
    # OpenLLMetry
    "traceloop.prompt", "llm.completions", "llm.request.functions", "llm.headers", "llm.content",
    "llm.chat.stop_sequences", "crewai",
    # Vendors
    "langfuse", "langsmith", "ai", "gcp.vertex.agent", "lk", "pydantic_ai", "flue", "mlflow", "agentops.entity",
    "agent.goal", "agent.backstory", "agent.system_prompt", "agent.instructions", "agent.description",
    "workflow.input", "workflow.output", "workflow.final_output", "workflow.definition", "logfire.msg",
    # Names without a prefix: Claude Code, Pydantic AI, Strands and relatives
    "prompt", "completion", "user_prompt", "system_prompt", "messages", "all_messages_events", "events", "final_result",
    "model_request_parameters", "request_data", "response_data", "tool_input", "tool_output", "tool_parameters",
    "new_context",
))

#: What stays although a shorter name is in `_CONTENT`: identities, counts, kinds, and what lies below these names.
_KEPT: Final = frozenset((
    "gen_ai.prompt.name", "gen_ai.prompt.version", "gen_ai.output.type", "gen_ai.tool.name", "gen_ai.tool.type",
    "gen_ai.tool.status", "gen_ai.tool.call.id", "gen_ai.tool.call_id", "gen_ai.retrieval.top_k",
    "db.query.result.id", "db.query.result.score", "db.query.result.distance", "db.search.query.id",
    "db.search.result.id", "db.search.result.score", "db.search.result.distance",
    "prompt.id", "prompt.vendor", "prompt.url", "prompt.name", "prompt.version",
    "input.mime_type", "output.mime_type", "embedding.model_name", "reranker.model_name", "reranker.top_k",
    "llm.prompt_template.version", "tool_call.function.name",
    "traceloop.prompt.managed", "traceloop.prompt.key", "traceloop.prompt.version", "traceloop.prompt.version_name",
    "traceloop.prompt.version_hash", "agentops.entity.name", "agentops.entity.version",
    "langfuse.trace.name", "langfuse.trace.tags", "langfuse.session", "langfuse.user", "langfuse.version",
    "langfuse.release", "langfuse.environment", "langfuse.prompt.name", "langfuse.prompt.version",
    "langfuse.observation.type", "langfuse.observation.level", "langfuse.observation.status_message",
    "langfuse.observation.model.name", "langfuse.observation.usage_details", "langfuse.observation.cost_details",
    "langfuse.observation.completion_start_time", "langfuse.observation.prompt.name", "langfuse.observation.prompt.version",
    "langsmith.span.kind", "langsmith.span.id", "langsmith.span.parent_id", "langsmith.span.tags",
    "langsmith.trace.id", "langsmith.trace.name", "langsmith.trace.session_id", "langsmith.trace.session_name",
    "langsmith.metadata.agent_name", "langsmith.metadata.lc_agent_name", "langsmith.metadata.langgraph_node",
    "langsmith.metadata.ls_model_name", "langsmith.metadata.ls_provider", "langsmith.metadata.thread_id",
    "langsmith.metadata.session_id", "langsmith.metadata.conversation_id", "langsmith.metadata.user_id",
    "ai.operationId", "ai.telemetry", "ai.model", "ai.usage", "ai.stream", "ai.finishReason", "ai.toolCall.name",
    "ai.toolCall.id", "ai.response.id", "ai.response.model", "ai.response.timestamp", "ai.response.finishReason",
    "ai.response.msToFirstChunk", "ai.response.msToFinish", "ai.response.avgOutputTokensPerSecond",
    "ai.response.avgCompletionTokensPerSecond",
    "gcp.vertex.agent.session_id", "gcp.vertex.agent.invocation_id", "gcp.vertex.agent.event_id",
    "flue.tool.name", "flue.tool.call_id", "flue.task.agent", "flue.workflow.name",
))

#: OpenInference counts evaluations (`evaluations.0.evaluation.explanation`, of runs `session.annotations.…`), so that what
#: is content in them is known by its end.
_ASSESSED: Final = ("evaluations.", "annotations.")
_ASSESSED_CONTENT: Final = (".explanation", ".metadata")

#: Events by which instrumentations tell messages; what has no prefix in them is content but for these names.
_MESSAGE_EVENTS: Final = ("gen_ai.", "llm.", "ai.", "db.", "langfuse.", "lk.")
_MESSAGE_KEPT: Final = frozenset(("id", "index", "role", "name", "finish_reason", "type"))
#: Of any other event, which may be a log record of old.
_EVENT_NAMES: Final = frozenset((
    "content", "message", "tool_calls", "arguments", "result", "response", "query", "text", "body", "event_body",
    "log.body", "log.message"))

#: Where dialects say what a span is, and where they name its tool.
_KINDS: Final = (
    "openinference.span.kind", "traceloop.span.kind", "agentops.span.kind", "langsmith.span.kind",
    "langfuse.observation.type")
_TOOL_NAMES: Final = frozenset((
    "gen_ai.tool.name", "gen_ai.tool.call.id", "gen_ai.tool.call_id", "ai.toolCall.name", "flue.tool.name", "tool_name"))


def is_content(key: str) -> bool:
    """Whether an attribute of a span, a link or an event holds content. Of the names that are in a list, the longest that
    is the key or a beginning of it decides."""
    name = key
    while name:
        if name in _KEPT:
            return False
        if name in _CONTENT:
            return True
        name = name.rpartition(".")[0]
    of_run = key.removeprefix("trace.").removeprefix("session.")
    return of_run.startswith(_ASSESSED) and any(part in of_run for part in _ASSESSED_CONTENT)


def is_content_of_event(event: str, key: str) -> bool:
    """Whether an attribute of an event holds content, by the event's name too."""
    if event.startswith(_MESSAGE_EVENTS) and "." not in key:
        return key not in _MESSAGE_KEPT
    return key in _EVENT_NAMES or is_content(key)


def model_of(parameters: object) -> str | None:
    """What stays of the parameters of a request: JSON text with the model and nothing else; None when they name none."""
    try:
        members = json.loads(parameters) if isinstance(parameters, str) else parameters
    except (ValueError, RecursionError):
        return None
    model = members.get("model") if isinstance(members, Mapping) else None
    return json.dumps({"model": model}) if isinstance(model, str) and model else None


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
    """OpenInference's hand-over from one agent to another."""
    return name.startswith("handoff to ")


def parties_of(name: str, attributes: Mapping[str, object]) -> tuple[str, ...]:
    """The attributes that name the agents of a hand-over: the input and the output of OpenInference's span of it. It is no
    other span if the output is the agent that the span's name ends in."""
    kind = attributes.get("openinference.span.kind")
    is_tool = isinstance(kind, str) and kind.upper() == "TOOL"
    if is_tool and is_handoff(name) and attributes.get(OUTPUT[0]) == name.removeprefix("handoff to "):
        return (INPUT[0], OUTPUT[0])
    return ()


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
