#!/usr/bin/env python3
"""Lets a real Prometheus scrape a built `kilter serve` and asks it what it has seen.

Needs requirements.txt, and `prometheus` and `promtool` in the path (the Debian package is called prometheus). Exit status 0
when everything held, 1 when not, 69 without Prometheus.

    python3 Tests/Acceptance/prometheus.py --kilter .build/release/kilter
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

import otlp_cases
import telemetry
from engine import Engine, free_ports
from events import Failure, require

#: Of these spans one comes twice and one has no trace id.
SPANS = 7


class Prometheus:
    """A server with one target, in a folder of its own."""

    def __init__(self, folder, host, target):
        self.address = f"{host}:{free_ports(1, host)[0]}"
        self.errors = folder / "prometheus.err"
        config = folder / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
            f"scrape_configs: [{{job_name: kilter, static_configs: [{{targets: ['{target}']}}]}}]\n")
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}",
                 f"--web.listen-address={self.address}"], stdout=errors, stderr=errors, cwd=folder)

    def query(self, expression):
        """The values of an instant query by their labels, without the ones that every target has; None while unanswered."""
        url = f"http://{self.address}/api/v1/query?query={urllib.parse.quote(expression)}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                result = json.load(answer)["data"]["result"]
        except OSError:
            return None
        ours = [{k: v for k, v in row["metric"].items() if k not in ("__name__", "job", "instance")} for row in result]
        return [(labels, float(row["value"][1])) for labels, row in zip(ours, result)]

    def wait_for(self, expression, expected, seconds=30):
        limit = time.monotonic() + seconds
        while (found := self.query(expression)) != expected:
            require(self.process.poll() is None, f"Prometheus ended: {self.errors.read_text()[-1_000:]}")
            require(time.monotonic() < limit, f"{expression} is {found} after {seconds} s, expected {expected}")
            time.sleep(0.2)
        print(f"ok   {expression} is {expected}", flush=True)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)


def check_page(engine):
    """Prometheus' own linter over the page."""
    with urllib.request.urlopen(f"http://{engine.http}/metrics", timeout=5) as answer:
        require(answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"), "the page has another type")
        page = answer.read()
    done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, timeout=30)
    said = (done.stdout + done.stderr).decode(errors="replace")
    require(done.returncode == 0 and not said.strip(), f"promtool check metrics: status {done.returncode}, {said[:1_000]}")
    print("ok   promtool check metrics has nothing to say", flush=True)


def check(options, folder):
    engine = Engine(options.kilter, folder, options.host, 2, otlp_http=True)
    prometheus = None
    try:
        engine.wait_until_ready()
        engine.wait_until_said("OTLP/HTTP is answered on")
        prometheus = Prometheus(folder, options.host, engine.http)
        begins = (time.time_ns() // 1_000_000_000 - 3_600) * 1_000_000_000
        requests = [telemetry.healthy_request(number, begins) for number in range(SPANS)]
        requests.append(requests[-1])
        requests.append(telemetry.request("acceptance-desk", [{**spans(requests[0])[0], "traceId": ""}]))
        for request in requests:
            answer = otlp_cases.post(engine.otlp, "/v1/traces", telemetry.json_bytes(request), otlp_cases.JSON)
            require(answer.status == 200, f"a request was answered with {answer.status}")
        prometheus.wait_for('up{job="kilter"}', [({}, 1)])
        for outcome, count in (("processed", SPANS), ("duplicate", 1), ("quarantined", 1), ("late", 0)):
            prometheus.wait_for(f'kilter_records_total{{outcome="{outcome}"}}', [({"outcome": outcome}, count)])
        prometheus.wait_for("sum(kilter_records_total)", [({}, SPANS + 2)])
        prometheus.wait_for("kilter_export_lag_seconds_count", [({}, SPANS)])
        codes = [({"signal": "traces", "code": "200"}, SPANS + 2)]
        prometheus.wait_for("kilter_otlp_requests_total", codes)
        prometheus.wait_for("kilter_ready", [({}, 1)])
        check_page(engine)
    finally:
        engine.kill()
        if prometheus:
            prometheus.stop()


def spans(request):
    return request["resourceSpans"][0]["scopeSpans"][0]["spans"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kilter", required=True, type=pathlib.Path, help="the binary to check")
    parser.add_argument("--host", default="127.0.0.1", help="address whose free ports are used (default %(default)s)")
    options = parser.parse_args()
    options.kilter = options.kilter.resolve()
    if not options.kilter.is_file():
        print(f"no such binary: {options.kilter}", file=sys.stderr)
        return 66
    if not (shutil.which("prometheus") and shutil.which("promtool")):
        print("prometheus or promtool is not installed; in Debian: apt-get install prometheus", file=sys.stderr)
        return 69
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kilter-prometheus-"))
    try:
        check(options, folder)
    except Failure as failure:
        print(f"FAIL {failure}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
