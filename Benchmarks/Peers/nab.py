#!/usr/bin/env python3
"""Scores Kilter's points on the Numenta Anomaly Benchmark, with the benchmark's own scorer.

FOLDER is a checkout of github.com/numenta/NAB: its data, labels, config, nab and results. Nothing of it is in this repository.
The scorer is its `nab/sweeper.py`, imported as it is; beside that only Python's standard library is needed.

`point-scores` reads the file of one series and prints a score for each row, under the same parameters for all files, from the rows
before it alone. As in every published figure, one threshold is chosen for all files and each profile: the one that scores best on the
labels. How much that flatters, the last column tells: both halves of the files, every second one, are scored at the
threshold that is best on the other.

First, what FOLDER holds of two published detectors is scored the same way and held against its `final_results.json`; where the
figures differ nothing else is printed.

    swift build -c release --package-path Benchmarks --product point-scores
    nab.py FOLDER [--kilter-scores PATH]
"""
import argparse
import csv
import datetime
import itertools
import json
import os
import subprocess
import sys

PROFILES = {"standard": "standard", "reward_low_FP_rate": "few false", "reward_low_FN_rate": "few missed"}
# Those whose stored files are scored again. Of numenta the stored figure for few false ones rests on an older threshold.
PUBLISHED = {"windowedGaussian": list(PROFILES), "numenta": ["standard", "reward_low_FN_rate"]}
MARKS = ["ARTime", "numenta", "knncad", "randomCutForest", "windowedGaussian", "null"]
PROBATION = 0.15


class Corpus:
    def __init__(self, folder):
        sys.path.insert(0, folder)
        from nab.sweeper import Sweeper
        with open(os.path.join(folder, "config", "profiles.json")) as file:
            costs = {name: profile["CostMatrix"] for name, profile in json.load(file).items()}
        with open(os.path.join(folder, "labels", "combined_windows.json")) as file:
            windows = {name: [tuple(map(moment, window)) for window in found] for name, found in json.load(file).items()}
        self.folder, self.names = folder, sorted(windows)
        self.sweepers = {profile: Sweeper(PROBATION, costs[profile]) for profile in PROFILES}
        self.windows = {name: len(found) for name, found in windows.items()}
        # What a row is worth does not depend on its score.
        self.points = {profile: {} for profile in PROFILES}
        for name in self.names:
            times = [moment(row["timestamp"]) for row in rows(self.data(name))]
            for profile, sweeper in self.sweepers.items():
                self.points[profile][name] = sweeper.calcSweepScore(times, [0.0] * len(times), windows[name], name)

    def data(self, name):
        return os.path.join(self.folder, "data", name)

    def stored(self, detector):
        def path(name):
            folder, file = os.path.split(name)
            return os.path.join(self.folder, "results", detector, folder, f"{detector}_{file}")
        return {name: [float(row["anomaly_score"]) for row in rows(path(name))] for name in self.names}

    def thresholds(self, scores, profile, names):
        """What the scorer makes of every threshold, the highest first."""
        points = []
        for name in names:
            known = self.points[profile][name]
            assert len(known) == len(scores[name]), f"{name}: {len(scores[name])} scores for {len(known)} rows"
            points += [point._replace(anomalyScore=score) for point, score in zip(known, scores[name])]
        return self.sweepers[profile].calcScoreByThreshold(points)

    def percent(self, raw, profile, names):
        """0 for who says nothing, 100 for who marks the first row of every window and no other."""
        count, sweeper = sum(self.windows[name] for name in names), self.sweepers[profile]
        return 100 * (raw + sweeper.fnWeight * count) / ((sweeper.tpWeight + sweeper.fnWeight) * count)

    def score(self, scores, profile):
        best = max(self.thresholds(scores, profile, self.names), key=lambda row: row.score)
        return self.percent(best.score, profile, self.names), best

    def halves(self, scores, profile="standard"):
        halves = self.names[::2], self.names[1::2]
        tables = [self.thresholds(scores, profile, half) for half in halves]
        found = 0.0
        for own, other in (tables, tables[::-1]):
            chosen = max(other, key=lambda row: row.score).threshold
            found += [row for row in own if row.threshold >= chosen][-1].score
        return self.percent(found, profile, self.names)


def moment(text):
    return datetime.datetime.fromisoformat(text)


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def kilter_scores(program, corpus):
    """Scores of every file by their name: those of single detectors, and all together."""
    found = {}
    for name in corpus.names:
        with open(corpus.data(name)) as file:
            done = subprocess.run([program], stdin=file, stdout=subprocess.PIPE, text=True, check=True)
        table = csv.reader(done.stdout.splitlines())
        head = next(table)
        for column, values in zip(head, itertools.zip_longest(*table)):
            found.setdefault(column, {})[name] = [float(value) for value in values]
    return found


def line(name, figures, more=""):
    print(f"  {name:34}" + "".join(f"{figure:12.1f}" for figure in figures) + more, flush=True)


def reproduced(corpus, published):
    isRight = True
    for detector, profiles in PUBLISHED.items():
        scores = corpus.stored(detector)
        figures = {profile: corpus.score(scores, profile)[0] for profile in PROFILES}
        line(f"{detector}, scored here", figures.values(), f"{corpus.halves(scores):18.1f}")
        for profile in profiles:
            isRight &= abs(figures[profile] - published[detector][profile]) < 0.01
    return isRight


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER")
    parser.add_argument("--kilter-scores", metavar="PATH", default="Benchmarks/.build/release/point-scores")
    arguments = parser.parse_args()
    corpus = Corpus(os.path.abspath(arguments.folder))
    with open(os.path.join(arguments.folder, "results", "final_results.json")) as file:
        published = json.load(file)
    print(f"{len(corpus.names)} files, {sum(corpus.windows.values())} windows")
    print(" " * 36 + "".join(f"{word:>12}" for word in PROFILES.values()) + "   other half's threshold")
    for detector in MARKS:
        line(f"{detector}, as published", [published[detector][profile] for profile in PROFILES])
    if not reproduced(corpus, published):
        print("what is published does not come out: the scorer or the results are not those of the published figures", file=sys.stderr)
        return 1
    for column, scores in kilter_scores(os.path.abspath(arguments.kilter_scores), corpus).items():
        figures = [corpus.score(scores, profile) for profile in PROFILES]
        best = figures[0][1]
        line(f"Kilter: {column}", [figure for figure, _ in figures], f"{corpus.halves(scores):18.1f}   ({best.fp} rows outside windows)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
