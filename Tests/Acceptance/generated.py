#!/usr/bin/env python3
"""Generates streams, replays and evaluates them through the command line, and checks outputs and exit codes.

Exit status 1 at the first thing that is not as it should be.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile


class Wrong(Exception):
    pass


def check(holds, words):
    if not holds:
        raise Wrong(words)


class Program:
    def __init__(self, path, folder):
        self.path, self.folder = path, folder

    def file(self, name):
        return os.path.join(self.folder, name)

    def run(self, *words, status=0):
        done = subprocess.run([self.path, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder)
        check(done.returncode == status, f"{' '.join(words)}: status {done.returncode}, not {status}: {done.stderr.decode()}")
        return done

    def read(self, name):
        with open(self.file(name), "rb") as file:
            return file.read()

    def write(self, name, text):
        with open(self.file(name), "w") as file:
            file.write(text)


def fixtures_are_told(kilter, fixtures):
    for scenario in ("demo", "L2-blocked-calls-after-a-trip", "N13-heartbeat"):
        told = kilter.run("generate", scenario).stdout
        with open(os.path.join(fixtures, scenario, "stream.jsonl"), "rb") as file:
            check(told == file.read(), f"{scenario}: generate does not give the fixture")


def chain(kilter):
    """Generate, replay, evaluate: everything is found, nothing is alarmed."""
    options = ["P5-cycle-of-3", "--seed", "7", "--agents", "5", "--spans", "3000"]
    kilter.run("generate", *options, "--output", "stream.jsonl", "--truth", "truth.jsonl")
    check(kilter.run("generate", *options).stdout == open(kilter.file("stream.jsonl"), "rb").read(), "the same options give other bytes")
    labels = [json.loads(line) for line in open(kilter.file("truth.jsonl"))]
    check(sum(label["kind"] == "step_repetition" for label in labels) == 5, "five groups tell the cycle")
    with open(kilter.file("events.jsonl"), "wb") as events:
        events.write(kilter.run("replay", "--format", "jsonl", "stream.jsonl").stdout)
    done = kilter.run(
        "evaluate", "events.jsonl", "truth.jsonl", "--stream", "stream.jsonl", "--json", "--min-recall", "100%", "--max-false-alarms", "0")
    result = json.loads(done.stdout)
    check(result["recall"] == 1 and result["false_alarms"] == 0 and result["measured_in_stream"], f"not as it should be: {result}")
    cycle = result["kinds"][0]
    check(cycle["warning"]["spans"] == 17, f"the third turn of three calls ends at span 17 of the window: {cycle}")
    check(0 < cycle["warning"]["microdollars"] < cycle["microdollars"], f"the warning comes before the money is spent: {cycle}")
    table = kilter.run("evaluate", "events.jsonl", "truth.jsonl").stdout.decode()
    check("call_cycle" in table and "recall 100.0 %" in table, table)
    piped = subprocess.run(
        f"{kilter.path} replay --format jsonl stream.jsonl | {kilter.path} evaluate - truth.jsonl --json", shell=True, cwd=kilter.folder,
        stdout=subprocess.PIPE)
    check(piped.returncode == 0 and json.loads(piped.stdout)["recall"] == 1, "events are read from standard input")


def configuration(kilter):
    told = kilter.run("generate", "P10-refund-sent-again", "--output", "refund.jsonl", "--truth", "refund.truth", "--config", "refund.yaml")
    check(not told.stderr, f"a configuration that was written needs no words: {told.stderr}")
    check(b"--config" in kilter.run("generate", "P10-refund-sent-again").stderr, "a configuration that is needed is told of")
    kilter.run("config", "check", "refund.yaml")
    with open(kilter.file("refund.events"), "wb") as events:
        events.write(kilter.run("replay", "--format", "jsonl", "--config", "refund.yaml", "refund.jsonl").stdout)
    kilter.run("evaluate", "refund.events", "refund.truth", "--min-recall", "1")


def refusals(kilter):
    check("P5-cycle-of-3" in kilter.run("generate", "P5-cycle-of-33", status=64).stderr.decode(), "the nearest name is told")
    check("L1-one-long-loop" in kilter.run("generate", "L1", status=64).stderr.decode(), "the beginning of a name is understood")
    kilter.run("generate", status=64)
    kilter.run("generate", "demo", "--agents", "0", status=64)
    kilter.run("generate", "demo", "--output", "no/such/folder/stream.jsonl", status=74)
    kilter.run("evaluate", "nothing.jsonl", "truth.jsonl", status=66)
    kilter.run("evaluate", "events.jsonl", "nothing.jsonl", status=66)
    kilter.write("bad.jsonl", '{"kind":"none"}\n')
    check("bad.jsonl:1:" in kilter.run("evaluate", "events.jsonl", "bad.jsonl", status=65).stderr.decode(), "the place is told")
    check("stream.jsonl:1:" in kilter.run("evaluate", "stream.jsonl", "truth.jsonl", status=65).stderr.decode(), "spans are no events")
    kilter.run("evaluate", "events.jsonl", "truth.jsonl", "--kind", "drift", status=64)
    kilter.run("evaluate", "events.jsonl", "truth.jsonl", "--min-recall", "all", status=64)
    kilter.write("none.jsonl", "")
    kilter.run("evaluate", "none.jsonl", "truth.jsonl", "--min-recall", "1%", status=1)


def suites(kilter):
    """Streams of drift: sizes are kept, no run of theirs repeats itself, and made-up alerts are judged by the truth."""
    kilter.run("generate", "drift-latency", "--agents", "3", "--spans", "200", "--output", "drift.jsonl", "--truth", "drift.truth")
    again = kilter.run("generate", "drift-latency", "--agents", "3", "--spans", "200").stdout
    check(again == kilter.read("drift.jsonl"), "the same options, the same bytes")
    labels = [json.loads(line) for line in kilter.read("drift.truth").splitlines()]
    mains = [label for label in labels if label.get("signal") == "latency"]
    check(len({label["agent"] for label in labels}) == 3 and len(mains) == 3, "each agent changes")
    alerts = []
    for number, label in enumerate(mains[:2]):
        time = int(label["start_unix_nano"]) + 600 * 10**9
        data = {
            "alert_id": f"a{number}", "state": "firing", "severity": "warning", "detector": "drift", "service": label["service"],
            "agent": label["agent"], "signal": "latency", "direction": "up", "started_at": label["start_unix_nano"],
            "observed_at": str(time)}
        alerts.append(json.dumps({"id": f"a{number}/1", "type": "kilter.alert", "severity": "warning", "detector": "drift", "data": data}))
    kilter.write("drift.events", "\n".join(alerts) + "\n")
    done = kilter.run("evaluate", "drift.events", "drift.truth", "--json", "--stream", "drift.jsonl")
    change = json.loads(done.stdout)["drift"]["changes"][0]
    check(change["found"] == 2 and change["missed"] == 1 and change["directed_right"] == 2, "two of three are found")
    check(1 <= change["observations"]["mean"] <= 30 and change["onset_error_seconds"]["p90"] == 0, "delays are counted in the stream")
    table = kilter.run("evaluate", "drift.events", "drift.truth", "--within", "6h").stdout
    check(b"changed signal" in table and b"nothing changed in 3 agents" in table, "people are told too")
    kilter.run("evaluate", "drift.events", "drift.truth", "--within", "100", status=64)
    kilter.run("evaluate", "drift.events", "drift.truth", "--within", "soon", status=64)
    kilter.run("generate", "demo", "--every", "1m", status=64)
    kilter.run("generate", "drift-latency", "--every", "0m", status=64)


def listing(kilter):
    scenarios = [json.loads(line) for line in kilter.run("generate", "--list", "--json").stdout.splitlines()]
    check(len(scenarios) > 70 and all(scenario["summary"] and scenario["why"] for scenario in scenarios), "every scenario says why")
    check(sum("incident" in scenario for scenario in scenarios) >= 10, "incidents are told")
    check(b"N8-plan-rewritten" in kilter.run("generate", "--list").stdout, "people are told too")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kilter", default=".build/release/kilter")
    path = os.path.abspath(parser.parse_args().kilter)
    fixtures = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Fixtures")
    with tempfile.TemporaryDirectory() as folder:
        kilter = Program(path, folder)
        try:
            fixtures_are_told(kilter, fixtures)
            chain(kilter)
            configuration(kilter)
            refusals(kilter)
            suites(kilter)
            listing(kilter)
        except Wrong as wrong:
            print(f"generated: {wrong}")
            return 1
    print("generated: generate, replay and evaluate agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
