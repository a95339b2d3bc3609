"""What OTLP/HTTP demands of a server, as a table: one request and its answer a row."""

import gzip
import http.client
import json
from dataclasses import dataclass, field

import zstandard
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

import telemetry
from events import require

JSON = "application/json"
PROTOBUF = "application/x-protobuf"
BODY_MAX = 64 << 20


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict
    body: bytes


def post(address, path, body, content_type=PROTOBUF, headers=(), method="POST", connection=None):
    """One request; a body that is an iterator goes in chunks. A header None is left out."""
    own = connection or http.client.HTTPConnection(address, timeout=30)
    fields = {"Content-Type": content_type, **dict(headers)}
    own.request(method, path, body=body, headers={k: v for k, v in fields.items() if v is not None})
    answer = own.getresponse()
    found = Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    if connection is None:
        own.close()
    return found


@dataclass(frozen=True)
class Case:
    """A request, the status it must get, and what else must be true of the answer."""

    name: str
    status: int
    path: str = "/v1/traces"
    body: object = b""
    content_type: str = PROTOBUF
    headers: dict = field(default_factory=dict)
    method: str = "POST"
    #: Records refused out of a request that was taken; with `status` 200.
    rejected: int = 0
    answer_headers: dict = field(default_factory=dict)

    def check(self, address):
        answer = post(address, self.path, self.body, self.content_type, self.headers, self.method)
        require(answer.status == self.status, f"{self.name}: {answer.status} instead of {self.status}, {answer.body[:200]}")
        for name, value in self.answer_headers.items():
            require(answer.headers.get(name) == value, f"{self.name}: {name} is {answer.headers.get(name)}")
        kind = (self.content_type or "").split(";")[0].strip().lower()
        if kind in (JSON, PROTOBUF):
            require(answer.headers["content-type"] == kind, f"{self.name}: answered as {answer.headers['content-type']}")
            if self.method != "HEAD":
                self.check_body(answer.body, kind)
        else:
            require(self.status != 200, f"{self.name}: taken although of type {kind}")

    def check_body(self, body, kind):
        if self.status != 200:
            sentence = json.loads(body)["message"] if kind == JSON else Status.FromString(body).message
            require(sentence.endswith("."), f"{self.name}: the status says {sentence!r}")
            return
        if self.rejected == 0:
            require(body == (b"{}" if kind == JSON else b""), f"{self.name}: a whole success says {body!r}")
            return
        is_logs = self.path == "/v1/logs"
        if kind == JSON:
            partial = json.loads(body)["partialSuccess"]
            rejected = int(partial["rejectedLogRecords" if is_logs else "rejectedSpans"])
            sentence = partial["errorMessage"]
        else:
            kind = ExportLogsServiceResponse if is_logs else ExportTraceServiceResponse
            partial = kind.FromString(body).partial_success
            rejected = partial.rejected_log_records if is_logs else partial.rejected_spans
            sentence = partial.error_message
        require(rejected == self.rejected, f"{self.name}: {rejected} rejected instead of {self.rejected}")
        require("trace id" in sentence, f"{self.name}: the reason given is {sentence!r}")


