#!/usr/bin/env python3
"""Checks the OTLP/HTTP door of a built `kilter serve` from outside: curl, the OpenTelemetry SDK, a lossy network.

Needs requirements.txt and curl. Takes under a minute. With --traces it sends recorded data sets instead, every line as a
request of its own, over OTLP/HTTP and then by `kilter send`, and compares what is alerted with `kilter replay`. Exit
status 0 when everything held; else 1, with the promise that did not hold and the engine's own words.

    python3 Tests/Acceptance/otlp_http.py --kilter .build/release/kilter
    python3 Tests/Acceptance/otlp_http.py --kilter .build/release/kilter --traces FOLDER
"""

import argparse
import json
import logging
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import zmq
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

import otlp_cases
import recorded_sets
import telemetry
from dropping_proxy import DroppingProxy
from engine import Engine
from events import Failure, Subscriber, require

#: Identical calls after which the default profile warns.
CALLS_TO_A_WARNING = 5
#: The longest an alert may take from the end of the call that completes it, over SDK, HTTP and ZeroMQ.
ALERT_SECONDS = 5


class Doors:
    def __init__(self, options, folder):
        self.deadline = time.monotonic() + options.seconds
        self.options = options
        self.folder = folder
        self.context = zmq.Context()
        self.engine = Engine(
            options.kilter, folder, options.host, options.workers, otlp_http=True, options=["--log-format", "json"])
        self.begins = (time.time_ns() // 1_000_000_000 - 3_600) * 1_000_000_000
        self.processed = 0
        self.duplicates = 0

    def run(self):
        self.step("starts and is ready", self.start)
        halves = [HalfRequest(self.engine.otlp, sent) for sent in HalfRequest.FORMS]
        halves.append(HalfRequest(self.engine.http, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"))
        self.step("answers as OTLP/HTTP demands", self.table)
        self.step("takes what curl sends, and invites large bodies", self.curl)
        for compression in (Compression.NoCompression, Compression.Gzip):
            name = f"{compression.value} exporter"
            self.step(f"alerts within {ALERT_SECONDS} s of the completing call of an SDK, {name}", lambda: self.sdk(compression))
        self.step("counts once what is sent again because its answer was lost", self.lost_answers)
        self.step("gives up requests whose rest does not come", lambda: self.give_up(halves))
        self.step("goes on without OTLP/HTTP when the port is taken", self.taken_port)
        self.step("says what it does, one JSON object a line", self.logs)
        self.step("ends with status 0", self.end)

    def step(self, promise, check):
        began = time.monotonic()
        try:
            check()
        except Failure as failure:
            raise Failure(f"{promise}: {failure}") from failure
        print(f"ok   {promise} ({time.monotonic() - began:.1f} s)", flush=True)

    def start(self):
        self.engine.wait_until_ready()
        self.engine.wait_until_said("OTLP/HTTP is answered on")
        self.subscriber = Subscriber(self.context, self.engine.endpoints["publish"], self.deadline)
        beats = self.subscriber.heartbeats
        self.subscriber.read_until(lambda: beats, "a heartbeat", seconds=8)

    def table(self):
        table = otlp_cases.Table(self.begins)
        before = self.engine.records("processed")
        rows = table.rows()
        for row in rows:
            row.check(self.engine.otlp)
        self.processed = before + table.taken
        self.engine.wait_for_records("processed", self.processed)
        for line in ('signal="traces",code="413"', 'signal="logs",code="200"', 'signal="none",code="404"'):
            require(f"kilter_otlp_requests_total{{{line}}}" in self.engine.metrics(), f"/metrics lacks {line}")

    def curl(self):
        requests = [telemetry.healthy_request(0xCC01 + index, self.begins) for index in range(2)]
        # Blanks that make curl ask (Expect: 100-continue) before it sends.
        bodies = [telemetry.json_bytes(requests[0]), telemetry.json_bytes(requests[1]) + b" " * (2 << 20)]
        for body in bodies:
            done = subprocess.run(
                ["curl", "--silent", "--show-error", "--verbose", "--max-time", "20", "--header", "Content-Type: application/json",
                 "--data-binary", "@-", f"http://{self.engine.otlp}/v1/traces"], input=body, capture_output=True, timeout=30)
            require(done.returncode == 0 and done.stdout == b"{}", f"curl: {done.stdout}, {done.stderr[-400:]}")
        require(b"100 Continue" in done.stderr, "curl asked first and was not invited")
        self.processed += len(bodies)
        self.engine.wait_for_records("processed", self.processed)

    def sdk(self, compression):
        agent = f"sdk-{compression.value}"
        calls = looping_agent(self.provider(agent, f"http://{self.engine.otlp}/v1/traces", compression), agent)
        for _ in range(CALLS_TO_A_WARNING):
            next(calls)
        completed = time.monotonic()
        self.subscriber.read_until(lambda: self.has_warned(agent), f"a warning about {agent}", seconds=ALERT_SECONDS)
        require(time.monotonic() - completed < ALERT_SECONDS, "the warning came late")
        calls.close()
        self.processed += CALLS_TO_A_WARNING + 1
        self.engine.wait_for_records("processed", self.processed)

    def provider(self, service, endpoint, compression):
        provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=endpoint, compression=compression)))
        return provider

    def has_warned(self, agent):
        alerts = [event.json["data"] for event in self.subscriber.of("alert")]
        return any(a["agent"] == agent and a["severity"] == "warning" and a["detector"] == "repeated_call" for a in alerts)

    def lost_answers(self):
        logging.getLogger("opentelemetry").setLevel(logging.ERROR)
        proxy = DroppingProxy(self.options.host, self.engine.otlp)
        calls = looping_agent(self.provider("lossy", f"http://{proxy.address}/v1/traces", Compression.NoCompression), "lossy")
        for _ in range(CALLS_TO_A_WARNING):
            next(calls)
        calls.close()
        proxy.close()
        spans = CALLS_TO_A_WARNING + 1
        require(proxy.lost == spans, f"{proxy.lost} answers were lost, {spans} requests were made")
        self.subscriber.read_until(lambda: self.has_warned("lossy"), "a warning about lossy")
        self.processed += spans
        self.duplicates += proxy.answers - spans
        self.engine.wait_for_records("processed", self.processed)
        self.engine.wait_for_records("duplicate", self.duplicates)
        ids = {e.json["data"]["alert_id"] for e in self.subscriber.of("alert") if e.json["data"]["agent"] == "lossy"}
        require(len(ids) == 1, f"one loop gave {len(ids)} alerts")

    def give_up(self, halves):
        for half in halves:
            answer = half.answer()
            require(answer.startswith(b"HTTP/1.1 408 "), f"{half.sent[:40]} was answered with {answer[:100]}")
        self.engine.wait_for_records("processed", self.processed)

    def taken_port(self):
        folder = self.folder / "second"
        folder.mkdir()
        second = Engine(self.options.kilter, folder, self.options.host, 1, otlp_http=self.engine.otlp)
        try:
            second.wait_until_ready()
            second.wait_until_said("is already in use; choose another address with --otlp-http")
            require(second.get("/healthz") == 200, "the second engine is not healthy")
            require(second.stop() == 0, "the second engine did not end with status 0")
        finally:
            second.kill()

    def logs(self):
        said = [json.loads(line) for line in self.engine.said().splitlines()]
        for line in said:
            require({"time", "level", "logger", "message"} <= line.keys(), f"a line of the log lacks something: {line}")
        urls = [line["otlp_http"] for line in said if "otlp_http" in line]
        require(urls == [f"http://{self.engine.otlp}"], f"the address of OTLP/HTTP is given as {urls}")
        for name in self.engine.endpoints.values():
            require(name in self.engine.said(), f"the log does not name {name}")

    def end(self):
        status = self.engine.stop()
        require(status == 0, f"SIGTERM ended the engine with status {status}")
        last = json.loads(self.engine.said().splitlines()[-1])
        require(last["records"] >= self.processed, f"the last line of the log is {last}")

    def close(self):
        self.engine.kill()
        self.context.destroy(linger=0)


