#!/usr/bin/env python3
"""Runs the published rules of other detectors over labelled traces, and Kilter beside them, per data set.

The rules are written anew from the thresholds that the projects publish, over the same OTLP JSON lines:

  OpenHands   stuck detector: of the last 20 events of an agent since the user's last message, 4 calls in a row with the
              same arguments and result, 3 in a row with the same arguments that fail, 3 equal messages in a row with
              nothing between, two calls in turn over 6 steps with the same results
  SNAGLINE    the same call 3 times within 12 steps, whatever it gave back; 3 errors in a row or 3 within 10 steps; less
              than a twentieth of the last 50 steps new, twice (its latency rule is left out: most times here are synthetic)
  OpenClaw    of the last 30 calls of a run 10 with the same arguments (its warning tier); 10 calls of unknown tools are
              not told apart here
  OpenLIT     the same call with arguments 3 times anywhere in the run
  Gemini CLI  a cycle of 1 to 5 calls five times within 25 calls, whatever they gave back
  nanoclaw    more than 10 messages of a pair, or 3 to oneself, within 60 s

A run counts as alarmed when any rule fires anywhere in it; for Kilter when an alert reaches a warning.
"""
import argparse
import collections
import sys

import recorded_runs

KINDS = ("tool_loop", "step_repetition", "message_storm", "none")


def by_agent(steps, kinds):
    agents = collections.defaultdict(list)
    for step in steps:
        if step.kind == "prompt":
            for others in agents.values():
                others.append(step)
        elif step.kind in kinds:
            # A message is an event of its sender and of its receiver.
            for agent in ({step.agent} if step.kind != "message" else set(step.name)):
                agents[agent].append(step)
    return agents.values()


def known(step):
    return step.kind == "tool" and step.arguments is not None


def same_call(a, b):
    return known(a) and known(b) and (a.name, a.arguments) == (b.name, b.arguments)


def same_pair(a, b):
    return same_call(a, b) and not a.error and not b.error and a.result is not None and a.result == b.result


def openhands(steps):
    for events in by_agent(steps, ("tool", "message")):
        recent = []
        for event in events:
            if event.kind == "prompt":
                recent = []
                continue
            recent = (recent + [event])[-20:]
            if openhands_stuck(recent):
                return True
    return False


def openhands_stuck(recent):
    last = recent[-1]
    if len(recent) >= 4 and all(same_pair(last, other) for other in recent[-4:]):
        return True
    if len(recent) >= 3 and all(same_call(last, other) and other.error for other in recent[-3:]):
        return True
    if len(recent) >= 3 and last.kind == "message" and last.arguments and all(
            other.kind == "message" and (other.name, other.arguments) == (last.name, last.arguments) for other in recent[-3:]):
        return True
    six = recent[-6:]
    return len(six) == 6 and all(same_pair(six[at], six[at + 2]) for at in range(4)) and not same_call(six[0], six[1])


def snagline(steps):
    for events in by_agent(steps, ("tool", "message")):
        events = [event for event in events if event.kind != "prompt"]
        keys = [(event.kind, event.name, event.arguments if event.arguments is not None else event.span) for event in events]
        seen, novel, thin = set(), [], 0
        for at, key in enumerate(keys):
            if keys[max(0, at - 11):at + 1].count(key) >= 3:
                return True
            errors = [bool(event.error) for event in events[max(0, at - 9):at + 1]]
            if sum(errors) >= 3:
                return True
            novel.append(key not in seen)
            seen.add(key)
            if (at + 1) % 50 == 0:
                thin = thin + 1 if sum(novel[-50:]) < 2.5 else 0
                if thin >= 2:
                    return True
    return False


def calls(steps):
    return [step for step in steps if known(step)]


def openclaw(steps):
    keys = [(step.name, step.arguments) for step in calls(steps)]
    return any(keys[max(0, at - 29):at + 1].count(key) >= 10 for at, key in enumerate(keys))


def openlit(steps):
    keys = collections.Counter((step.name, step.arguments) for step in calls(steps) if step.arguments not in ("", "{}"))
    return any(count >= 3 for count in keys.values())


def gemini(steps):
    for events in by_agent(steps, ("tool",)):
        keys = [(event.name, event.arguments) for event in events if known(event)]
        for end in range(5, len(keys) + 1):
            for period in range(1, 6):
                tail = keys[max(0, end - 5 * period):end]
                if len(tail) == 5 * period and all(tail[at] == tail[at - period] for at in range(period, len(tail))):
                    return True
    return False


def nanoclaw(steps):
    times = collections.defaultdict(list)
    for step in steps:
        if step.kind != "message":
            continue
        pair = tuple(sorted(step.name))
        times[pair] = [time for time in times[pair] if step.end - time < 60e9] + [step.end]
        if len(times[pair]) > (3 if pair[0] == pair[1] else 10):
            return True
    return False


RULES = {"OpenHands": openhands, "SNAGLINE": snagline, "OpenClaw": openclaw, "OpenLIT": openlit, "Gemini CLI": gemini, "nanoclaw": nanoclaw}


def judge(folder, kilter):
    """Per kind the number of runs, and per system how many of them it alarms."""
    labels = recorded_runs.labels_by_run(folder)
    runs_of = collections.defaultdict(list)
    for run in labels:
        runs_of[run[0]].append(run)
    counts = {kind: collections.Counter() for kind in KINDS}
    found = recorded_runs.alerts_by_run(recorded_runs.replay(kilter, folder))
    for run, kinds in labels.items():
        warned = any(recorded_runs.LEVELS[alert["severity"]] >= 1 for alert in recorded_runs.alerts_of(found, run))
        for kind in kinds & set(KINDS):
            counts[kind]["runs"] += 1
            counts[kind]["Kilter"] += warned
    for trace, steps in recorded_runs.runs(folder):
        wanted = [(run, kind) for run in runs_of.get(trace, []) for kind in labels[run] & set(KINDS)]
        if not wanted:
            continue
        fired = {name for name, rule in RULES.items() if rule(steps)}
        for _, kind in wanted:
            for name in fired:
                counts[kind][name] += 1
    return counts


def show(name, counts, systems):
    for kind in KINDS:
        if counts[kind]["runs"]:
            cells = "".join(f"{100 * counts[kind][system] / counts[kind]['runs']:10.1f} %" for system in systems)
            print(f"{name:20} {kind:16} {counts[kind]['runs']:5}{cells}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="folder with one folder per data set")
    parser.add_argument("--kilter", default=".build/release/kilter")
    arguments = parser.parse_args()
    systems = ["Kilter", *RULES]
    print(f"{'data set':20} {'kind':16} {'runs':>5}" + "".join(f"{system:>12}" for system in systems))
    totals = {kind: collections.Counter() for kind in KINDS}
    for name, folder in recorded_runs.folders(arguments.data):
        counts = judge(folder, arguments.kilter)
        show(name, counts, systems)
        for kind in KINDS:
            totals[kind] += counts[kind]
    show("all", totals, systems)
    return 0


if __name__ == "__main__":
    sys.exit(main())
