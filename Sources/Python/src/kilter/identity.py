"""Names the agent on every span of its run, because a span ends before the one around it that bears the name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import get_current_span

#: What the spans of one run share, under the names of the conventions.
SHARED: Final = ("gen_ai.agent.name", "gen_ai.conversation.id")


def shared_of(parent: object) -> dict[str, str]:
    """What a span inherits from `parent`, if that is one of this process that is still open."""
    attributes: Mapping[str, object] = (parent.attributes or {}) if isinstance(parent, ReadableSpan) else {}
    return {key: value for key in SHARED if isinstance(value := attributes.get(key), str)}


class AgentNameProcessor(SpanProcessor):
    """Gives each span that starts the agent's name and the conversation of the span around it.

    A span that names its own keeps it. Add it before the processors that export.
    """

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        for key, value in shared_of(get_current_span(parent_context)).items():
            if key not in (span.attributes or {}):
                span.set_attribute(key, value)

    def on_end(self, span: ReadableSpan) -> None:
        """Does nothing."""

    def shutdown(self) -> None:
        """Does nothing."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True
