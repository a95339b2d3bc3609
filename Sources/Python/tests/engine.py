"""A `kilter serve` of a test's own: free ports, a data folder of its own."""

from __future__ import annotations

import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
    """Waits until the condition holds; fails when that takes too long."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, f"waited {seconds} s in vain for {what}"
        time.sleep(0.005)


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class Engine:
    """Started at once; ask `wait_until_ready` before you rely on it."""

    NAMES = ("pull", "sub", "acked", "publish", "catchup")

    def __init__(self, binary: pathlib.Path, folder: pathlib.Path) -> None:
        *ports, http, otlp = free_ports(len(self.NAMES) + 2)
        self.at = {name: f"tcp://127.0.0.1:{port}" for name, port in zip(self.NAMES, ports, strict=True)}
        self.http = f"127.0.0.1:{http}"
        self.otlp_http = f"127.0.0.1:{otlp}"
        self._binary, self._folder = binary, folder
        self.start()

    def start(self) -> None:
        arguments = ["serve", "--http", self.http, "--otlp-http", self.otlp_http, "--data", str(self._folder / "data")]
        for name, endpoint in self.at.items():
            arguments += [f"--{name}", endpoint]
        with open(self._folder / "serve.err", "ab") as errors:
            self.process = subprocess.Popen(
                [str(self._binary), *arguments], stdout=errors, stderr=errors, cwd=self._folder)

    def wait_until_ready(self, seconds: float = 20.0) -> None:
        def is_ready() -> bool:
            assert self.process.poll() is None, (self._folder / "serve.err").read_text(errors="replace")
            try:
                with urllib.request.urlopen(f"http://{self.http}/readyz", timeout=2) as answer:
                    return bool(answer.status == 200)
            except OSError:
                return False

        wait_for(is_ready, "the engine to be ready", seconds)

    def speaks_otlp_http(self) -> bool:
        """Whether this build of the engine answers on its OTLP/HTTP address."""
        host, port = self.otlp_http.split(":")
        try:
            socket.create_connection((host, int(port)), timeout=2).close()
        except OSError:
            return False
        return True

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=15)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
