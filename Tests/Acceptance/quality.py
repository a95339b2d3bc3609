#!/usr/bin/env python3
"""Holds statistical alerts against the suites of drift, and prints gate, goal and what was reached, row by row.

Each suite is generated, replayed and evaluated from outside. Delays are means in observations of an agent, and a change that was
missed counts with all observations of its window; what stands behind them is how far chance may move so small a suite (two
standard errors). A gate is missed when it is missed by more than that; false alarms miss theirs when they are more than chance
makes of what is allowed (lower end of the exact 95 % interval).

Goals are for one false alarm in 100,000 observations of each signal of an agent. `false_alarms` counts all signals of an agent
together, each having its share: with shares as of --signals equal ones it is one in 100,000 / --signals runs. Latency has 1 part in
5.5 of an agent that shows no tools and no outcomes, an outcome 1 in 6.6, a tool mix 1 in 7.7.

What needs many more observations than files can hold is measured in the process by the executable ChangeQuality of the
Benchmarks package, where it is there. Exit status 1 when a gate is missed.

    quality.py --kilter PATH [--full] [--signals 6] [--seed N] [SUITE...]
"""
import argparse
import collections
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BENCHMARKS = os.path.join(HERE, "..", "..", "Benchmarks")

Row = collections.namedtuple("Row", "words suite gate goal")
# What the knob is tried on: a month of agents that do something every quarter of an hour.
MONTH = ["--every", "15m", "--spans", "2880"]

# Mean delay in observations.
DELAYS = [
    Row("approval .85 -> .91", "drift-outcome-rise", 510, 450),
    Row("approval .85 -> .91 after 1,000", "drift-outcome-early", 950, 700),
    Row("errors .02 -> .06", "drift-errors", 340, 285),
    Row("latency x1.2", "drift-latency-small", 210, 180),
    Row("latency x1.5", "drift-latency", 50, 45),
    Row("spread x1.5", "drift-spread", 62, 52),
    Row("tool mix, 10 % of 12", "drift-tool-mix", 205, 175),
    Row("approval ramp over 5,000", "drift-ramp-outcome", 3600, 3200),
    Row("latency ramp to x1.5", "drift-ramp-latency", 1450, 1300),
    Row("burst .02 -> .5", "drift-burst", 14, 12),
]
# Times to a false alarm over those allowed: at least.
KNOB = Row("1 per agent in 30 days, allowed / realised", "drift-null", 1, 1)
STILL = [
    Row("false alarms, allowed / realised", "drift-null", 0.7, 0.9),
    Row("the same where all is nasty", "drift-null-nasty", 0.5, 0.8),
    Row("the same across a harmless release", "drift-release-harmless", 0.5, 0.8),
]
GROUP = Row("5 % shift of a provider, per agent", "drift-provider", 3, 1.5)
# Shares over all suites.
ATTRIBUTION = Row("told first of a signal that changed", None, 0.90, 0.95)
DIRECTION = Row("direction right", None, 0.97, 0.99)
# No goal is set for these.
OTHERS = [
    Row("approval .85 -> .80", "drift-outcome-fall", None, None),
    Row("output tokens x1.3", "drift-tokens", None, None),
    Row("cost x4", "drift-cost-runaway", None, None),
    Row("new tool, 2 %", "drift-new-tool", None, None),
    Row("another model, all small", "drift-model-swap", None, None),
    Row("one call of $50", "drift-heavy-call", None, None),
    Row("retry storm", "drift-retry-storm", None, None),
    Row("change after 200, with siblings", "drift-cold-start", None, None),
    Row("harmful release", "drift-release-harmful", None, None),
]
FULL_AGENTS = {
    "drift-null": 300, "drift-null-nasty": 200, "drift-cold-start": 300, "drift-provider": 300, "drift-outcome": 60, "drift-errors": 60,
    "drift-ramp": 25, "drift-burst": 60, "drift-heavy-call": 60, "drift-retry-storm": 60, "drift-release": 60, "drift": 40,
}
# Of few agents chance makes too much where a change takes hundreds of observations to tell.
AGENTS = {"drift-outcome": 40, "drift-tool-mix": 40}
FULL_OBSERVATIONS = {"drift-null": 3000, "drift-null-nasty": 3000}


