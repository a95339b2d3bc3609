"""Sends recorded data sets to fresh engines and compares what they alert with what `kilter replay` says of the files."""

import gzip
import http.client
import io
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time

import zmq
import zstandard

import otlp_cases
from engine import Engine
from events import CatchUp, Failure, require

#: The longest one data set may take.
SECONDS_PER_SET = 600
FORMS = ("*.jsonl", "*.jsonl.gz", "*.jsonl.zst")


def data_sets(folder):
    """Name and files of each data set: the folders with spans-*.jsonl in them, or files of one folder by their name."""
    found = {}
    for form in FORMS:
        for file in sorted(folder.glob(f"**/*spans-{form}")):
            name = file.parent.name if file.name.startswith("spans-") else file.name.split("-spans-")[0]
            found.setdefault(name, []).append(file)
    return sorted(found.items())


def lines(files):
    for file in files:
        with open(file, "rb") as raw:
            if file.suffix == ".gz":
                source = gzip.open(raw)
            elif file.suffix == ".zst":
                source = io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(raw))
            else:
                source = raw
            for line in source:
                if line.strip():
                    yield line.rstrip(b"\r\n")


class RecordedSet:
    def __init__(self, options, name, files, folder):
        self.options = options
        self.name = name
        self.files = [file.resolve() for file in files]
        self.folder = folder

    def run(self):
        expected, counts = self.replayed()
        line = f"{self.name}: {counts['received']} spans, {len(expected)} events, {len(alert_ids(expected))} alerts"
        for door, deliver in (("OTLP/HTTP", self.post), ("kilter send", self.send)):
            events, seconds = self.live(door, deliver, counts)
            self.compare(door, expected, events)
            line += f"; {door}: the same in {seconds:.1f} s"
        print(f"ok   {line}", flush=True)

    def replayed(self):
        stats = self.folder / "stats.json"
        done = subprocess.run(
            [str(self.options.kilter), "replay", "--format", "jsonl", "--stats", str(stats), *map(str, self.files)],
            cwd=self.folder, capture_output=True, timeout=SECONDS_PER_SET)
        require(done.returncode == 0, f"replay: status {done.returncode}, {done.stderr.decode(errors='replace')[-400:]}")
        return done.stdout.splitlines(), json.loads(stats.read_text())

    def live(self, door, deliver, counts):
        """The events of a fresh engine, stream after stream, and the time from the first byte to the last judgement."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        engine = Engine(self.options.kilter, folder, self.options.host, self.options.workers, otlp_http=True)
        context = zmq.Context()
        try:
            engine.wait_until_ready()
            engine.wait_until_said("OTLP/HTTP is answered on")
            began = time.monotonic()
            deliver(engine)
            for outcome in ("processed", "duplicate", "late", "unfinished", "quarantined"):
                engine.wait_for_records(outcome, counts[outcome], seconds=SECONDS_PER_SET)
            seconds = time.monotonic() - began
            client = CatchUp(context, engine.endpoints["catchup"], time.monotonic() + SECONDS_PER_SET)
            return {stream: self.kept(client, stream) for stream in ("alert", "breaker", "incident")}, seconds
        except Failure as failure:
            raise Failure(f"{door}: {failure}; {engine.said()[-1_000:]}") from failure
        finally:
            engine.kill()
            context.destroy(linger=0)

    def kept(self, client, stream):
        events, end = client.replay(stream, 1, 0)
        if end[0] == b"gone":
            # More than the engine keeps; what it has is compared.
            events, end = client.replay(stream, struct.unpack(">Q", end[1])[0], 0)
        require(end[0] == b"end", f"the catch-up of {stream} ended with {end[0]}")
        return [body for _, body in events]

    def post(self, engine):
        connection = http.client.HTTPConnection(engine.otlp, timeout=60)
        for line in lines(self.files):
            answer = otlp_cases.post(engine.otlp, "/v1/traces", line, otlp_cases.JSON, connection=connection)
            require(answer.status == 200, f"{answer.status}, {answer.body[:200]}")
        connection.close()

    def send(self, engine):
        done = subprocess.run(
            [str(self.options.kilter), "send", "--to", engine.endpoints["pull"], *map(str, self.files)],
            cwd=self.folder, capture_output=True, timeout=SECONDS_PER_SET)
        require(done.returncode == 0, f"send: status {done.returncode}, {done.stderr.decode(errors='replace')[-400:]}")

    def compare(self, door, expected, events):
        missing = alert_ids(expected) - alert_ids(events["alert"])
        extra = alert_ids(events["alert"]) - alert_ids(expected)
        require(not missing and not extra, f"{door}: {len(missing)} alerts are missing, {len(extra)} are not in the replay")
        for stream, bodies in events.items():
            same = [line for line in expected if json.loads(line)["type"] == f"kilter.{stream}"]
            # One sender keeps the order, so the bytes are the same as well.
            require(bodies == same[len(same) - len(bodies) :], f"{door}: the bytes of {stream} differ from the replay")


def alert_ids(bodies):
    events = map(json.loads, bodies)
    return {event["data"]["alert_id"] for event in events if event["type"] == "kilter.alert"}


def run(options):
    sets = data_sets(options.traces)
    if not sets:
        print(f"no spans-*.jsonl, .gz or .zst in {options.traces}", file=sys.stderr)
        return 66
    failed = 0
    for name, files in sets:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="kilter-sets-"))
        try:
            RecordedSet(options, name, files, folder).run()
        except (Failure, subprocess.TimeoutExpired) as failure:
            failed += 1
            print(f"FAIL {name}: {failure}", file=sys.stderr)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0
