"""The device whose models are compared with those of the CPU."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-gpu",
        action="store_true",
        help="a dry run of tests/gpu: the CPU in the GPU's place",
    )


@pytest.fixture(scope="session")
def dry_run(request: pytest.FixtureRequest) -> bool:
    """Whether the tests themselves are tried on a CPU; the option is known to `tests/gpu` only."""
    return bool(request.config.getoption("--no-gpu", default=False))


@pytest.fixture(scope="session")
def other(dry_run: bool) -> str:
    """The device beside the CPU: `gpu`, or `cpu` in a dry run."""
    return "cpu" if dry_run else "gpu"