def agents_of(suite, is_full):
    """None where the suite's own number is meant."""
    table = FULL_AGENTS if is_full else AGENTS
    return table.get(max((name for name in table if suite.startswith(name)), key=len, default=None))


class Chain:
    """generate, replay and evaluate of one suite, in a folder of its own."""

    def __init__(self, arguments):
        self.kilter = os.path.abspath(arguments.kilter)
        self.full, self.seed, self.signals = arguments.full, arguments.seed, arguments.signals

    def runs_per_false_alarm(self, suite):
        # A burst is looked for at a stricter rate.
        return max(1, round((1_000_000 if suite == "drift-burst" else 100_000) / self.signals))

    def run(self, row):
        suite, is_month = row.suite, row is KNOB
        with tempfile.TemporaryDirectory() as folder:
            stream, truth, events, config = (
                os.path.join(folder, name) for name in ("stream.jsonl", "truth.jsonl", "events.jsonl", "kilter.yaml"))
            with open(config, "w") as file:
                file.write(f"false_alarms: 1 per agent per {'30 days' if is_month else f'{self.runs_per_false_alarm(suite)} runs'}\n")
            agents = agents_of(suite, self.full)
            sizes = [] if agents is None else ["--agents", str(agents)]
            if is_month:
                sizes += MONTH
            elif self.full and suite in FULL_OBSERVATIONS:
                sizes += ["--spans", str(FULL_OBSERVATIONS[suite])]
            if self.seed is not None:
                sizes += ["--seed", str(self.seed)]
            self.call("generate", suite, *sizes, "--output", stream, "--truth", truth)
            with open(events, "wb") as file:
                file.write(self.call("replay", "--format", "jsonl", "--config", config, stream))
            result = json.loads(self.call("evaluate", "--json", "--stream", stream, "--config", config, events, truth))
            result["drift"]["first"] = first_of_group(events, truth)
            return result["drift"]

    def call(self, *arguments):
        return subprocess.run([self.kilter, *arguments], stdout=subprocess.PIPE, check=True).stdout


def first_of_group(events, truth):
    """Half hours, which are observations of each agent, from the first onset to the first alert about a main signal."""
    labels = [json.loads(line) for line in open(truth)]
    mains = [label for label in labels if label["kind"] != "none" and label["note"].startswith("main")]
    if not mains:
        return None
    onset, signals = min(int(label["start_unix_nano"]) for label in mains), {label["signal"] for label in mains}
    for line in open(events):
        data = json.loads(line).get("data", {})
        if data.get("signal") in signals and data.get("state") == "firing" and int(data.get("observed_at", 0)) >= onset:
            return (int(data["observed_at"]) - onset) / 1800e9
    return None


class Table:
    def __init__(self):
        self.missed = []
        print(f"{'':42} {'gate':>9} {'goal':>9} {'ours':>18}  {'':8} {'found':>22}  told of before")

    def row(self, row, ours, verdict, found="", before=""):
        if verdict == "MISSED":
            self.missed.append(row.words)
        gate, goal = (["-", "-"] if row.gate is None else [f"{bound:g}" for bound in (row.gate, row.goal)])
        print(f"{row.words:42} {gate:>9} {goal:>9} {ours:>18}  {verdict:8} {found:>22}  {before}".rstrip(), flush=True)

    def most(self, row, value, chance, ours, *rest):
        """A value that must not be more, but for what chance may add."""
        if row.gate is None:
            return self.row(row, ours, "", *rest)
        reached = value is not None
        verdict = "goal" if reached and value <= row.goal else "gate" if reached and value <= row.gate else \
            "chance" if reached and value - chance <= row.gate else "MISSED"
        self.row(row, ours, verdict, *rest)

    def least(self, row, value, best, ours, *rest):
        """A value that must not be less; `best` is what it may be, chance allowed for."""
        verdict = "goal" if value >= row.goal else "gate" if value >= row.gate else "chance" if best >= row.gate else "MISSED"
        self.row(row, ours, verdict, *rest)


