#!/usr/bin/env python3
"""Runs a built `kilter serve` and checks, from outside, what the contract promises its neighbours.

Needs pyzmq, opentelemetry-proto and zstandard (requirements.txt). Takes under a minute. Exit status 0 when everything
held; else 1, with the promise that did not hold and the engine's own words on standard error.

    python3 Tests/Acceptance/acceptance.py --kilter .build/release/kilter
"""

import argparse
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time

import zmq

import junk
import telemetry
from engine import Engine
from events import CatchUp, Failure, Subscriber, require

#: Enough requests that each form occurs, and that the identical calls come after varied ones.
REQUESTS_PER_RUN = len(telemetry.FORMS) + telemetry.IDENTICAL_CALLS // 4


class Acceptance:
    def __init__(self, options, folder):
        self.deadline = time.monotonic() + options.seconds
        self.folder = folder
        self.context = zmq.Context()
        self.engine = Engine(options.kilter, folder, options.host, options.workers)
        # Telemetry of an hour ago: no request is ahead of the clock, so nothing is clamped.
        self.begins = (time.time_ns() // 1_000_000_000 - 3_600) * 1_000_000_000
        self.sent = []

    def run(self):
        self.step("starts and is ready", self.engine.wait_until_ready)
        self.subscriber = Subscriber(self.context, self.engine.endpoints["publish"], self.deadline)
        self.step("sends heartbeats", self.heartbeats)
        self.step("takes spans over PUSH, with junk between", lambda: self.publish(zmq.PUSH, "pull", "push-looper"))
        self.step("takes spans over PUB, with junk between", lambda: self.publish(zmq.XPUB, "sub", "pub-looper"))
        self.step("is still healthy", lambda: self.engine.wait_until_ready(seconds=2))
        self.step("announces its heads", self.heads)
        self.step("answers catch-up with the same bytes", self.catch_up)
        self.step("lists its breakers", self.state)
        self.step("refuses to acknowledge without a journal", self.acknowledged)
        self.step("ends with status 0", self.termination)
        self.step("replays to the same bytes", self.replay)

    def step(self, promise, check):
        began = time.monotonic()
        try:
            check()
        except Failure as failure:
            raise Failure(f"{promise}: {failure}") from failure
        print(f"ok   {promise} ({time.monotonic() - began:.1f} s)", flush=True)

    # What the engine says by itself

    def heartbeats(self):
        beats = self.subscriber.heartbeats
        self.subscriber.read_until(lambda: len(beats) >= 4, "heartbeats", seconds=8)
        gaps = [later[0] - earlier[0] for earlier, later in zip(beats, beats[1:])]
        require(max(gaps) < 1.5, f"a heartbeat is due every 500 ms; the gaps are {[round(gap, 2) for gap in gaps]} s")
        for key in ("log_id", "epoch", "heads", "oldest", "breakers", "mode", "counters"):
            require(key in beats[-1][1], f"a heartbeat lacks {key}")

    def heads(self):
        beats = self.subscriber.heartbeats
        heard = len(beats)
        self.subscriber.read_until(lambda: len(beats) >= heard + 2, "two more heartbeats", seconds=5)
        heads = beats[-1][1]["heads"]
        for stream, sequence in self.subscriber.heads().items():
            require(int(heads.get(stream, 0)) == sequence, f"{stream} stands at {sequence}, the heartbeat says {heads}")

    # Spans in, events out

    def publish(self, kind, endpoint, agent):
        sender = self.context.socket(kind)
        sender.setsockopt(zmq.LINGER, 5_000)
        sender.connect(self.engine.endpoints[endpoint])
        if kind == zmq.XPUB:
            # An XPUB is a PUB that tells when its subscriber has come: nothing is lost to a slow joiner.
            require(sender.poll(10_000), "the engine did not subscribe to a publisher")
            require(sender.recv().startswith(b"\x01"), "the first message to a publisher is not a subscription")
        publisher = telemetry.Publisher(sender, agent)
        requests = telemetry.looping_run(agent, self.begins + len(self.sent) * 60_000_000_000, REQUESTS_PER_RUN)
        rubbish = junk.messages(len(self.sent) + 1, self.begins)
        share = -(-len(rubbish) // len(requests))
        for index, request in enumerate(requests):
            for message in rubbish[index * share : (index + 1) * share]:
                sender.send_multipart(message)
            publisher.send(request, telemetry.FORMS[index % len(telemetry.FORMS)])
            self.sent.append(request)
        # A retry of something that arrived: it must count once.
        publisher.send(requests[-1], telemetry.FORMS[0])
        self.subscriber.read_until(lambda: self.has_tripped(agent), f"a breaker event of {agent}")
        self.check_alerts(agent)
        sender.close()

    def has_tripped(self, agent):
        critical = any(a["severity"] == "critical" for a in self.alerts(agent))
        return critical and any(e.json["subject"].endswith("/" + agent) for e in self.subscriber.of("breaker"))

    def alerts(self, agent):
        data = [event.json["data"] for event in self.subscriber.of("alert")]
        return [a for a in data if a["agent"] == agent and a["detector"] == "repeated_call"]

    def check_alerts(self, agent):
        alerts = self.alerts(agent)
        severities = [alert["severity"] for alert in alerts]
        require("warning" in severities and "critical" in severities, f"severities of {agent}: {severities}")
        require(len({alert["alert_id"] for alert in alerts}) == 1, f"the loop of {agent} is more than one alert")
        revisions = [int(alert["revision"]) for alert in alerts]
        require(revisions == list(range(1, len(revisions) + 1)), f"revisions of {agent}: {revisions}")
        for alert in alerts:
            if alert["severity"] != "info":
                require(alert["tier"] == "identical_result", f"a {alert['severity']} of tier {alert['tier']}")
        breaker = next(e.json for e in self.subscriber.of("breaker") if e.json["subject"].endswith("/" + agent))
        require(breaker["data"]["state"] == "open", f"the breaker of {agent} is {breaker['data']['state']}")
        mode, decision = breaker["data"]["mode"], breaker["data"]["decision"]
        require((mode, decision) == ("shadow", "allow"), f"by default a breaker is in shadow; this one: {mode}, {decision}")

    # Asking again

    def catch_up(self):
        client = CatchUp(self.context, self.engine.endpoints["catchup"], self.deadline)
        for stream in ("alert", "breaker"):
            live = self.subscriber.of(stream)
            events, end = client.replay(stream, 1, 0)
            require(end[0] == b"end", f"replay of {stream} ended with {end[0]}")
            after, head = (struct.unpack(">Q", frame)[0] for frame in end[1:3])
            require(
                [(h.sequence, body) for h, body in events] == [(e.header.sequence, e.body) for e in live],
                f"catch-up of {stream} gave {len(events)} events that are not the {len(live)} published ones")
            require((after, head) == (len(live) + 1, len(live)), f"{stream} ends at {after}, {head} after {len(live)}")
            require({h.log_id for h, _ in events} == {self.subscriber.identity[1]}, "the log id differs from the live one")
        some, end = client.replay("alert", 2, 2, log_id=self.subscriber.identity[1])
        require(end[0] == b"end" and [h.sequence for h, _ in some] == [2], "a range of one event is not that event")
        none, answer = client.replay("alert", 1, 0, log_id=b"\x5a" * 16)
        require(not none and answer == [b"wrong_log", self.subscriber.identity[1]], f"a foreign log id gave {answer}")

    def state(self):
        client = CatchUp(self.context, self.engine.endpoints["catchup"], self.deadline)
        events, end = client.ask(b"state")
        require(end[0] == b"end", f"state ended with {end[0]}")
        listed = sorted(body for _, body in events)
        latest = {event.json["data"]["breaker_id"]: event for event in self.subscriber.of("breaker")}
        expected = sorted(e.body for e in latest.values() if e.json["data"]["state"] != "closed")
        require(listed == expected, f"{len(listed)} breakers listed, {len(expected)} are not closed")

    def acknowledged(self):
        client = CatchUp(self.context, self.engine.endpoints["acked"], self.deadline)
        _, answer = client.ask(b"hello", b"acceptance")
        require(answer == [b"nack", struct.pack(">Q", 0), b"not durable"], f"hello was answered with {answer}")

    # The end, and the same again

    def termination(self):
        status = self.engine.stop()
        require(status == 0, f"SIGTERM ended the engine with status {status}")

    def replay(self):
        file = self.folder / "requests.jsonl"
        file.write_bytes(b"".join(telemetry.json_bytes(request) + b"\n" for request in self.sent))
        done = subprocess.run(
            [str(self.engine.kilter), "replay", "--format", "jsonl", str(file)], cwd=self.folder, capture_output=True,
            timeout=max(1.0, self.deadline - time.monotonic()))
        require(done.returncode == 0, f"status {done.returncode}: {done.stderr.decode(errors='replace')[-400:]}")
        lines = done.stdout.splitlines()
        for stream, type_name in (("alert", "kilter.alert"), ("breaker", "kilter.breaker")):
            replayed = [line for line in lines if json.loads(line)["type"] == type_name]
            live = [event.body for event in self.subscriber.of(stream)]
            for number, (here, there) in enumerate(zip(live, replayed), 1):
                require(here == there, f"{stream} {number} differs:\n  live   {here.decode()}\n  replay {there.decode()}")
            require(len(replayed) == len(live), f"{len(live)} events of {stream} live, {len(replayed)} in replay")

    def close(self):
        self.engine.kill()
        self.context.destroy(linger=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kilter", required=True, type=pathlib.Path, help="the binary to check")
    parser.add_argument("--host", default="127.0.0.1", help="address whose free ports are used (default %(default)s)")
    parser.add_argument("--workers", default=2, type=int, help="workers of the engine (default %(default)s)")
    parser.add_argument("--seconds", default=55, type=float, help="the longest the whole check may take (default %(default)s)")
    parser.add_argument("--keep", action="store_true", help="keep the engine's data folder and log")
    options = parser.parse_args()
    options.kilter = options.kilter.resolve()
    if not options.kilter.is_file():
        print(f"no such binary: {options.kilter}", file=sys.stderr)
        return 66
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kilter-acceptance-"))
    acceptance = Acceptance(options, folder)
    try:
        acceptance.run()
    except (Failure, subprocess.TimeoutExpired) as failure:
        print(f"FAIL {failure}", file=sys.stderr)
        print(acceptance.engine.errors.read_text(errors="replace")[-4_000:], file=sys.stderr)
        return 1
    finally:
        acceptance.close()
        if options.keep:
            print(f"kept {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
