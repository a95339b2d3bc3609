#!/usr/bin/env python3
"""Gate on instructions and allocations per span, compared with the files in Thresholds/.

Instructions are counted by callgrind as the difference of two runs over the same stream that differ in their number
of payloads, so start-up and reading the file cancel out. They do not depend on what else the machine does. Allocations
are counted by the probe itself, after the memory it reuses has grown.

    instructions.py             compare; exit 1 when a threshold is exceeded
    instructions.py --record    write what was measured as the new values

Where valgrind is not installed, instructions are skipped with a message and allocations are still compared.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
THRESHOLDS = HERE / "Thresholds"
# Dictionaries of the standard library are seeded per process; this makes two runs alike.
ENVIRONMENT = {**os.environ, "SWIFT_DETERMINISTIC_HASHING": "1"}
SPANS_PER_PAYLOAD = 64


def build():
    for product in ("write-stream", "instruction-probe"):
        subprocess.run(
            ["swift", "build", "-c", "release", "--product", product], cwd=HERE, check=True, stdout=sys.stderr)
    shown = subprocess.run(
        ["swift", "build", "-c", "release", "--show-bin-path"], cwd=HERE, check=True, capture_output=True, text=True)
    return pathlib.Path(shown.stdout.strip())


def stripped(binary, folder):
    """The probe without debugging information, which older versions of valgrind cannot read in Swift's form."""
    for tool in ("strip", "llvm-strip", "objcopy", "llvm-objcopy"):
        if shutil.which(tool):
            bare = folder / "instruction-probe"
            copy = ["-o", bare, binary] if tool.endswith("strip") else [binary, bare]
            subprocess.run([tool, "--strip-debug", *copy], check=True)
            return bare
    return binary


def write_stream(binaries, folder, encoding, payloads):
    path = folder / f"stream.{encoding}"
    if not path.exists():
        subprocess.run(
            [binaries / "write-stream", "--agents", "1000", "--law", "uniform", "--encoding", encoding,
             "--spans", str(payloads * SPANS_PER_PAYLOAD), "--seed", "1", path], check=True)
    return path


def probe_arguments(probe, threshold, stream, count):
    return [probe, threshold["path"], threshold["encoding"], stream, str(threshold["warm"]), str(count)]


def instructions_of(probe, threshold, stream, count, folder):
    """All instructions of one run, and its measured spans."""
    out = folder / "callgrind.out"
    run = subprocess.run(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *probe_arguments(probe, threshold, stream, count)],
        check=True, capture_output=True, text=True, env=ENVIRONMENT)
    total = int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE).group(1))
    return total, int(run.stdout.split()[1])


def instructions_per_span(probe, threshold, stream, folder):
    few, spans_few = instructions_of(probe, threshold, stream, threshold["count"] // 3, folder)
    many, spans_many = instructions_of(probe, threshold, stream, threshold["count"], folder)
    return (many - few) / (spans_many - spans_few)


def allocations_per_span(binaries, threshold, stream):
    run = subprocess.run(
        probe_arguments(binaries / "instruction-probe", threshold, stream, threshold["count"]), check=True, capture_output=True, text=True, env=ENVIRONMENT)
    _, spans, _, _, _, allocations = run.stdout.split()
    return None if allocations == "unknown" else int(allocations) / int(spans)


def measure(binaries, threshold, folder, has_valgrind):
    """What the threshold is about, or the reason why it cannot be said here."""
    # Every measurement of one encoding reads the same file, which the longest one needs.
    stream = write_stream(binaries, folder, threshold["encoding"], longest(threshold["encoding"]))
    if threshold["unit"] == "allocations per span":
        measured = allocations_per_span(binaries, threshold, stream)
        return measured, "this C library does not let them be counted"
    if not has_valgrind:
        return None, "valgrind is not installed"
    return instructions_per_span(stripped(binaries / "instruction-probe", folder), threshold, stream, folder), ""


def load():
    return {path: json.loads(path.read_text()) for path in sorted(THRESHOLDS.glob("*.json"))}


def longest(encoding):
    return max(t["warm"] + t["count"] for t in load().values() if t["encoding"] == encoding)


def limit(threshold):
    return threshold["value"] * (1 + threshold["tolerance"]) + threshold.get("slack", 0)


def record(path, threshold, measured):
    if threshold["unit"].startswith("allocations"):
        return
    threshold["value"] = round(measured)
    path.write_text(json.dumps(threshold, indent=2, ensure_ascii=False) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="keep the instructions measured as the new values")
    parser.add_argument("--only", help="thresholds whose name contains this")
    options = parser.parse_args()
    has_valgrind = shutil.which("valgrind") is not None
    binaries = build()
    exceeded, skipped = [], []
    print(f"{'what':32} {'per span':>10} {'value':>8} {'limit':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for path, threshold in load().items():
            if options.only and options.only not in path.stem:
                continue
            measured, reason = measure(binaries, threshold, pathlib.Path(folder), has_valgrind)
            if measured is None:
                skipped.append(reason)
                print(f"{path.stem:32} {'-':>10} {threshold['value']:>8} {limit(threshold):>8.4g}  skipped")
                continue
            over = measured > limit(threshold)
            print(f"{path.stem:32} {measured:>10.4g} {threshold['value']:>8} {limit(threshold):>8.4g}  {'EXCEEDED' if over else 'ok'}", flush=True)
            if over:
                exceeded.append(path.stem)
            if options.record:
                record(path, threshold, measured)
    for reason in dict.fromkeys(skipped):
        print(f"skipped: {reason}")
    if exceeded and not options.record:
        print(f"exceeded: {', '.join(exceeded)}")
        sys.exit(1)


if __name__ == "__main__":
    main()
