"""Kilter for Python: send spans of AI agents, keep their content at home, receive alerts and breaker trips.

- `ZmqSpanExporter`, `AckedSpanExporter`: exporters of the OpenTelemetry SDK over ZeroMQ.
- `tool_call`, `traced_tool`, `message`: fingerprints on spans whose content is not captured.
- `AgentNameProcessor`: the agent's name on every span of its run.
- `FingerprintProcessor`, `FingerprintingExporter`: fingerprints in place of content that is captured.
- `Subscriber`: events in order, gaps filled, a dead engine noticed.
"""

from .acked import AckedCounts, AckedSpanExporter, Patience
from .calls import message, tool_call, traced_tool
from .events import (
    ActiveBreaker, AlertData, AlertEvent, BreakerData, BreakerEvent, Connected, Event, Gone, Heartbeat, IncidentEvent,
    Item, NoticeEvent, Refused, Silent, StateComplete, Stream,
)
from .identity import AgentNameProcessor
from .fingerprints import Fingerprint, Fingerprinter, process_fingerprinter, use_key
from .push import SendCounts, ZmqSpanExporter
from .redaction import FingerprintingExporter, FingerprintProcessor
from .reading import Position
from .subscriber import EngineSilent, Subscriber

__all__ = [
    "AckedCounts", "AckedSpanExporter", "ActiveBreaker", "AgentNameProcessor", "AlertData", "AlertEvent", "BreakerData", "BreakerEvent",
    "Connected", "EngineSilent", "Event", "Fingerprint", "FingerprintProcessor", "Fingerprinter",
    "FingerprintingExporter", "Gone", "Heartbeat", "IncidentEvent", "Item", "NoticeEvent", "Patience", "Position",
    "Refused", "SendCounts", "Silent", "StateComplete", "Stream", "Subscriber", "ZmqSpanExporter", "message",
    "process_fingerprinter", "tool_call", "traced_tool", "use_key",
]