def delay(table, row, drift):
    changes = drift["changes"]
    found, count = sum(change["found"] for change in changes), sum(change["changes"] for change in changes)
    groups = sum(change["found_in_group"] for change in changes)
    before = sum(change["alarmed_before"] for change in changes)
    # Several main signals in one suite: the mean over all of them.
    means = [(change.get("restricted_mean_observations"), change["changes"] - change["alarmed_before"]) for change in changes]
    known = [(mean, weight) for mean, weight in means if mean is not None]
    mean = sum(mean * weight for mean, weight in known) / max(1, sum(weight for _, weight in known)) if known and found else None
    error = max((change["observations"]["standard_error"] for change in changes if "observations" in change), default=0)
    ours = f"{mean:.0f} +- {2 * error:.0f}" if mean is not None else "nothing told"
    words = f"{found} of {count}" + (f", {groups} in groups" if groups else "")
    table.most(row, mean, 2 * error, ours, words, before or "")


def still(table, row, drift):
    exposure = drift["still"]
    allowed, episodes = exposure["allowed"], exposure["episodes"]
    ratio, best = allowed / max(0.5, episodes), allowed / max(0.001, exposure["low"])
    table.least(row, ratio, best, f"{ratio:.2f} ({episodes} for {allowed:.1f})",
                f"and {exposure['group_episodes']} of groups" if exposure["group_episodes"] else "")


def share(table, row, part, whole):
    if whole == 0:
        return table.row(row, "nothing told", "MISSED")
    reached = part / whole
    # Two standard errors of a share of so many.
    best = reached + 2 * (max(reached * (1 - reached), 0.01) / whole) ** 0.5
    table.least(row, reached, best, f"{100 * reached:.1f} % of {whole}")


def in_process(full):
    """The rows that ChangeQuality prints itself; true when its gates are met or it is not there."""
    if not os.path.isdir(os.path.join(BENCHMARKS, "Sources", "ChangeQuality")):
        print("\nmeasured in the process: ChangeQuality is not part of this build")
        return True
    print("\nmeasured in the process:", flush=True)
    command = ["swift", "run", "-c", "release", "--package-path", BENCHMARKS, "ChangeQuality"]
    return subprocess.run(command + ([] if full else ["--reduced"])).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help="only these")
    parser.add_argument("--kilter", default=".build/release/kilter")
    parser.add_argument("--full", action="store_true", help="many more agents, a few gigabytes one after another")
    parser.add_argument("--signals", type=float, default=6, help="signals among which an agent's false alarms are shared")
    parser.add_argument("--seed", type=int, help="another seed than the suites' own")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--no-process", action="store_true", help="leave out what is measured in the process")
    arguments = parser.parse_args()
    rows = [row for row in [*DELAYS, *STILL, KNOB, GROUP, *OTHERS] if not arguments.suites or row.suite in arguments.suites]
    if set(arguments.suites) - {row.suite for row in rows}:
        parser.error("SUITE must be one of " + ", ".join(row.suite for row in [*DELAYS, *STILL, GROUP, *OTHERS]))
    chain, table = Chain(arguments), Table()
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        waiting = [(row, pool.submit(chain.run, row)) for row in rows]
        judged = []
        for row, result in waiting:
            drift = result.result()
            judged.append(drift)
            if row in STILL or row is KNOB:
                still(table, row, drift)
            elif row is GROUP:
                first = drift["first"]
                table.most(row, first, 0, "nothing told" if first is None else f"{first:.1f}")
            else:
                delay(table, row, drift)
    changes = [change for drift in judged for change in drift["changes"]]
    if changes:
        share(table, ATTRIBUTION, sum(change["attributed"] for change in changes), sum(change["found"] for change in changes))
        share(table, DIRECTION, sum(change["directed_right"] for change in changes), sum(change["directed"] for change in changes))
    met = arguments.no_process or arguments.suites or in_process(arguments.full)
    if table.missed:
        print("missed: " + "; ".join(table.missed))
    return 0 if met and not table.missed else 1


if __name__ == "__main__":
    sys.exit(main())
