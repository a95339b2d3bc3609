#!/usr/bin/env python3
"""Runs published detectors of change over the generated suites of drift, and Kilter beside them.

  ADWIN        Bifet & Gavaldà 2007, river's implementation where it is installed, else left out
  Page-Hinkley Page 1954 as river has it: delta 0.005, alpha 0.9999, both directions
  KSWIN        Raab et al. 2020: window 100, of which the last 30 against 30 drawn from the others
  FOCuS        Romano et al. 2023 with unknown mean before the change: all change points that can win stand on the convex hulls of
               the random walk; Gaussian for values, Bernoulli for rates (Ward et al. 2024)
  EWMA z       distance of a point from the exponential mean (alpha 0.01) in exponential standard deviations
  EWMA f/s     distance of a fast mean (0.02) from a slow one (0.002)

Every threshold is chosen on simulated streams of the suite's own law before the change, of the suite's length, so that the time
to a false alarm is --arl observations on average; then nothing else is tuned. Values are given to them as logarithms over their
true spread, which flatters them. All begin to speak at observation 200. Delay is the number of the first observation at or after
the onset at which they speak, from 1; agents told of before it are set aside, as in `kilter evaluate`.

Kilter replays the same streams. Its `false_alarms` are of all signals of an agent together, each with its share: so that a stream
of its own has --arl too, an agent has --signals times as many (or what --false-alarms says). Its figures are those of
`kilter evaluate`: told of by any signal that changed, set aside when told before by any of them.

    drift_rules.py --kilter PATH [--arl 10000] [--streams 120] [SUITE...]
"""
import argparse
import collections
import json
import math
import os
import subprocess
import sys
import tempfile

import numpy

try:
    from river.drift import ADWIN
except ImportError:
    ADWIN = None

WARM_UP = 200
SPREAD = 0.5

# Suite: signal, law before the change (a rate, or None for logarithms of values).
SUITES = {
    "drift-outcome-rise": ("outcome", 0.85),
    "drift-outcome-fall": ("outcome", 0.85),
    "drift-outcome-early": ("outcome", 0.85),
    "drift-errors": ("error", 0.02),
    "drift-latency-small": ("latency", None),
    "drift-latency": ("latency", None),
    "drift-spread": ("latency", None),
    "drift-tokens": ("output", None),
    "drift-cost-runaway": ("output", None),
    "drift-ramp-outcome": ("outcome", 0.85),
    "drift-ramp-latency": ("latency", None),
    "drift-burst": ("error", 0.02),
}


# Detectors: one object watches many streams at once, a column each; `step` gives the statistic of each after one more row.

class PageHinkley:
    def __init__(self, streams, _):
        self.count, self.mean = 0, numpy.zeros(streams)
        self.up, self.down = numpy.zeros(streams), numpy.zeros(streams)
        self.least, self.greatest = numpy.full(streams, numpy.inf), numpy.full(streams, -numpy.inf)

    def step(self, row):
        self.count += 1
        self.mean += (row - self.mean) / self.count
        self.up = 0.9999 * self.up + row - self.mean - 0.005
        self.down = 0.9999 * self.down + row - self.mean + 0.005
        self.least = numpy.minimum(self.least, self.up)
        self.greatest = numpy.maximum(self.greatest, self.down)
        return numpy.maximum(self.up - self.least, self.greatest - self.down)


class KSWIN:
    def __init__(self, streams, _):
        self.rows = collections.deque(maxlen=100)
        self.random = numpy.random.default_rng(5)
        self.none = numpy.zeros(streams)

    def step(self, row):
        self.rows.append(row)
        if len(self.rows) < 100:
            return self.none
        window = numpy.array(self.rows)
        recent, older = window[70:], window[self.random.choice(70, 30, replace=False)]
        both = numpy.concatenate([recent, older])
        sign = numpy.concatenate([numpy.full_like(recent, 1 / 30), numpy.full_like(older, -1 / 30)])
        order = numpy.argsort(both, axis=0, kind="stable")
        ordered = numpy.take_along_axis(both, order, 0)
        distance = numpy.abs(numpy.cumsum(numpy.take_along_axis(sign, order, 0), axis=0))
        # Between equal values there is no distance.
        ends = numpy.vstack([ordered[1:] != ordered[:-1], numpy.ones((1, both.shape[1]), bool)])
        return numpy.where(ends, distance, 0).max(axis=0)


