"""What reaches an open port besides telemetry. None of it may end the engine or change an event."""

import gzip
import json
import random
import struct

import telemetry


def messages(seed, begins_ns):
    """A list of multipart messages, all of them wrong in their own way; the same for the same seed."""
    source = random.Random(seed)
    good = telemetry.healthy_request(seed, begins_ns)
    as_json = telemetry.json_bytes(good)
    as_proto = telemetry.proto_bytes(good)
    sequence = struct.pack(">Q", 1)
    noise = [source.randbytes(length) for length in (1, 7, 64, 1_000, 40_000)]
    found = [[b"traces.otlp_proto", sequence, bytes] for bytes in noise]
    found += [[b"traces.otlp_json", bytes] for bytes in noise]
    found += [[bytes] for bytes in noise]
    found += wrong_frames(as_json, sequence)
    found += broken_payloads(as_json, as_proto)
    found += not_telemetry()
    source.shuffle(found)
    return found


def wrong_frames(payload, sequence):
    topic = b"traces.otlp_json"
    return [
        [b"metrics.otlp_proto", payload], [b"traces.msgpack", payload], [b"traces", payload], [b"", payload],
        [b"traces.otlp_json\xff\xfe", sequence, payload], [b"x" * 5_000, sequence, payload],
        [topic, b"\x00\x01\x02", payload], [topic, b"q" * 64, payload],
        [topic, sequence, payload, b"extra"], [topic, *[b"frame"] * 9], [b""] * 10, [b"", b"", b""], [b"", b""], [b""],
        [topic, sequence, b""], [topic, b""],
    ]


def broken_payloads(as_json, as_proto):
    json_topic, proto_topic = b"traces.otlp_json", b"traces.otlp_proto"
    zipped = gzip.compress(as_json, mtime=0)
    bomb = gzip.compress(b"0" * 20_000_000, mtime=0)
    found = [[proto_topic, as_proto[:cut]] for cut in (1, 3, len(as_proto) // 2, len(as_proto) - 1)]
    found += [[json_topic, as_json[:cut]] for cut in (1, len(as_json) // 2, len(as_json) - 1)]
    found += [
        [proto_topic, as_json], [json_topic, as_proto],
        [proto_topic, b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"], [proto_topic, b"\x0b" * 500],
        [proto_topic, b"\x0a" + b"\xff" * 11], [proto_topic, nested_proto(2_000)],
        [json_topic, zipped[: len(zipped) // 2]], [json_topic, zipped[:10] + b"\xff" * 200],
        [json_topic, b"\x1f\x8b"], [json_topic, b"\x28\xb5\x2f\xfd" + b"\x07" * 50], [json_topic, bomb],
        [json_topic, as_json.replace(b"bystander", b"by\xff\xfestander")],
    ]
    return found


def nested_proto(depth):
    """Attribute values inside attribute values, as deep as asked."""
    payload = b""
    for _ in range(depth):
        payload = b"\x0a" + length_prefix(payload)
        payload = b"\x2a" + length_prefix(payload)
    for field in (b"\x12", b"\x0a", b"\x0a", b"\x0a"):
        payload = field + length_prefix(payload)
    return payload


def length_prefix(payload):
    length = len(payload)
    prefix = bytearray()
    while length >= 0x80:
        prefix.append(length & 0x7F | 0x80)
        length >>= 7
    prefix.append(length)
    return bytes(prefix) + payload


def not_telemetry():
    def in_span(**fields):
        body = {
            "traceId": "ab" * 16, "spanId": "cd" * 8, "name": "x", "kind": 1, "startTimeUnixNano": "1",
            "endTimeUnixNano": "2", "attributes": [], "status": {}}
        body.update(fields)
        return telemetry.json_bytes(telemetry.request("acceptance-desk", [body]))

    payloads = [
        b"[" * 100_000, b'{"a":' * 50_000 + b"1" + b"}" * 50_000, b"{}", b"[]", b"null", b'"text"', b"17",
        json.dumps({"resourceSpans": 5}).encode(), json.dumps({"resourceSpans": [[[]]]}).encode(),
        json.dumps({"resourceMetrics": []}).encode(), b'{"resourceSpans":[}', b'{"resourceSpans":[]} trailing',
        in_span(traceId="00" * 16), in_span(traceId="zz"), in_span(spanId=""), in_span(spanId=7),
        in_span(endTimeUnixNano="0"), in_span(startTimeUnixNano="9" * 40), in_span(startTimeUnixNano=-5),
        in_span(attributes=[{"key": "gen_ai.usage.input_tokens", "value": {"doubleValue": 1e308}}]),
        in_span(attributes=[{"key": "gen_ai.usage.input_tokens", "value": {"intValue": "9" * 30}}]),
        in_span(attributes=[{"key": "a", "value": {}}, {"value": {"stringValue": "b"}}, {}, 3]),
        in_span(name=None, kind="3", status={"code": "ERROR"}),
    ]
    return [[b"traces.otlp_json", payload] for payload in payloads]
