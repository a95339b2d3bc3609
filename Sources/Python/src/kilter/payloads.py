"""Spans as OTLP messages small enough for the engine."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan

_log = logging.getLogger(__name__)

#: Bytes of one message that the engine takes; one beyond is counted there as `payload_too_large`.
MESSAGE_BYTES_MAX = 8 << 20
#: Bytes of the frames before the payload, at most.
_FRAMES_BYTES = 4 << 10

TOPIC = "traces.otlp_proto"

Compression = Literal["gzip", "zstd"]


class Payload(NamedTuple):
    """One `ExportTraceServiceRequest`, perhaps compressed."""

    #: None for a single span that is too large for a message, or that OTLP cannot express.
    data: bytes | None
    spans: int


def topic(suffix: str) -> bytes:
    """Frame 1: signal, encoding and the publisher's own routing key, ASCII."""
    name = f"{TOPIC}.{suffix}" if suffix else TOPIC
    return name.encode("ascii")


def sequence_frame(sequence: int) -> bytes:
    """Frame 2: 8 bytes, big-endian."""
    return sequence.to_bytes(8, "big")


def payloads(spans: Sequence[ReadableSpan], compression: Compression | None) -> Iterator[Payload]:
    """The spans in their order, halved until each part fits a message before compression and one that OTLP cannot express
    (half a surrogate pair in its name) stands alone."""
    data = _encoded(spans)
    if data is not None:
        yield Payload(compressed(data, compression), len(spans))
    elif len(spans) == 1:
        yield Payload(None, 1)
    else:
        half = len(spans) // 2
        yield from payloads(spans[:half], compression)
        yield from payloads(spans[half:], compression)


def _encoded(spans: Sequence[ReadableSpan]) -> bytes | None:
    try:
        request = encode_spans(spans)
    except Exception as error:  # its text may quote the span
        if len(spans) == 1:
            _log.error("a span that OTLP cannot express is dropped: %s", type(error).__name__)
        return None
    return request.SerializeToString() if request.ByteSize() <= MESSAGE_BYTES_MAX - _FRAMES_BYTES else None


def check_compression(compression: str | None) -> None:
    """Raises for a compression that is unknown or not installed: at the start, not at the first span."""
    if compression not in (None, "gzip", "zstd"):
        raise ValueError(f"compression is gzip, zstd or None, not {compression!r}")
    if compression == "zstd":
        import zstandard  # noqa: F401  (the extra `zstd`)


def compressed(data: bytes, compression: Compression | None) -> bytes:
    """Lightly compressed; the engine tells which way by the first bytes."""
    if compression == "gzip":
        return gzip.compress(data, compresslevel=1, mtime=0)
    if compression == "zstd":
        import zstandard

        return zstandard.ZstdCompressor(level=1).compress(data)
    return data
