"""A `kilter serve` that a check starts for itself."""

import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from events import require


def free_ports(count, host):
    """Ports nobody listens on at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for candidate in sockets:
            candidate.bind((host, 0))
        return [candidate.getsockname()[1] for candidate in sockets]
    finally:
        for candidate in sockets:
            candidate.close()


class Engine:
    """A `kilter serve` of our own, on ports of our own, with a data folder of its own."""

    NAMES = ("pull", "sub", "acked", "publish", "catchup")

    def __init__(self, kilter, folder, host, workers, otlp_http=None, options=()):
        """With `otlp_http` the engine takes OTLP/HTTP there, with True on a free port; else not at all."""
        ports = free_ports(len(self.NAMES) + 2, host)
        self.kilter = kilter
        self.endpoints = {name: f"tcp://{host}:{port}" for name, port in zip(self.NAMES, ports)}
        self.http = f"{host}:{ports[-1]}"
        self.otlp = f"{host}:{ports[-2]}" if otlp_http is True else otlp_http
        self.errors = folder / "serve.err"
        arguments = [str(kilter), "serve", "--http", self.http, "--otlp-http", self.otlp or "off", "--workers", str(workers)]
        arguments += ["--data", str(folder / "data"), *options]
        for name, endpoint in self.endpoints.items():
            arguments += [f"--{name}", endpoint]
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(arguments, stdout=errors, stderr=errors, cwd=folder)

    def get(self, path):
        """The HTTP status of a path, or None while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://{self.http}{path}", timeout=2) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def metrics(self):
        """The page of metrics as a mapping from a sample's name with its labels to its value."""
        with urllib.request.urlopen(f"http://{self.http}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        samples = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in samples}

    def records(self, outcome):
        return int(self.metrics()[f'kilter_records_total{{outcome="{outcome}"}}'])

    def wait_for_records(self, outcome, count, seconds=20):
        """Waits until `/metrics` counts so many; fails at once when it counts more."""
        limit = time.monotonic() + seconds
        while (counted := self.records(outcome)) != count:
            require(counted < count, f"{counted} records are {outcome}, expected {count}")
            require(time.monotonic() < limit, f"{counted} records are {outcome} after {seconds} s, expected {count}")
            time.sleep(0.05)

    def wait_until_ready(self, seconds=15):
        limit = time.monotonic() + seconds
        while self.get("/readyz") != 200:
            require(self.process.poll() is None, f"the engine ended with status {self.process.returncode} at its start")
            require(time.monotonic() < limit, f"/readyz did not answer 200 within {seconds} s")
            time.sleep(0.05)
        require(self.get("/healthz") == 200, "/healthz does not answer 200")

    def wait_until_said(self, words, seconds=10):
        """Waits until the engine has said something on standard error."""
        limit = time.monotonic() + seconds
        while words not in self.said():
            require(time.monotonic() < limit, f"the engine did not say {words!r} within {seconds} s")
            time.sleep(0.05)

    def said(self):
        return self.errors.read_text(errors="replace")

    def stop(self):
        """Ends the engine the way a service manager does; its status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=10)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