class HalfRequest:
    """The beginning of a request on a connection of its own, whose rest never comes."""

    FORMS = (
        b"POST /v1/tra", b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Ty",
        b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
        b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    )

    def __init__(self, address, sent):
        host, port = address.rsplit(":", 1)
        self.sent = sent
        self.received = b""
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        self.socket.sendall(sent)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            while part := self.socket.recv(4_096):
                self.received += part
        except OSError as error:
            self.received += str(error).encode()

    def answer(self):
        """What came until the engine closed the connection."""
        self.thread.join(timeout=30)
        require(not self.thread.is_alive(), f"{self.sent[:40]} is still waited for")
        return self.received


def looping_agent(provider, agent):
    """Spans as an instrumented agent makes them: the same call with the same result, exported as each ends; one a step.

    Closing the generator ends the agent's own span.
    """
    tracer = provider.get_tracer("acceptance")
    with tracer.start_as_current_span(f"invoke_agent {agent}"):
        while True:
            with tracer.start_as_current_span("execute_tool lookup") as span:
                span.set_attribute("gen_ai.operation.name", "execute_tool")
                span.set_attribute("gen_ai.agent.name", agent)
                span.set_attribute("gen_ai.conversation.id", f"{agent}-conversation")
                span.set_attribute("gen_ai.tool.name", "lookup")
                span.set_attribute("gen_ai.tool.call.arguments", '{"id": 7}')
                span.set_attribute("gen_ai.tool.call.result", "nothing found")
            yield


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kilter", required=True, type=pathlib.Path, help="the binary to check")
    parser.add_argument("--host", default="127.0.0.1", help="address whose free ports are used (default %(default)s)")
    parser.add_argument("--workers", default=2, type=int, help="workers of the engine (default %(default)s)")
    parser.add_argument("--seconds", default=120, type=float, help="the longest the whole check may take (default %(default)s)")
    parser.add_argument("--traces", type=pathlib.Path, help="folder of data sets, each a folder with spans-*.jsonl, .gz or .zst")
    options = parser.parse_args()
    options.kilter = options.kilter.resolve()
    if not options.kilter.is_file():
        print(f"no such binary: {options.kilter}", file=sys.stderr)
        return 66
    if options.traces:
        return recorded_sets.run(options)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kilter-otlp-"))
    doors = Doors(options, folder)
    try:
        doors.run()
    except (Failure, subprocess.TimeoutExpired) as failure:
        print(f"FAIL {failure}", file=sys.stderr)
        print(doors.engine.said()[-4_000:], file=sys.stderr)
        return 1
    finally:
        doors.close()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