def chunks(payload, count=7):
    size = -(-len(payload) // count)
    return (payload[index : index + size] for index in range(0, len(payload), size))


class Table:
    """The rows, with fresh records wherever a request is taken. `taken` is how many records that is."""

    def __init__(self, begins_ns):
        self.begins_ns = begins_ns
        self.taken = 0

    def request(self, bad=0):
        """A request with one good span and `bad` ones whose trace id is too short."""
        self.taken += 1
        request = telemetry.healthy_request(0x0C0F0000 + self.taken, self.begins_ns)
        spans = request["resourceSpans"][0]["scopeSpans"][0]["spans"]
        spans += [{**spans[0], "traceId": "abcd", "spanId": f"{index + 1:016x}"} for index in range(bad)]
        return request

    def proto(self, bad=0):
        return telemetry.proto_bytes(self.request(bad))

    def json(self, bad=0):
        return telemetry.json_bytes(self.request(bad))

    def rows(self):
        return [*self.taken_rows(), *self.logs_rows(), *self.refused_rows(), *self.large_rows()]

    def taken_rows(self):
        yield Case("protobuf", 200, body=self.proto())
        yield Case("JSON", 200, body=self.json(), content_type=JSON)
        for coding, pack in (("gzip", gzip.compress), ("zstd", zstandard.ZstdCompressor().compress), ("identity", bytes)):
            yield Case(f"{coding} protobuf", 200, body=pack(self.proto()), headers={"Content-Encoding": coding})
            yield Case(f"{coding} JSON", 200, body=pack(self.json()), content_type=JSON, headers={"Content-Encoding": coding})
        yield Case("a coding in capitals", 200, body=gzip.compress(self.proto()), headers={"Content-Encoding": "GZIP"})
        yield Case("a type with a parameter", 200, body=self.json(), content_type="application/json; charset=utf-8")
        yield Case("a type in capitals", 200, body=self.proto(), content_type="Application/X-Protobuf")
        yield Case("chunks", 200, body=chunks(self.proto()))
        yield Case("gzip in chunks", 200, body=chunks(gzip.compress(self.json())), content_type=JSON,
                   headers={"Content-Encoding": "gzip"})
        yield Case("a query", 200, path="/v1/traces?x=1", body=self.proto())
        yield Case("no body, protobuf", 200)
        yield Case("no body, JSON", 200, content_type=JSON)
        yield Case("an empty object", 200, body=b"{}", content_type=JSON)
        yield Case("an unknown field", 200, body=b'{"resourceSpans":[],"later":1}', content_type=JSON)
        yield Case("some rejected, protobuf", 200, body=self.proto(bad=3), rejected=3)
        yield Case("some rejected, JSON", 200, body=self.json(bad=300), content_type=JSON, rejected=300)

    def logs_rows(self):
        for name, bad in (("logs", 0), ("logs, one rejected", 1)):
            records = [self.log_record(), *(self.log_record("abcd") for _ in range(bad))]
            request = {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}
            yield Case(f"{name}, JSON", 200, "/v1/logs", telemetry.json_bytes(request), JSON, rejected=bad)
            message = ExportLogsServiceRequest()
            scope = message.resource_logs.add().scope_logs.add()
            for record in (self.log_record(), *records[1:]):
                target = scope.log_records.add(
                    time_unix_nano=int(record["timeUnixNano"]), trace_id=bytes.fromhex(record["traceId"]))
                telemetry.copy_attributes(record["attributes"], target.attributes)
            yield Case(f"{name}, protobuf", 200, "/v1/logs", message.SerializeToString(), PROTOBUF, rejected=bad)
        yield Case("no logs at all", 200, path="/v1/logs")

    def log_record(self, trace=None):
        """A record about a trace of its own, because the same record again is a duplicate."""
        if trace is None:
            self.taken += 1
            trace = f"{0x0C0F0000 + self.taken:032x}"
        return {"timeUnixNano": str(self.begins_ns), "traceId": trace,
                "attributes": [telemetry.attribute("kilter.outcome", "approved")]}

    def refused_rows(self):
        good = telemetry.proto_bytes(telemetry.healthy_request(0x0BAD, self.begins_ns))
        yield Case("no protobuf", 400, body=b"\xff\xff\xff\xff")
        yield Case("protobuf that is cut", 400, body=good[:-3])
        yield Case("no JSON", 400, body=b"{", content_type=JSON)
        yield Case("JSON that is no request", 400, body=b'{"resourceSpans":{"a":1}}', content_type=JSON)
        yield Case("no gzip", 400, body=good, headers={"Content-Encoding": "gzip"})
        yield Case("gzip that is cut", 400, body=gzip.compress(good)[:-9], headers={"Content-Encoding": "gzip"})
        yield Case("another path", 404, path="/", body=good)
        yield Case("another path, JSON", 404, path="/v1/spans", body=b"{}", content_type=JSON)
        yield Case("metrics", 404, path="/v1/metrics", body=good)
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            yield Case(method, 405, method=method, body=None, answer_headers={"allow": "POST"})
        for kind in (None, "text/plain", "application/octet-stream", "application/jsonl", "application/x-www-form-urlencoded"):
            yield Case(f"type {kind}", 415, body=good, content_type=kind)
        for coding in ("br", "deflate", "gzip, gzip"):
            yield Case(f"coding {coding}", 415, body=good, headers={"Content-Encoding": coding},
                       answer_headers={"accept-encoding": "gzip, zstd, identity"})
        yield Case("the name of another host", 421, body=good, headers={"Host": "attacker.example:4318"})

    def large_rows(self):
        blanks = b" " * (BODY_MAX + 1)
        yield Case("one byte too many", 413, body=blanks, content_type=JSON)
        yield Case("too many bytes in chunks", 413, body=chunks(blanks, 64), content_type=JSON)
        for coding, pack in (("gzip", gzip.compress), ("zstd", zstandard.ZstdCompressor().compress)):
            yield Case(f"too many bytes in {coding}", 413, body=pack(blanks), content_type=JSON,
                       headers={"Content-Encoding": coding})
