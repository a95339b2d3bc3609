"""Replaces content by fingerprints on the way out, for agents whose instrumentation does capture content.

A span cannot change once it has ended, so a copy goes on instead. Wrap the processor or the exporter that leads to
Kilter; others of the same provider still see the content.

    provider.add_span_processor(FingerprintProcessor(BatchSpanProcessor(ZmqSpanExporter())))
    provider.add_span_processor(BatchSpanProcessor(FingerprintingExporter(ZmqSpanExporter())))
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace import Event, ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Link, Status
from opentelemetry.util.types import AttributeValue

from . import calls, content
from .fingerprints import Fingerprint, Fingerprinter, process_fingerprinter

_log = logging.getLogger(__name__)


class FingerprintedSpan(ReadableSpan):
    """A copy of an ended span with other attributes, events, links and status."""

    def __init__(
        self, span: ReadableSpan, attributes: Mapping[str, AttributeValue], events: Sequence[Event], links: Sequence[Link],
        status: Status,
    ) -> None:
        super().__init__(
            name=span.name, context=span.get_span_context(), parent=span.parent, resource=span.resource,
            attributes=attributes, events=events, links=links, kind=span.kind, status=status,
            start_time=span.start_time, end_time=span.end_time, instrumentation_scope=span.instrumentation_scope,
        )
        self._dropped = (span.dropped_attributes, span.dropped_events, span.dropped_links)

    @property
    def dropped_attributes(self) -> int:
        return self._dropped[0]

    @property
    def dropped_events(self) -> int:
        return self._dropped[1]

    @property
    def dropped_links(self) -> int:
        return self._dropped[2]


class Redactor:
    """Makes the copies. Fingerprints that a span carries already stay as they are.

    With `drop_content` no attribute of a span, its events or links goes out that the GenAI conventions, OpenInference,
    OpenLLMetry and their relatives keep content in (`kilter.content` lists them): arguments, results, prompts, answers,
    messages, documents, tool definitions, and of a request's parameters all but the model. Texts of errors become
    fingerprints and stack traces go. Attributes of your own that hold content are named by `also`: keys, or their
    beginnings when they end in a dot. Names of spans and events, identities, token counts and durations stay, and so do
    the resource and what other libraries write (`url.full`). Without `drop_content` fingerprints are added and nothing goes.

    Only a tool's own span gets fingerprints. Where it says nothing of its arguments, and only the model's answer that asked
    for the call does, dropping the answer drops the evidence: mark such tools with `tool_call` or `traced_tool`.
    """

    def __init__(self, fingerprinter: Fingerprinter, *, drop_content: bool = True, also: Sequence[str] = ()) -> None:
        self._maker = fingerprinter
        self._drops = drop_content
        self._also = frozenset(also)
        self._also_below = tuple(key for key in also if key.endswith("."))

    def copy(self, span: ReadableSpan) -> ReadableSpan:
        before: Mapping[str, AttributeValue] = span.attributes or {}
        after = {**self._kept(before, span.name), **self._fingerprints(before, span.name)}
        if not self._drops:
            return FingerprintedSpan(span, after, span.events, span.links, span.status)
        events = [self._event(event) for event in span.events]
        return FingerprintedSpan(span, after, events, [self._link(link) for link in span.links], self._status(span.status))

    def copies(self, spans: Sequence[ReadableSpan]) -> list[ReadableSpan]:
        """Copies of the spans. Never raises: one that cannot be copied stays here whole."""
        made: list[ReadableSpan] = []
        for span in spans:
            try:
                made.append(self.copy(span))
            except Exception as error:
                _log.error("a span without fingerprints is not sent: %s", type(error).__name__)
        return made

    def _fingerprints(self, attributes: Mapping[str, AttributeValue], name: str) -> dict[str, AttributeValue]:
        is_tool = content.is_tool_span(name, attributes)
        found: dict[str, AttributeValue] = {}
        self._note(found, attributes, calls.ARGUMENTS_HASH, calls.ARGUMENTS_CHARACTERS,
                   self._of(content.arguments_of(attributes, is_tool=is_tool)))
        self._note(found, attributes, calls.RESULT_HASH, calls.RESULT_CHARACTERS,
                   self._of(content.result_of(attributes, is_tool=is_tool)))
        text = attributes.get(content.MESSAGE_TEXT)
        if isinstance(text, str) and text:
            self._note(found, attributes, calls.MESSAGE_HASH, calls.MESSAGE_CHARACTERS, self._maker.message(text))
        return found

    def _of(self, value: object | None) -> Fingerprint | None:
        return None if value is None else self._maker.fingerprint(value)

    @staticmethod
    def _note(
        found: dict[str, AttributeValue], attributes: Mapping[str, AttributeValue],
        hash_key: str, characters_key: str, made: Fingerprint | None,
    ) -> None:
        if made is not None and hash_key not in attributes:
            found[hash_key] = made.hash
            found.setdefault(characters_key, attributes.get(characters_key, made.characters))

    def _kept(self, attributes: Mapping[str, AttributeValue], name: str) -> dict[str, AttributeValue]:
        if not self._drops:
            return dict(attributes)
        kept = {key: self._error_text(key, value) for key, value in attributes.items() if not self._is_content(key)}
        model = content.model_of(attributes.get(content.REQUEST_PARAMETERS))
        if model is not None:
            kept[content.REQUEST_PARAMETERS] = model
        kept.update({key: attributes[key] for key in content.parties_of(name, attributes)})
        return kept

    def _is_content(self, key: str) -> bool:
        return content.is_content(key) or self._is_named(key)

    def _is_named(self, key: str) -> bool:
        return key in self._also or (bool(self._also_below) and key.startswith(self._also_below))

    def _error_text(self, key: str, value: AttributeValue) -> AttributeValue:
        if key not in content.ERROR_TEXTS or value == "" or isinstance(value, bool):
            return value
        return self._maker.error(str(value))

    def _event(self, event: Event) -> Event:
        before = dict(event.attributes or {})
        kept = {
            key: self._error_text(key, value)
            for key, value in before.items()
            if not content.is_content_of_event(event.name, key) and not self._is_named(key)
        }
        return event if kept == before else Event(event.name, kept, event.timestamp)

    def _link(self, link: Link) -> Link:
        before = dict(link.attributes or {})
        kept = {key: self._error_text(key, value) for key, value in before.items() if not self._is_content(key)}
        return link if kept == before else Link(link.context, kept)

    def _status(self, status: Status) -> Status:
        if not status.description:
            return status
        return Status(status.status_code, self._maker.error(status.description))


class FingerprintProcessor(SpanProcessor):
    """Hands ended spans on to `inner` as copies, content replaced by fingerprints (see `Redactor`).

    The key is `key`, else that of the process (see `process_fingerprinter`).
    """

    def __init__(
        self, inner: SpanProcessor, *, key: bytes | str | None = None, drop_content: bool = True, also: Sequence[str] = ()
    ) -> None:
        self._inner = inner
        self._redactor = _redactor(key, drop_content, also)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self._inner.on_start(span, parent_context)

    def _on_ending(self, span: Span) -> None:
        self._inner._on_ending(span)

    def on_end(self, span: ReadableSpan) -> None:
        for copy in self._redactor.copies([span]):
            self._inner.on_end(copy)

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)


class FingerprintingExporter(SpanExporter):
    """Exports through `inner`, content replaced by fingerprints (see `Redactor`): in the thread that exports, so that the
    agent's own does not pay for it. The key is `key`, else that of the process (see `process_fingerprinter`).
    """

    def __init__(
        self, inner: SpanExporter, *, key: bytes | str | None = None, drop_content: bool = True, also: Sequence[str] = ()
    ) -> None:
        self._inner = inner
        self._redactor = _redactor(key, drop_content, also)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        copies = self._redactor.copies(spans)
        result = self._inner.export(copies)
        return result if len(copies) == len(spans) else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)


def _redactor(key: bytes | str | None, drop_content: bool, also: Sequence[str]) -> Redactor:
    maker = process_fingerprinter() if key is None else Fingerprinter(key)
    return Redactor(maker, drop_content=drop_content, also=also)
