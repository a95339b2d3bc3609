"""Requests as a telemetry pipeline would send them, in every form the contract accepts."""

import gzip
import itertools
import json
import struct

import zstandard
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

ENCODINGS = ("otlp_json", "otlp_proto")
FRAMES = (3, 2, 1)
COMPRESSIONS = ("none", "gzip", "zstd")
#: Every combination of encoding, number of frames and compression.
FORMS = tuple(itertools.product(ENCODINGS, FRAMES, COMPRESSIONS))

#: Identical calls at the end of a run; the last of them makes the alert critical.
IDENTICAL_CALLS = 8


def looping_run(name, begins_ns, requests):
    """One agent that works on varied calls, then makes the same call again and again.

    Returns `requests` OTLP/JSON requests, each with a model call and the tool call it asked for; the arguments of the
    identical calls come with their keys in different orders. No request is larger than 4 KB.
    """
    built = []
    trace = f"{abs(hash_text(name)):032x}"[-32:]
    for index in range(requests):
        identical = index >= requests - IDENTICAL_CALLS
        arguments = {"order_id": "ORD-77120", "amount_cents": 4990, "currency": "EUR", "retry": False}
        if not identical:
            arguments["order_id"] = f"ORD-{50_000 + index}"
        pairs = list(arguments.items())
        pairs = pairs[index % 4 :] + pairs[: index % 4]
        result = {"state": "pending"} if identical else {"state": "done", "reference": f"R-{index}"}
        start = begins_ns + index * 2_000_000_000
        own = [("gen_ai.agent.name", name), ("gen_ai.conversation.id", f"{name}-conversation")]
        chat = span(
            trace, f"{index * 2 + 1:016x}", "chat gpt-5-mini", 3, start, start + 900_000_000,
            [("gen_ai.operation.name", "chat"), *own, ("gen_ai.provider.name", "openai"),
             ("gen_ai.request.model", "gpt-5-mini"), ("gen_ai.usage.input_tokens", 1_200 + 60 * index),
             ("gen_ai.usage.output_tokens", 48)])
        tool = span(
            trace, f"{index * 2 + 2:016x}", "execute_tool send_refund", 1, start + 910_000_000, start + 1_400_000_000,
            [("gen_ai.operation.name", "execute_tool"), *own, ("gen_ai.tool.name", "send_refund"),
             ("gen_ai.tool.call.id", f"call_{index}"), ("gen_ai.tool.call.arguments", json.dumps(dict(pairs))),
             ("gen_ai.tool.call.result", json.dumps(result))])
        built.append(request("acceptance-desk", [chat, tool]))
    return built


def healthy_request(number, begins_ns):
    """One span of an agent that does nothing wrong; what junk is made from."""
    only = span(
        f"{0xFEED0000 + number:032x}", f"{number + 1:016x}", "chat gpt-5-mini", 3, begins_ns, begins_ns + 1_000_000,
        [("gen_ai.operation.name", "chat"), ("gen_ai.agent.name", "bystander"), ("gen_ai.request.model", "gpt-5-mini")])
    return request("acceptance-desk", [only])


def hash_text(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    return value * 0x9E3779B97F4A7C15 + 1


def span(trace, identity, name, kind, start, end, attributes):
    return {
        "traceId": trace, "spanId": identity, "parentSpanId": "00000000000000ff", "name": name, "kind": kind,
        "startTimeUnixNano": str(start), "endTimeUnixNano": str(end), "attributes": [attribute(*a) for a in attributes],
        "status": {},
    }


def attribute(key, value):
    return {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}


def request(service, spans):
    resource = {"attributes": [attribute("service.name", service), attribute("deployment.environment.name", "test")]}
    scope = {"name": "acceptance", "version": "1"}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": spans}]}]}


def json_bytes(request):
    return json.dumps(request, separators=(",", ":")).encode()


def proto_bytes(request):
    """The same request as protobuf. Protobuf's own JSON mapping reads ids as base64, OTLP writes hex: so by hand."""
    message = ExportTraceServiceRequest()
    for resource_spans in request["resourceSpans"]:
        resource = message.resource_spans.add()
        copy_attributes(resource_spans["resource"]["attributes"], resource.resource.attributes)
        for scope_spans in resource_spans["scopeSpans"]:
            scope = resource.scope_spans.add()
            scope.scope.name = scope_spans["scope"]["name"]
            scope.scope.version = scope_spans["scope"]["version"]
            for source in scope_spans["spans"]:
                target = scope.spans.add()
                target.trace_id = bytes.fromhex(source["traceId"])
                target.span_id = bytes.fromhex(source["spanId"])
                target.parent_span_id = bytes.fromhex(source["parentSpanId"])
                target.name = source["name"]
                target.kind = source["kind"]
                target.start_time_unix_nano = int(source["startTimeUnixNano"])
                target.end_time_unix_nano = int(source["endTimeUnixNano"])
                copy_attributes(source["attributes"], target.attributes)
    return message.SerializeToString()


def copy_attributes(source, target):
    for attribute in source:
        pair = target.add()
        pair.key = attribute["key"]
        value = attribute["value"]
        if "intValue" in value:
            pair.value.int_value = int(value["intValue"])
        else:
            pair.value.string_value = value["stringValue"]


def compressed(payload, compression):
    if compression == "gzip":
        return gzip.compress(payload, mtime=0)
    if compression == "zstd":
        return zstandard.ZstdCompressor().compress(payload)
    return payload


class Publisher:
    """Sends requests on one socket, with a sequence number per topic in messages of three frames."""

    def __init__(self, socket, name):
        self.socket = socket
        self.name = name
        self.sequences = {}

    def send(self, request, form):
        encoding, frames, compression = form
        payload = json_bytes(request) if encoding == "otlp_json" else proto_bytes(request)
        payload = compressed(payload, compression)
        topic = f"traces.{encoding}.{self.name}".encode()
        if frames == 3:
            self.sequences[topic] = self.sequences.get(topic, 0) + 1
            self.socket.send_multipart([topic, struct.pack(">Q", self.sequences[topic]), payload])
        elif frames == 2:
            self.socket.send_multipart([topic, payload])
        else:
            self.socket.send(payload)
