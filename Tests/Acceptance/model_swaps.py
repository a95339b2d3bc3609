#!/usr/bin/env python3
"""Recorded runs of one model, then silently of another, under one service: how many of the swaps are told of, how many runs
after, by which signal, and how many of the streams without a swap are alarmed.

    model_swaps.py --kilter .build/release/kilter FOLDER    FOLDER holds drift_streams/ (streams.jsonl and spans-*.jsonl.gz)

Each stream is replayed by itself, as its producer sent it; with --together all files in one go, whose streams lie months
apart in no order, so that time stands still for most of them: runs end when the next one of their agent begins. An alert before the swap counts as a false one and its stream as not found.
"""
import argparse
import collections
import glob
import gzip
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

CONFIGURATION = "false_alarms: 0.1 per agent per 100 runs\n"
STATISTICAL = {"drift", "mix_drift", "vector_drift", "burst", "outlier"}


def ends_of_runs(paths):
    """When each run of each service ended."""
    ends = collections.defaultdict(dict)
    for path in paths:
        with gzip.open(path, "rt") as lines:
            for line in lines:
                for resource in json.loads(line)["resourceSpans"]:
                    names = {a["key"]: a["value"].get("stringValue") for a in resource["resource"]["attributes"]}
                    runs = ends[names.get("service.name")]
                    for scope in resource["scopeSpans"]:
                        for span in scope["spans"]:
                            runs[span["traceId"]] = max(runs.get(span["traceId"], 0), int(span["endTimeUnixNano"]))
    return ends


def streams(paths, folder):
    """A file for each service, with its requests in their order."""
    files = {}
    for path in paths:
        with gzip.open(path, "rt") as lines:
            for line in lines:
                for resource in json.loads(line)["resourceSpans"]:
                    name = next(a["value"]["stringValue"] for a in resource["resource"]["attributes"] if a["key"] == "service.name")
                if name not in files:
                    files[name] = open(pathlib.Path(folder) / f"{name}.jsonl", "w")
                files[name].write(line)
    for file in files.values():
        file.close()
    return sorted(file.name for file in files.values())


def alerts_by_service(kilter, replays):
    alerts = collections.defaultdict(list)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as configuration:
        configuration.write(CONFIGURATION)
        configuration.flush()
        for paths in replays:
            done = subprocess.run(
                [kilter, "replay", "--format", "jsonl", "--config", configuration.name, *paths],
                check=True, capture_output=True, text=True)
            for line in done.stdout.splitlines():
                data = json.loads(line)["data"]
                if data.get("detector") in STATISTICAL and data["revision"] == 1 and "service" in data:
                    alerts[data["service"]].append((int(data["observed_at"]), data["signal"]))
    return alerts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kilter", default=".build/release/kilter")
    parser.add_argument("--together", action="store_true", help="all files in one go")
    parser.add_argument("folder", type=pathlib.Path)
    options = parser.parse_args()
    folder = options.folder / "drift_streams"
    paths = sorted(glob.glob(str(folder / "spans-*.jsonl.gz")))
    if not paths:
        sys.exit(f"model_swaps.py: no spans-*.jsonl.gz in {folder}")
    ends = ends_of_runs(paths)
    with tempfile.TemporaryDirectory() as parts:
        replays = [paths] if options.together else [[path] for path in streams(paths, parts)]
        alerts = alerts_by_service(options.kilter, replays)
    rows, signals = collections.defaultdict(collections.Counter), collections.Counter()
    delays = collections.defaultdict(list)
    for line in (folder / "streams.jsonl").read_text().splitlines():
        stream = json.loads(line)
        row, said = rows[stream["dataset"]], sorted(alerts[stream["agent_id"]], key=lambda alert: alert[0])
        if stream["after"] is None:
            row["controls"] += 1
            row["alarmed"] += bool(said)
            continue
        change = int(stream["change_unix_nano"])
        row["swaps"] += 1
        if said and said[0][0] < change:
            row["early"] += 1
        elif said:
            row["found"] += 1
            signals[said[0][1]] += 1
            delays[stream["dataset"]].append(sum(change < end <= said[0][0] for end in ends[stream["agent_id"]].values()))
    print(f"{'set':18} {'swaps':>6} {'found':>6} {'early':>6} {'median runs':>12} {'controls':>9} {'alarmed':>8}")
    for name, row in sorted(rows.items()):
        median = f"{statistics.median(delays[name]):.0f}" if delays[name] else "-"
        print(f"{name:18} {row['swaps']:>6} {row['found']:>6} {row['early']:>6} {median:>12} {row['controls']:>9} {row['alarmed']:>8}")
    total = sum(rows.values(), collections.Counter())
    everything = [delay for some in delays.values() for delay in some]
    print(
        f"found {total['found']} of {total['swaps']} ({100 * total['found'] / max(total['swaps'], 1):.0f} %), "
        f"median {statistics.median(everything) if everything else '-'} runs; alarmed {total['alarmed']} of {total['controls']} without a swap")
    print("told by " + ", ".join(f"{signal} {count}" for signal, count in signals.most_common()))


if __name__ == "__main__":
    main()
