#!/usr/bin/env python3
"""Replays labelled traces and prints, per data set, how many labelled runs were found and how many clean runs alarmed.

Each folder of DATA holds spans-*.jsonl.gz (OTLP JSON lines) and labels.jsonl.gz with one JSON object a line:
trace_id, conversation_id, kind. A run counts as found when any alert of at least the severity names its trace or its
conversation. Exit status 1 when fewer than 95 % of the `tool_loop` runs are warned or more than 1 % of the runs
labelled `none`, when a span was quarantined, or when `kilter evaluate` counts otherwise.
"""
import argparse
import collections
import glob
import gzip
import json
import os
import subprocess
import sys
import tempfile

LEVELS = {"info": 0, "warning": 1, "critical": 2}


def replay(kilter, folder, workers):
    files = sorted(glob.glob(os.path.join(folder, "spans-*.jsonl*")))
    with tempfile.NamedTemporaryFile() as stats:
        done = subprocess.run(
            [kilter, "replay", "--format", "jsonl", "--workers", str(workers), "--stats", stats.name, *files],
            stdout=subprocess.PIPE, check=True)
        counters = json.load(open(stats.name))
    return done.stdout, counters


def evaluated(kilter, folder, events):
    """What `kilter evaluate` counts: by kind the runs, and those that reached each severity."""
    labels = glob.glob(os.path.join(folder, "labels.jsonl*"))[0]
    with tempfile.NamedTemporaryFile() as file:
        file.write(events)
        file.flush()
        done = subprocess.run([kilter, "evaluate", "--json", file.name, labels], stdout=subprocess.PIPE, check=True)
    return {
        kind["kind"]: [kind["runs"]] + [kind[level]["runs"] for level in ("info", "warning", "critical")]
        for kind in json.loads(done.stdout)["kinds"]}


def levels_by_run(events):
    """Highest severity and the detectors that reached a warning, by trace id and by conversation id."""
    highest = collections.defaultdict(lambda: -1)
    detectors = collections.defaultdict(set)
    for event in events:
        if event["type"] != "kilter.alert":
            continue
        data = event["data"]
        for key in {data.get("run"), data.get("trace_id")} - {None}:
            level = LEVELS[data["severity"]]
            highest[key] = max(highest[key], level)
            if level >= 1:
                detectors[key].add(data["detector"])
    return highest, detectors


def runs_by_kind(folder):
    kinds = collections.defaultdict(set)
    for path in glob.glob(os.path.join(folder, "labels.jsonl*")):
        opener = gzip.open if path.endswith(".gz") else open
        for line in opener(path, "rt"):
            label = json.loads(line)
            kinds[label["kind"]].add((label["trace_id"], label.get("conversation_id") or ""))
    return kinds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="folder with one folder per data set")
    parser.add_argument("--kilter", default=".build/release/kilter")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--misses", action="store_true", help="name every missed loop and every alarmed clean run")
    arguments = parser.parse_args()
    print(f"{'data set':22} {'kind':16} {'runs':>5} {'info':>6} {'warned':>7} {'critical':>9}  share warned")
    totals = collections.Counter()
    for folder in sorted(glob.glob(os.path.join(arguments.data, "*/"))):
        name = os.path.basename(folder.rstrip("/"))
        if not glob.glob(os.path.join(folder, "spans-*")):
            continue
        lines, counters = replay(arguments.kilter, folder, arguments.workers)
        events = [json.loads(line) for line in lines.splitlines()]
        told = evaluated(arguments.kilter, folder, lines)
        totals["quarantined"] += counters["quarantined"]
        highest, detectors = levels_by_run(events)
        for kind, runs in sorted(runs_by_kind(folder).items()):
            levels = [(max(highest[trace], highest[conversation]), trace, conversation) for trace, conversation in runs]
            counts = [sum(1 for level, *_ in levels if level >= bound) for bound in (0, 1, 2)]
            if told[kind] != [len(runs), *counts]:
                totals["otherwise"] += 1
                print(f"    {kind}: kilter evaluate counts {told[kind]}")
            totals[kind] += len(runs)
            totals[kind + " warned"] += counts[1]
            print(f"{name:22} {kind:16} {len(runs):5} {counts[0]:6} {counts[1]:7} {counts[2]:9}  {100 * counts[1] / len(runs):5.1f} %")
            if arguments.misses:
                for level, trace, conversation in sorted(levels):
                    if (kind == "tool_loop" and level < 1) or (kind == "none" and level >= 1):
                        print("   ", kind, trace, conversation, sorted(detectors[trace] | detectors[conversation]))
    found = totals["tool_loop warned"] / max(totals["tool_loop"], 1)
    alarmed = totals["none warned"] / max(totals["none"], 1)
    print(f"tool_loop found {totals['tool_loop warned']} of {totals['tool_loop']} ({100 * found:.1f} %), "
          f"none warned {totals['none warned']} of {totals['none']} ({100 * alarmed:.2f} %), quarantined {totals['quarantined']}, "
          f"counted otherwise by evaluate {totals['otherwise']}")
    return 0 if found >= 0.95 and alarmed <= 0.01 and totals["quarantined"] == 0 and totals["otherwise"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
