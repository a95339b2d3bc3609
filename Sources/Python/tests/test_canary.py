"""A secret under every name that a dialect keeps content in: after the exporter it is nowhere, and what the engine needs is
still there."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, Status, StatusCode

from kilter import FingerprintingExporter, FingerprintProcessor, content
from kilter.fingerprints import Fingerprinter

KEY = "a key for these tests"
SECRET = "4111-1111-1111-1111"

#: By dialect.
CONTENT = {
    "otel": """
        gen_ai.input.messages gen_ai.output.messages gen_ai.system_instructions gen_ai.tool.definitions
        gen_ai.input.messages_ref gen_ai.output.messages_ref gen_ai.system_instructions_ref gen_ai.tool.definitions_ref
        gen_ai.tool.call.arguments gen_ai.tool.call.result gen_ai.tool.description gen_ai.agent.description
        gen_ai.prompt.variable.city gen_ai.retrieval.query.text gen_ai.retrieval.documents gen_ai.evaluation.explanation
        gen_ai.guardrail.result.reason gen_ai.tool.arguments gen_ai.tool.input gen_ai.tool.output gen_ai.tool.result
        gen_ai.guardrail.input gen_ai.guardrail.output gen_ai.guardrail.error.message gen_ai.event.content
        gen_ai.tool.definitions.0.name gen_ai.tool.definitions.0.description gen_ai.tool.definitions.0.parameters
        error.message exception.message exception.stacktrace mcp.resource.uri db.query.text db.statement""",
    "openinference": """
        input.value output.value input.images input.documents.0.document.content metadata tool.parameters tool.description
        tool.json_schema llm.input_messages.0.message.content llm.input_messages.0.message.name
        llm.input_messages.0.message.tool_calls.0.tool_call.function.arguments
        llm.output_messages.0.message.contents.0.message_content.text
        llm.output_messages.0.message.contents.0.tool_call.function.arguments llm.prompts llm.prompts.0.prompt.text
        llm.choices.0.completion.text llm.tools.0.tool.json_schema llm.function_call llm.invocation_parameters
        llm.invocation_parameters.stop llm.prompt_template.template llm.prompt_template.variables
        embedding.embeddings.0.embedding.text embedding.embeddings.0.embedding.vector embedding.text
        embedding.invocation_parameters retrieval.documents.0.document.content retrieval.documents.0.document.metadata
        reranker.query reranker.input_documents.0.document.content reranker.output_documents.0.document.content
        tool_call.function.arguments evaluations.0.evaluation.explanation annotations.0.annotation.explanation
        trace.evaluations.0.evaluation.explanation session.annotations.3.annotation.metadata""",
    "openllmetry": """
        traceloop.entity.input traceloop.entity.output traceloop.prompt.template traceloop.prompt.template_variables
        gen_ai.prompt gen_ai.prompt.0.content gen_ai.prompt.0.role gen_ai.completion gen_ai.completion.0.content
        gen_ai.completion.0.tool_calls.0.arguments llm.request.functions llm.request.functions.0.parameters
        llm.completions llm.completions.0.content llm.headers gen_ai.headers gen_ai.request.structured_output_schema
        crewai.crew.inputs crewai.task.description crewai.agent.backstory mcp.request.argument mcp.response.value
        mcp.session.init_options db.query.embeddings.vector db.query.result.document db.query.result.vector
        db.chroma.query.where db.milvus.query.filter""",
    "langfuse": """
        langfuse.trace.input langfuse.trace.output langfuse.trace.metadata langfuse.trace.metadata.note
        langfuse.observation.input langfuse.observation.output langfuse.observation.metadata.note
        langfuse.observation.model.parameters langfuse.observation.status_message""",
    "langsmith": "langsmith.inputs langsmith.metadata.note gen_ai.serialized.doc",
    "vercel": """
        ai.prompt ai.prompt.messages ai.prompt.tools ai.response.text ai.response.object ai.response.toolCalls
        ai.response.reasoning ai.response.reasoningText ai.response.files ai.result.text ai.result.object ai.value ai.values
        ai.embedding ai.embeddings ai.toolCall.args ai.toolCall.result ai.schema.description ai.request.headers.authorization
        ai.response.providerMetadata""",
    "agentops": """
        agentops.entity.input agentops.entity.output tool.result gen_ai.request.tools.0.description
        gen_ai.request.system_instruction gen_ai.request.instructions workflow.input workflow.output agent.goal""",
    "pydantic": """
        tool_arguments tool_response all_messages_events pydantic_ai.all_messages final_result model_request_parameters
        logfire.msg request_data response_data""",
    "google": """
        gcp.vertex.agent.llm_request gcp.vertex.agent.llm_response gcp.vertex.agent.tool_call_args
        gcp.vertex.agent.tool_response gcp.vertex.agent.data""",
    "others": """
        lk.input_text lk.response.text lk.chat_ctx lk.function_tool.arguments full_command user_prompt tool_input error
        flue.tool.arguments flue.tool.result flue.task.prompt system_prompt workflow.definition kilter.message.text""",
}

#: What the engine reads, which is in part below names that hold content.
KEPT = {
    "gen_ai.operation.name": "execute_tool", "gen_ai.agent.name": "clerk", "gen_ai.agent.version": "3",
    "gen_ai.tool.name": "pay", "gen_ai.tool.call.id": "call_1", "gen_ai.tool.call_id": "call_1", "gen_ai.tool.status": "ok",
    "gen_ai.request.model": "m", "gen_ai.response.model": "m-1", "gen_ai.response.id": "r", "gen_ai.provider.name": "openai",
    "gen_ai.system": "openai", "gen_ai.conversation.id": "c", "gen_ai.workflow.name": "w",
    "gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 3, "gen_ai.usage.cache_read.input_tokens": 2,
    "gen_ai.response.finish_reasons": ("stop",), "gen_ai.prompt.name": "triage", "gen_ai.prompt.version": "7",
    "gen_ai.output.type": "json", "gen_ai.retrieval.top_k": 5, "gen_ai.evaluation.score.value": 0.5,
    "gen_ai.guardrail.result.type": "deny", "gen_ai.transfer.target.name": "billing", "error.type": "ValueError",
    "openinference.span.kind": "TOOL", "llm.model_name": "m", "llm.token_count.prompt": 12, "tool.name": "pay",
    "tool.id": "call_1", "embedding.model_name": "e", "reranker.model_name": "r", "reranker.top_k": 3,
    "llm.prompt_template.version": "2", "prompt.id": "p", "input.mime_type": "application/json", "session.id": "s",
    "evaluations.0.evaluation.name": "truth", "evaluations.0.evaluation.score": 0.5, "graph.node.id": "n",
    "traceloop.span.kind": "tool", "traceloop.entity.name": "pay", "traceloop.workflow.name": "w",
    "traceloop.association.properties.customer_id": "acme", "traceloop.prompt.key": "k", "llm.request.type": "chat",
    "langfuse.trace.name": "t", "langfuse.trace.tags": ("x",), "langfuse.observation.type": "tool",
    "langfuse.observation.usage_details": "{}", "langfuse.session.id": "s", "langsmith.span.kind": "tool",
    "langsmith.metadata.ls_model_name": "m", "ai.operationId": "ai.toolCall", "ai.model.id": "m", "ai.toolCall.name": "pay",
    "ai.usage.inputTokens": 12, "ai.response.model": "m", "ai.telemetry.metadata.sessionId": "s",
    "agentops.entity.name": "pay", "tool.status": "ok", "gcp.vertex.agent.session_id": "s", "flue.tool.name": "pay",
    "executor.id": "x", "message.source_id": "a", "message.target_id": "b", "workflow.id": "w", "workflow.name": "w",
    "kilter.tool.args_chars": 7, "kilter.sender.name": "a", "kilter.tenant": "acme", "kilter.cost_microdollars": 5,
    "service.name": "tests", "url.full": "https://example.org",
}


def names(dialect: str) -> list[str]:
    return CONTENT[dialect].split()


def redacted(attributes: Mapping[str, Any]) -> ReadableSpan:
    """What leaves of a span with these attributes, and with the secret in its events, its link and its status too."""
    memory, limits = InMemorySpanExporter(), SpanLimits(max_attributes=1_000)
    provider = TracerProvider(span_limits=limits, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(FingerprintingExporter(memory, key=KEY)))
    tracer = provider.get_tracer("tests")
    other = tracer.start_span("other").get_span_context()
    link = Link(other, {"gen_ai.input.messages": SECRET, "langfuse.trace.name": "t"})
    span = tracer.start_span("execute_tool pay", attributes=attributes, links=[link])
    for dialect in CONTENT:
        span.add_event(dialect, {name: SECRET for name in names(dialect)})
    for name in ("gen_ai.system.message", "gen_ai.user.message", "gen_ai.choice", "gen_ai.content.prompt",
                 "gen_ai.content.completion", "gen_ai.client.inference.operation.details", "llm.content.completion.chunk"):
        span.add_event(name, {key: SECRET for key in (
            "content", "message", "tool_calls", "gen_ai.prompt", "gen_ai.completion", "refusal", "tool.result")})
        span.add_event(name, {"role": "user", "index": 1, "finish_reason": "stop", "gen_ai.provider.name": "openai"})
    span.add_event("log", {"message": SECRET, "body": SECRET, "level": "info"})
    span.record_exception(ValueError(f"card {SECRET} refused"))
    span.set_status(Status(StatusCode.ERROR, f"card {SECRET} refused"))
    span.end()
    return memory.get_finished_spans()[0]


def everything(span: ReadableSpan) -> str:
    return f"{span.to_json()} {encode_spans([span])}"


@pytest.mark.parametrize("dialect", CONTENT)
def test_the_secret_is_nowhere(dialect: str) -> None:
    for name in names(dialect):
        assert SECRET not in everything(redacted({name: f"the card {SECRET}", "gen_ai.agent.name": "clerk"})), name


def test_a_span_with_everything_keeps_what_the_engine_needs() -> None:
    secrets = {name: json.dumps({"card": SECRET, "model": "m"}) for dialect in CONTENT for name in names(dialect)}
    span = redacted({**secrets, **KEPT})
    assert SECRET not in everything(span)
    found = dict(span.attributes or {})
    assert {key: found.get(key) for key in KEPT} == KEPT
    made = Fingerprinter(KEY).fingerprint(secrets["gen_ai.tool.call.arguments"])
    assert made is not None and found["kilter.tool.args_hash"] == found["kilter.tool.result_hash"] == made.hash
    assert found["kilter.tool.result_chars"] == made.characters and "kilter.message.sha256" in found
    assert found["llm.invocation_parameters"] == '{"model": "m"}'
    added = {
        "kilter.tool.args_hash", "kilter.tool.result_hash", "kilter.tool.result_chars", "kilter.message.sha256",
        "kilter.message.chars", "llm.invocation_parameters"}
    assert set(found) - set(KEPT) - added == content.ERROR_TEXTS & set(secrets)
    assert dict(span.links[0].attributes or {}) == {"langfuse.trace.name": "t"}
    told = {tuple(event.attributes or {}) for event in span.events if event.name.startswith(("gen_ai.", "llm."))}
    assert told == {(), ("role", "index", "finish_reason", "gen_ai.provider.name")}


def test_the_lists_agree_with_what_the_engine_reads() -> None:
    """Every name of a dialect is content where the engine makes a fingerprint or a list of calls of it, and else stays."""
    folder = pathlib.Path(__file__).parents[2] / "KilterIntake"
    if not folder.is_dir():
        pytest.skip("not in the repository")
    read = re.compile(r'Alias\("([^"]+)", \.(\w+)')
    fields = [found for file in sorted(folder.glob("*.swift")) for found in read.findall(file.read_text())]
    assert len(fields) > 100
    holding = {
        "arguments", "result", "input", "genericInput", "genericOutput", "toolParameters", "promptText", "outputMessages",
        "answerText", "invocationParameters", "messageText", "providerDetails"}
    for name, field in fields:
        if field in ("errorMessage", "exceptionMessage"):
            assert name in content.ERROR_TEXTS and not content.is_content(name), name
        elif name == "message":  # of an event, read in log records alone
            assert content.is_content_of_event("gen_ai.choice", name)
        else:
            assert content.is_content(name) == (field in holding), f"{name} fills {field}"


def test_only_a_handoff_keeps_input_and_output() -> None:
    memory, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(FingerprintingExporter(memory, key=KEY)))
    tracer = provider.get_tracer("tests")
    for kind, output, kept in (("TOOL", "billing", True), ("CHAIN", "billing", False), ("TOOL", SECRET, False)):
        given = {"openinference.span.kind": kind, "input.value": "triage", "output.value": output}
        tracer.start_span("handoff to billing", attributes=given).end()
        left = memory.get_finished_spans()[-1].attributes or {}
        assert (left.get("input.value") == "triage") is (left.get("output.value") == output) is kept


def test_a_span_that_cannot_be_copied_stays_and_nobody_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    plain, memory, provider = InMemorySpanExporter(), InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(plain))
    provider.add_span_processor(FingerprintProcessor(SimpleSpanProcessor(memory), key=KEY))
    tracer = provider.get_tracer("tests")
    whole = content.is_content

    def failing(key: str) -> bool:
        if key == "bad":
            raise RuntimeError(SECRET)
        return whole(key)

    monkeypatch.setattr(content, "is_content", failing)
    tracer.start_span("one", attributes={"bad": SECRET}).end()
    tracer.start_span("two").end()
    assert [span.name for span in memory.get_finished_spans()] == ["two"]
    exporter = FingerprintingExporter(memory, key=KEY)
    assert exporter.export(plain.get_finished_spans()) is SpanExportResult.FAILURE
    assert [span.name for span in memory.get_finished_spans()] == ["two", "two"]
    assert "RuntimeError" in caplog.text and SECRET not in caplog.text


def test_a_text_that_is_no_utf8_is_no_hindrance() -> None:
    path = "\udce9.txt"
    memory, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(FingerprintProcessor(SimpleSpanProcessor(memory), key=KEY))
    span = provider.get_tracer("tests").start_span("open")
    span.record_exception(FileNotFoundError(path))
    span.set_status(Status(StatusCode.ERROR, path))
    span.end()
    (copy,) = memory.get_finished_spans()
    assert copy.status.description is not None and len(copy.status.description) == 32
