#!/usr/bin/env python3
"""What each detector costs, in instructions, counted by callgrind over the generated stream.

Detectors that look at the same things share one state and one update of it; what one of them costs of its own is its
verdict. Both are counted over a whole run of the probe: the update per span of the stream, the verdict per span and per
time that it was asked for, because most spans give a verdict no reason.

    detector_costs.py           print the table
"""
import collections
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import instructions

PAYLOADS = 600
# Path of the probe, the name of the state with its update, and the detectors that give verdicts on it.
GROUPS = [
    ("calls", "calls of a turn", ["CallWindowV7observe"], ["RepeatedCall", "CallCycle", "Stagnation", "ErrorStreak", "UnknownTool", "GrowingCall"]),
    ("calls", "novelty of a long turn", ["NoveltyWindowV7observe"], ["NoveltyCollapse"]),
    ("effects", "effects of a turn", ["EffectMemoryV7observe"], ["DuplicateSideEffect"]),
    ("answers", "answers of a turn", ["AnswerMemoryV7observe", "AnswerMemoryV14observeMessage"], ["ReasoningLoop"]),
    ("messages", "messages of a run", ["MessageBoardV", "AgentGraphV"], ["MessageStorm", "MessageCycle", "MessageGrowth"]),
    ("tools", "tools of an agent", ["RepertoireV7observe"], ["NewTool", "NewTransition"]),
]


def edges(out):
    """Of each function that was called: how often, and instructions with what it called, from outside itself."""
    names, totals = {}, collections.defaultdict(lambda: [0, 0])
    caller = callee = None
    calls = 0

    def resolve(text):
        number, _, name = text.partition(" ")
        if name:
            names[number] = name
        return names.get(number, "")

    for line in out.read_text().splitlines():
        if line.startswith("fn="):
            caller = resolve(line[3:])
        elif line.startswith("cfn="):
            callee = resolve(line[4:])
        elif line.startswith("calls="):
            calls = int(line[6:].split()[0])
        elif calls:
            if callee != caller:
                totals[callee][0] += calls
                totals[callee][1] += int(line.split()[1])
            calls = 0
    return totals


def of(totals, part, room):
    """Calls and instructions of the functions that are named so, those of a verdict by its mangled type."""
    found = [total for name, total in totals.items() if name.startswith(f"$s{room}") and part in name]
    return sum(total[0] for total in found), sum(total[1] for total in found)


def snake(name):
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def mangled(name):
    """Swift writes a type of the module's own names with its length in front, or with repeated words abbreviated."""
    return f"{len(name)}{name}O5judge"


def main():
    if shutil.which("valgrind") is None:
        sys.exit("detector_costs.py: valgrind is not installed; instructions cannot be counted")
    binaries = instructions.build()
    print(f"{'detector':24} {'shares the state of':24} {'update/span':>11} {'verdict/span':>12} {'verdicts':>9} {'each':>7}")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        probe = instructions.stripped(binaries / "instruction-probe", folder)
        stream = instructions.write_stream(binaries, folder, "protobuf", PAYLOADS)
        counted = {}
        for path, state, updates, detectors in GROUPS:
            if path not in counted:
                out = folder / f"{path}.out"
                subprocess.run(
                    ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", probe, path, "protobuf", stream, "0", str(PAYLOADS)],
                    check=True, capture_output=True, env=instructions.ENVIRONMENT)
                counted[path] = edges(out)
            totals, spans = counted[path], PAYLOADS * instructions.SPANS_PER_PAYLOAD
            update = sum(of(totals, part, "11KilterState")[1] for part in updates) / spans
            for detector in detectors:
                verdicts, cost = of(totals, mangled(detector), "15KilterDetection")
                each = f"{cost / verdicts:7.0f}" if verdicts else "      -"
                print(f"{snake(detector):24} {state:24} {update:>11.1f} {cost / spans:>12.1f} {verdicts:>9} {each}", flush=True)


if __name__ == "__main__":
    main()