class PointEWMA:
    def __init__(self, streams, _):
        self.mean, self.square, self.count = numpy.zeros(streams), numpy.ones(streams), 0

    def step(self, row):
        self.count += 1
        weight = max(0.01, 1 / self.count)
        gap = row - self.mean
        z = numpy.abs(gap) / numpy.sqrt(numpy.maximum(self.square, 1e-9))
        self.mean += weight * gap
        self.square = (1 - weight) * (self.square + weight * gap * gap)
        return z


class FastSlowEWMA:
    def __init__(self, streams, _):
        self.fast, self.slow, self.square, self.count = numpy.zeros(streams), numpy.zeros(streams), numpy.ones(streams), 0

    def step(self, row):
        self.count += 1
        gap = row - self.slow
        self.fast += max(0.02, 1 / self.count) * (row - self.fast)
        weight = max(0.002, 1 / self.count)
        self.slow += weight * gap
        self.square = (1 - weight) * (self.square + weight * gap * gap)
        return numpy.abs(self.fast - self.slow) / numpy.sqrt(numpy.maximum(self.square, 1e-9))


class FOCuS:
    """Change points that can win stand on the lower hull (the mean rises) or the upper one (it falls) of the random walk."""

    def __init__(self, streams, rate):
        self.lower = [[(0, 0.0)] for _ in range(streams)]
        self.upper = [[(0, 0.0)] for _ in range(streams)]
        self.sums, self.count, self.isRate = [0.0] * streams, 0, rate is not None
        self.logs = [0.0]

    def step(self, row):
        self.count += 1
        self.logs.append(self.count * math.log(self.count))
        best = self.rate_gain if self.isRate else self.value_gain
        statistics = numpy.zeros(len(self.sums))
        for stream, value in enumerate(row.tolist()):
            total = self.sums[stream] = self.sums[stream] + value
            statistics[stream] = max(best(self.lower[stream], total), best(self.upper[stream], total))
            self.extend(self.lower[stream], total, 1)
            self.extend(self.upper[stream], total, -1)
        return statistics

    def extend(self, hull, total, sign):
        count = self.count
        while len(hull) > 1:
            (a, at_a), (b, at_b) = hull[-2], hull[-1]
            if sign * ((at_b - at_a) * (count - b) - (total - at_b) * (b - a)) < 0:
                break
            hull.pop()
        hull.append((count, total))

    def value_gain(self, hull, total):
        count, best = self.count, 0.0
        for place, at in hull:
            if place:
                gap = at * count - total * place
                gain = gap * gap / (place * (count - place))
                if gain > best:
                    best = gain
        return best / (2 * count)

    def rate_gain(self, hull, total):
        logs, count, total, best = self.logs, self.count, int(total), 0.0
        for place, at in hull:
            if place:
                hits, after, more = int(at), count - place, total - int(at)
                gain = logs[hits] + logs[place - hits] - logs[place] + logs[more] + logs[after - more] - logs[after]
                if gain > best or best == 0.0:
                    best = gain
        return best - (logs[total] + logs[count - total] - logs[count])


DETECTORS = {"Page-Hinkley": PageHinkley, "KSWIN": KSWIN, "FOCuS": FOCuS, "EWMA z": PointEWMA, "EWMA f/s": FastSlowEWMA}


def new_heights(detector, rate, columns):
    """For each stream its statistic's new heights as (observation, height): all that first passages need, at any threshold."""
    watch = detector(columns.shape[1], rate)
    heights = [[] for _ in range(columns.shape[1])]
    top = numpy.full(columns.shape[1], -numpy.inf)
    for number, row in enumerate(columns, 1):
        statistic = watch.step(row)
        if number <= WARM_UP:
            continue
        for stream in numpy.flatnonzero(statistic > top):
            heights[stream].append((number, float(statistic[stream])))
            top[stream] = statistic[stream]
    return heights


def first_passage(heights, threshold):
    return next((number for number, height in heights if height >= threshold), None)


def mean_time_to_alarm(passages, length):
    exposed = sum((passage or length) - WARM_UP for passage in passages)
    return exposed / max(0.5, sum(passage is not None for passage in passages))


