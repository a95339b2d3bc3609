#!/usr/bin/env python3
"""How long `kilter replay` takes over OTLP/JSON lines, next to Python's `json.loads` over the same lines.

Both run in alternation, each as a process of its own, and the medians are compared: what else the machine does meets
both alike. `json.loads` only parses; what Kilter does with a span afterwards it does not do.

    json_loads.py --kilter PATH FILE...        files may be gzip; folders are searched for *.jsonl and *.jsonl.gz
"""
import argparse
import gzip
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time


def parse_all(path):
    """What the child process does: parse every line, keep nothing, say how long it took."""
    lines = pathlib.Path(path).read_bytes().splitlines()
    started = time.process_time()
    spans = 0
    for line in lines:
        request = json.loads(line)
        for resource_spans in request["resourceSpans"]:
            for scope_spans in resource_spans["scopeSpans"]:
                spans += len(scope_spans["spans"])
    print(json.dumps({"spans": spans, "seconds": time.process_time() - started}))


def in_plain_text(arguments, out):
    for name in arguments:
        path = pathlib.Path(name)
        found = sorted([*path.rglob("spans*.jsonl"), *path.rglob("spans*.jsonl.gz")]) if path.is_dir() else [path]
        for file in found:
            text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
            out.write(text)
            if not text.endswith(b"\n"):
                out.write(b"\n")
    out.flush()


def peer_seconds(path):
    run = subprocess.run([sys.executable, __file__, "--parse", path], check=True, capture_output=True, text=True)
    said = json.loads(run.stdout)
    return said["seconds"], said["spans"]


def replay_seconds(kilter, path):
    """Processor time of the whole process: start, reading, decoding, judging, writing events."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([kilter, "replay", "--workers", "1", path], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--kilter", default=".build/release/kilter")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--parse", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.parse:
        return parse_all(options.parse)
    if not options.files:
        parser.error("name at least one file or folder")
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as text:
        in_plain_text(options.files, text)
        size = os.path.getsize(text.name)
        peer, ours = [], []
        for _ in range(options.pairs):
            seconds, spans = peer_seconds(text.name)
            peer.append(seconds / spans * 1e9)
            ours.append(replay_seconds(options.kilter, text.name) / spans * 1e9)
    print(f"{spans} spans, {size / 1e6:.0f} MB, {options.pairs} pairs, processor time per span")
    print(f"  json.loads     {statistics.median(peer):8.0f} ns  (from {min(peer):.0f} to {max(peer):.0f})")
    print(f"  kilter replay  {statistics.median(ours):8.0f} ns  (from {min(ours):.0f} to {max(ours):.0f})")
    ratios = [a / b for a, b in zip(peer, ours)]
    print(f"  json.loads / kilter replay = {statistics.median(ratios):.1f}  (from {min(ratios):.1f} to {max(ratios):.1f})")


if __name__ == "__main__":
    main()
