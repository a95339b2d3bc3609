"""A provider that keeps what it exports, and the engine when its binary is given."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from engine import Engine


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kilter", default=os.environ.get("KILTER"), help="a built engine; without it its tests are skipped")


@pytest.fixture
def memory() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider() -> TracerProvider:
    return TracerProvider(resource=Resource.create({"service.name": "tests"}), shutdown_on_exit=False)


@pytest.fixture(scope="session")
def kilter_binary(request: pytest.FixtureRequest) -> pathlib.Path:
    given = request.config.getoption("--kilter")
    if not given:
        pytest.skip("no engine: give its binary with --kilter=PATH or in the environment variable KILTER")
    path = pathlib.Path(given).resolve()
    if not path.is_file():
        pytest.fail(f"no such binary: {path}")
    return path


@pytest.fixture
def engine(kilter_binary: pathlib.Path, tmp_path: pathlib.Path) -> Iterator[Engine]:
    running = Engine(kilter_binary, tmp_path)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.kill()