def calibrated(detector, rate, null, arl):
    heights = new_heights(detector, rate, null)
    levels = sorted({height for stream in heights for _, height in stream})
    low, high = 0, len(levels)
    while low < high:
        middle = (low + high) // 2
        if mean_time_to_alarm([first_passage(stream, levels[middle]) for stream in heights], len(null)) >= arl:
            high = middle
        else:
            low = middle + 1
    # Beyond every height seen nothing is known: the next one counts, and its time is reported.
    threshold = levels[low] if low < len(levels) else math.nextafter(levels[-1], math.inf)
    return threshold, mean_time_to_alarm([first_passage(stream, threshold) for stream in heights], len(null))


def adwin_passage(values, delta):
    watch = ADWIN(delta=delta, clock=1, grace_period=10)
    for number, value in enumerate(values, 1):
        watch.update(value)
        if watch.drift_detected and number > WARM_UP:
            return number
    return None


def calibrated_adwin(null, arl):
    """Its delta is no height of a statistic: it is halved in, and the loosest that keeps the time is taken."""
    streams, found = null.T.tolist(), None
    loose, strict = -0.5, -14.0
    for _ in range(8):
        power = (loose + strict) / 2
        reached = mean_time_to_alarm([adwin_passage(stream, 10 ** power) for stream in streams], len(null))
        if reached >= arl:
            strict, found = power, (10 ** power, reached)
        else:
            loose = power
    return found or (10 ** strict, math.inf)


# Streams

def texts(attributes):
    return {attribute["key"]: next(iter(attribute["value"].values())) for attribute in attributes}


def series(path, signal):
    """Values of one signal by agent, in the order in which their traces began."""
    traces = {}
    for line in open(path):
        request = json.loads(line)
        for resource in request.get("resourceSpans", []):
            service = texts(resource["resource"]["attributes"])["service.name"]
            for scope in resource["scopeSpans"]:
                for span in scope["spans"]:
                    said = texts(span["attributes"])
                    start = int(span["startTimeUnixNano"])
                    key = (service, said["gen_ai.agent.name"], span["traceId"])
                    begun, value = traces.get(key, (start, None))
                    traces[key] = (min(begun, start), shown(span, said, signal) if value is None else value)
    agents = collections.defaultdict(list)
    for (service, agent, _), (start, value) in traces.items():
        agents[service, agent].append((start, value))
    return {agent: sorted(seen) for agent, seen in agents.items()}


def shown(span, said, signal):
    operation = said["gen_ai.operation.name"]
    if signal == "outcome":
        return float(said["kilter.outcome"] == "approved") if "kilter.outcome" in said else None
    if operation != "chat":
        return None
    if signal == "error":
        return float("error.type" in said)
    if signal == "latency":
        return math.log((int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])) / 1e6) / SPREAD
    return math.log(int(said["gen_ai.usage.output_tokens"])) / SPREAD if "gen_ai.usage.output_tokens" in said else None


def onsets(path):
    found = {}
    for line in open(path):
        label = json.loads(line)
        if label["kind"] != "none":
            found[label["service"], label["agent"]] = int(label["start_unix_nano"]), int(label["end_unix_nano"])
    return found


def judged(passages_of, streams, changes):
    """Delays of those found, how many were missed, and how many were told of before."""
    delays, missed, before = [], 0, 0
    for agent, seen in streams.items():
        values = [value for _, value in seen if value is not None]
        onset = sum(start < changes[agent][0] for start, value in seen if value is not None)
        passage = passages_of(values)
        if passage is None:
            missed += 1
        elif passage <= onset:
            before += 1
        else:
            delays.append(passage - onset)
    return delays, missed, before


def told(delays, missed, before):
    if not delays:
        return f"- ({missed} missed, {before} before)"
    ordered = sorted(delays)
    text = f"{sum(ordered) / len(ordered):.0f} / {ordered[math.ceil(0.95 * len(ordered)) - 1]}"
    notes = [f"{number} {word}" for number, word in ((missed, "missed"), (before, "before")) if number]
    return text + (f" ({', '.join(notes)})" if notes else "")


