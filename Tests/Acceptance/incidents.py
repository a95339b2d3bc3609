#!/usr/bin/env python3
"""Tells every recorded incident again and prints, against what it cost, how much of it had passed at each level.

For each `incident-*` of `kilter generate --list`: the stream is generated, replayed and evaluated. Delay is counted in
spans, event time and dollars from the first span of what went wrong. Tokens and dollars of the reports stand beside those
of the told streams, whose models and counts are assumptions where the report has none; `kilter generate --list` says which.
Exit status 1 when a structural incident is not warned, or a warned one had spent more than a tenth of its cost.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

# What no structure shows and no budget stops yet.
NOT_STRUCTURAL = {"steady_burn"}
# Reported, but nothing that a stream of spans could tell: the fault lay in the accounting of the gateway.
NOT_TOLD = {"PRAXIST 81": "500k tokens granted, 6M used", "BerriAI/litellm#26672": "$30 cap, $99 spent by concurrent calls"}


def run(kilter, *words):
    return subprocess.run([kilter, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True).stdout


def tell(kilter, scenario, folder):
    """The evaluation of one incident."""
    path = lambda name: os.path.join(folder, name)
    configured = ["--config", path("kilter.yaml")] if scenario["configured"] else []
    run(kilter, "generate", scenario["id"], "--output", path("stream.jsonl"), "--truth", path("truth.jsonl"), *configured)
    with open(path("events.jsonl"), "wb") as events:
        events.write(run(kilter, "replay", "--format", "jsonl", *configured, path("stream.jsonl")))
    return json.loads(run(
        kilter, "evaluate", path("events.jsonl"), path("truth.jsonl"), "--json", "--stream", path("stream.jsonl"), *configured))


def duration(milliseconds):
    seconds = milliseconds / 1000
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def delay(level):
    if not level.get("timed"):
        return "-"
    return f"{level['spans']}, {duration(level['milliseconds'])}, ${level['microdollars'] / 1e6:.2f}"


def reported(incident):
    tokens = f"{incident['tokens'] / 1e6:.1f}M tokens" if incident["tokens"] else ""
    dollars = f"${incident['dollars']:g}" if incident["dollars"] else ""
    return ", ".join(filter(None, [tokens, dollars])) or "not said"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kilter", default=".build/release/kilter")
    kilter = os.path.abspath(parser.parse_args().kilter)
    listed = [json.loads(line) for line in run(kilter, "generate", "--list", "--json").splitlines()]
    print(f"{'incident':34} {'reported':24} {'told':18} {'info':24} {'warning':24} {'critical':24} trip")
    failed = False
    for scenario in listed:
        if "incident" not in scenario:
            continue
        with tempfile.TemporaryDirectory() as folder:
            result = tell(kilter, scenario, folder)
        kind = next(kind for kind in result["kinds"] if kind["kind"] != "none")
        told = f"{kind['spans']} spans, ${kind['microdollars'] / 1e6:.2f}" if "spans" in kind else "every run healthy"
        levels = [delay(kind[level]) for level in ("info", "warning", "critical", "trip")]
        print(f"{scenario['id']:34} {reported(scenario['incident']):24} {told:18} {levels[0]:24} {levels[1]:24} {levels[2]:24} {levels[3]}")
        if kind["kind"] in NOT_STRUCTURAL:
            continue
        late = kind["warning"].get("microdollars", 0) > kind.get("microdollars", 0) / 10
        if not kind["warning"]["runs"] or late:
            failed = True
            print(f"    {scenario['id']}: {'warned late' if late else 'not warned'}")
    print("not structural, seen by no detector of this build: incident-hundred-heavy-calls, incident-steady-burn")
    for source, words in NOT_TOLD.items():
        print(f"not told as a stream: {source} ({words})")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
