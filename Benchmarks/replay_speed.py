#!/usr/bin/env python3
"""Times decoding alone and the whole `kilter replay` over one generated stream, in alternation. See replay_speed.sh."""
import argparse
import json
import pathlib
import resource
import statistics
import subprocess

SPANS_PER_PAYLOAD = 64


def processor_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, out


def decode_seconds(options, payloads):
    _, out = processor_seconds([options.probe, "decode", options.encoding, options.stream, "0", str(payloads)])
    return int(out.stdout.split()[3]) / 1e9


def replay(options):
    command = [options.kilter, "replay", "--workers", "1", options.stream]
    seconds, _ = processor_seconds(command)
    return seconds


def received(options):
    """Checks that nothing of the stream was refused, and counts."""
    _, out = processor_seconds([options.kilter, "replay", "--workers", "1", "--stats", "-", options.stream])
    facts = json.loads(out.stderr.decode().strip().splitlines()[-1])
    assert facts["processed"] == facts["received"], facts
    return facts["received"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stream")
    parser.add_argument("--kilter", required=True)
    parser.add_argument("--probe", required=True)
    parser.add_argument("--encoding", required=True)
    parser.add_argument("--label", required=True)
    parser.add_argument("--memory", help="where the figures for fewer agents are kept until those for more are there")
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    spans = received(options)
    decode, whole = [], []
    for _ in range(options.pairs):
        decode.append(decode_seconds(options, spans // SPANS_PER_PAYLOAD) / spans * 1e9)
        whole.append(replay(options) / spans * 1e9)
    ratio = statistics.median(w / d for w, d in zip(whole, decode))
    nanoseconds = statistics.median(whole)
    line = (f"{options.label:34} replay {nanoseconds:6.0f} ns/span ({1e6 / nanoseconds:6.0f} k spans/s)"
            f"   decode {statistics.median(decode):5.0f} ns/span   replay/decode {ratio:.2f}")
    if options.memory:
        figures = pathlib.Path(options.memory)
        before = float(figures.read_text()) if figures.exists() else None
        if before:
            line += f"   to fewer agents {nanoseconds / before:.2f}"
            figures.unlink()
        else:
            figures.write_text(str(nanoseconds))
    print(line, flush=True)


if __name__ == "__main__":
    main()
