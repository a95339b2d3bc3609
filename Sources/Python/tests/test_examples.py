"""Each example against the real engine: a loop is told within five seconds of the call that completes it, unless
nothing about its arguments and results left the process. Needs `--kilter=PATH`, and the examples' requirements."""

from __future__ import annotations

import contextlib
import pathlib
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import zmq
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from engine import Engine
from kilter import AlertEvent, Connected, Subscriber

EXAMPLES = pathlib.Path(__file__).parent.parent / "examples"
NAMES = ("plain_opentelemetry", "openinference_agent", "openllmetry_agent")
#: Parts of what the examples' content is made of.
CONTENT = (b"Lovelace", b"order_id", b"Where is my order", b"Looks up")

for package in ("openai", "openinference.instrumentation.openai", "opentelemetry.instrumentation.openai"):
    pytest.importorskip(package, reason="the examples' requirements are not installed (extra `test`)")


@contextlib.contextmanager
def running(name: str, *arguments: str) -> Iterator[None]:
    """Runs an example to its end, which must be a good one."""
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield
        errors = process.communicate(timeout=90)[1]
        assert process.returncode == 0, errors
        assert "Traceback" not in errors and "WARNING" not in errors, errors
    finally:
        process.kill()
        process.communicate()


def run(name: str, *arguments: str) -> None:
    with running(name, *arguments):
        pass


@pytest.fixture
def reader(engine: Engine) -> Iterator[Subscriber]:
    with Subscriber(engine.at["publish"], engine.at["catchup"], streams=["alert"], start="oldest") as made:
        assert isinstance(made.next(timeout=10), Connected)
        yield made


def check_loop(reader: Subscriber, agent: str) -> None:
    """The next alerts are those of the loop, each there within five seconds of the call that completed its evidence."""
    found: list[AlertEvent] = []
    while not found or found[-1].data["severity"] != "critical":
        item = reader.next(timeout=60)
        assert isinstance(item, AlertEvent), f"{item} after {[alert.data['summary'] for alert in found]}"
        assert time.time_ns() - int(item.data["observed_at"]) < 5e9
        found.append(item)
    assert [alert.data["severity"] for alert in found] == ["info", "warning", "critical"]
    for alert in found:
        assert alert.data["detector"] == "repeated_call" and alert.data["tier"] == "identical_result"
        assert alert.data["agent"] == agent and alert.data["tool"] == "lookup_order"


@pytest.mark.parametrize("content", ["hashed", "full"])
@pytest.mark.parametrize("name", NAMES)
def test_a_loop_is_told(engine: Engine, reader: Subscriber, name: str, content: str) -> None:
    with running(name, "--endpoint", engine.at["pull"], "--content", content, "--agent", "looper"):
        check_loop(reader, "looper")


@pytest.mark.parametrize("name", NAMES)
def test_without_content_or_hashes_nothing_is_claimed(engine: Engine, reader: Subscriber, name: str) -> None:
    run(name, "--endpoint", engine.at["pull"], "--content", "off", "--agent", "quiet")
    # The alerts of a second run show that the first has been judged: both went to one socket, one after the other.
    with running("plain_opentelemetry", "--endpoint", engine.at["pull"], "--agent", "looper"):
        check_loop(reader, "looper")


@pytest.mark.parametrize("name", NAMES)
def test_a_loop_is_told_over_otlp_http(engine: Engine, reader: Subscriber, name: str) -> None:
    if not engine.speaks_otlp_http():
        pytest.skip("this build of the engine has no OTLP/HTTP")
    over = ("--via", "otlp", "--endpoint", f"http://{engine.otlp_http}/v1/traces")
    run(name, *over, "--content", "off", "--agent", "quiet")
    for content in ("hashed", "full"):
        with running(name, *over, "--content", content, "--agent", f"looper-{content}"):
            check_loop(reader, f"looper-{content}")


@pytest.mark.parametrize("name", NAMES)
def test_no_content_leaves_when_it_is_hashed(name: str) -> None:
    """Needs no engine."""
    context = zmq.Context()
    pull = context.socket(zmq.PULL)
    endpoint = f"tcp://127.0.0.1:{pull.bind_to_random_port('tcp://127.0.0.1')}"
    try:
        spans = {}
        for content in ("full", "hashed"):
            run(name, "--endpoint", endpoint, "--calls", "2", "--content", content)
            spans[content] = b""
            while pull.poll(1_000):
                spans[content] += pull.recv_multipart()[2]
        leaked = [part for part in CONTENT if part in spans["hashed"]]
        assert not leaked and any(part in spans["full"] for part in CONTENT)
        assert b"kilter.tool.args_hash" in spans["hashed"] and b"kilter.tool.result_hash" in spans["hashed"]
        assert ExportTraceServiceRequest.FromString(spans["hashed"]).resource_spans
    finally:
        context.destroy(linger=0)