def kilter_told(kilter, folder, false_alarms):
    config = os.path.join(folder, "kilter.yaml")
    with open(config, "w") as file:
        file.write(f"false_alarms: {false_alarms}\n")
    stream, events, truth = (os.path.join(folder, name) for name in ("stream.jsonl", "events.jsonl", "truth.jsonl"))
    with open(events, "wb") as file:
        subprocess.run([kilter, "replay", "--format", "jsonl", "--config", config, stream], stdout=file, check=True)
    done = subprocess.run(
        [kilter, "evaluate", "--json", "--stream", stream, "--config", config, events, truth], stdout=subprocess.PIPE, check=True)
    rows = json.loads(done.stdout)["drift"]["changes"]
    found = sum(row["found"] for row in rows)
    notes = [f"{sum(row[key] for row in rows)} {word}" for key, word in (("missed", "missed"), ("alarmed_before", "before"))]
    if not found:
        return f"- ({', '.join(notes)})"
    figures = rows[0]["observations"]
    notes = [note for note in notes if not note.startswith("0 ")]
    return f"{figures['mean']:.0f} / {figures['p95']:.0f}" + (f" ({', '.join(notes)})" if notes else "")


class Thresholds:
    """Calibrated once for each law and length."""

    def __init__(self, arl, streams):
        self.arl, self.streams, self.known = arl, streams, {}

    def null(self, rate, length):
        random = numpy.random.default_rng([7, length, int(1000 * (rate or 0))])
        if rate is None:
            return random.standard_normal((length, self.streams))
        return (random.random((length, self.streams)) < rate).astype(float)

    def of(self, name, rate, length):
        key = (name, rate, length)
        if key not in self.known:
            null = self.null(rate, length)
            calibrate = calibrated_adwin(null, self.arl) if name == "ADWIN" else calibrated(DETECTORS[name], rate, null, self.arl)
            self.known[key] = calibrate
        return self.known[key]


def rivals(thresholds, rate, streams, changes):
    length = max(len(seen) for seen in streams.values())
    for name in DETECTORS:
        threshold, reached = thresholds.of(name, rate, length)

        def passage(values, name=name, threshold=threshold):
            return first_passage(new_heights(DETECTORS[name], rate, numpy.array(values)[:, None])[0], threshold)

        yield name, reached, judged(passage, streams, changes)
    if ADWIN:
        delta, reached = thresholds.of("ADWIN", rate, length)
        yield "ADWIN", reached, judged(lambda values: adwin_passage(values, delta), streams, changes)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help="all that are about one number by default")
    parser.add_argument("--kilter", default=".build/release/kilter")
    parser.add_argument("--arl", type=float, default=10_000, help="observations to a false alarm, on average")
    parser.add_argument("--streams", type=int, default=120, help="simulated streams that thresholds are chosen on")
    parser.add_argument("--agents", type=int, help="agents of each suite; its own number by default")
    parser.add_argument("--signals", type=float, default=6, help="signals among which Kilter shares an agent's false alarms")
    parser.add_argument("--false-alarms", help="what Kilter may raise; by default --arl for each of --signals")
    arguments = parser.parse_args()
    kilter = os.path.abspath(arguments.kilter)
    unknown = [suite for suite in arguments.suites if suite not in SUITES]
    if unknown:
        parser.error(f"{unknown[0]}: not one of {', '.join(SUITES)}")
    false_alarms = arguments.false_alarms or f"1 per agent per {max(1, round(arguments.arl / arguments.signals))} runs"
    thresholds = Thresholds(arguments.arl, arguments.streams)
    print(f"mean / 95th percentile of the delay in observations; one false alarm in {arguments.arl:.0f} observations of a stream")
    for suite in arguments.suites or SUITES:
        signal, rate = SUITES[suite]
        with tempfile.TemporaryDirectory() as folder:
            stream, truth = os.path.join(folder, "stream.jsonl"), os.path.join(folder, "truth.jsonl")
            sizes = ["--agents", str(arguments.agents)] if arguments.agents else []
            subprocess.run([kilter, "generate", suite, *sizes, "--output", stream, "--truth", truth], check=True)
            streams, changes = series(stream, signal), onsets(truth)
            print(f"\n{suite}: {len(streams)} agents")
            print(f"  {'Kilter':13} {kilter_told(kilter, folder, false_alarms)}   (false_alarms: {false_alarms})", flush=True)
            for name, reached, verdict in rivals(thresholds, rate, streams, changes):
                print(f"  {name:13} {told(*verdict)}   (calibrated to {reached:.0f})", flush=True)
    if ADWIN is None:
        print("\nADWIN is left out: river is not installed", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
