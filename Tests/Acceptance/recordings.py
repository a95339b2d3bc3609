#!/usr/bin/env python3
"""Records what `kilter send` publishes, kills and cuts recordings, replays them, and compiles what `kilter init` prints.

Needs nothing but Python. Takes under half a minute. Exit status 0 when everything held; else 1, with what did not.

    python3 Tests/Acceptance/recordings.py --kilter .build/release/kilter
"""

import argparse
import gzip
import os
import pathlib
import py_compile
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

STREAM = pathlib.Path(__file__).resolve().parents[2] / "Fixtures" / "demo" / "stream.jsonl"


class Failure(Exception):
    pass


def require(holds, words):
    if not holds:
        raise Failure(words)


class Check:
    def __init__(self, kilter, folder):
        self.kilter = kilter
        self.folder = folder

    def run(self, *arguments, status=0):
        done = subprocess.run([self.kilter, *map(str, arguments)], cwd=self.folder, capture_output=True, timeout=60)
        words = done.stderr.decode(errors="replace")
        require(done.returncode == status, f"{arguments}: status {done.returncode} where {status} was expected: {words}")
        return done.stdout, words

    def replay(self, *files):
        return self.run("replay", "--format", "jsonl", *files)[0]

    def record(self, name, *options):
        """A recorder at work, and the address it listens on."""
        with socket.socket() as candidate:
            candidate.bind(("127.0.0.1", 0))
            address = f"tcp://127.0.0.1:{candidate.getsockname()[1]}"
        command = [self.kilter, "record", "--pull", address, "--sub", "off", *options, str(self.folder / name)]
        process = subprocess.Popen(command, cwd=self.folder, stderr=subprocess.PIPE)
        require(b"recording" in process.stderr.readline(), "the recorder did not begin")
        return process, address

    def wait_for(self, name, size):
        limit = time.monotonic() + 20
        while (self.folder / name).stat().st_size < size:
            require(time.monotonic() < limit, f"{name} stayed below {size} bytes")
            time.sleep(0.05)

    def replays_like_its_source(self):
        plain = self.replay(STREAM)
        process, address = self.record("a.klt")
        self.run("send", "--to", address, STREAM)
        self.wait_for("a.klt", STREAM.stat().st_size)
        process.send_signal(signal.SIGINT)
        require(process.wait(20) == 0, "SIGINT did not end the recorder with status 0")
        require(self.replay("a.klt") == plain, "the recording replays to other events than its source")
        self.run("record", "a.klt", "--pull", address, "--sub", "off", status=74)
        whole = (self.folder / "a.klt").read_bytes()
        (self.folder / "b.klt.gz").write_bytes(gzip.compress(whole))
        require(self.replay("b.klt.gz") == plain, "a compressed recording replays to other events")
        (self.folder / "cut.klt").write_bytes(whole[: len(whole) // 2])
        _, words = self.run("replay", "cut.klt", "--format", "jsonl")
        require("half way through" in words, f"a cut recording is not told: {words}")
        damaged = bytearray(whole)
        damaged[len(whole) // 2] ^= 4
        (self.folder / "damaged.klt").write_bytes(damaged)
        _, words = self.run("replay", "damaged.klt", "--format", "jsonl", status=65)
        require(" at byte " in words, f"damage is not told with its place: {words}")

    def survives_being_killed(self):
        process, address = self.record("k.klt")
        sender = subprocess.Popen([self.kilter, "send", "--to", address, "--rate", "2000", STREAM], stderr=subprocess.DEVNULL)
        try:
            self.wait_for("k.klt", 2_200_000)
            process.kill()
            process.wait(20)
        finally:
            sender.kill()
            sender.wait(20)
        alerts = self.replay("k.klt").count(b"\n")
        require(alerts > 0, "nothing is left of a recording whose writer was killed")

    def glue_is_well_formed(self):
        self.run("init", "python", "--out", "glue")
        py_compile.compile(str(self.folder / "glue" / "kilter_tracing.py"), doraise=True)
        self.run("init", "python", "--out", "glue", status=74)
        self.run("init", "systemd", "--out", "glue")
        if shutil.which("systemd-analyze"):
            unit = str(self.folder / "glue" / "kilter.service")
            done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, timeout=60)
            require(done.returncode == 0 and not done.stderr, f"systemd-analyze: {done.stderr.decode(errors='replace')}")

    def full_disks_are_told(self):
        if not os.path.exists("/dev/full"):
            return
        for arguments in (["--version"], ["config", "defaults"], ["init", "collector"], ["replay", str(STREAM)]):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([self.kilter, *arguments], stdout=full, stderr=subprocess.PIPE, timeout=60)
            require(done.returncode == 74, f"{arguments} into a full disk: status {done.returncode} where 74 was expected")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kilter", required=True, type=pathlib.Path, help="the binary to check")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kilter-recordings-"))
    check = Check(str(options.kilter.resolve()), folder)
    try:
        for promise in (
            check.replays_like_its_source, check.survives_being_killed, check.glue_is_well_formed, check.full_disks_are_told,
        ):
            promise()
            print(f"ok   {promise.__name__.replace('_', ' ')}")
    except (Failure, py_compile.PyCompileError, subprocess.TimeoutExpired) as failure:
        print(f"FAIL {failure}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
