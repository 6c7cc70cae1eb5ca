"""Shared fixtures: ways to run the command, and the option that rewrites expected results."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from adoption import Checkout, checkout
from projects import SPEAKING_VARIABLES, Outcome, run_apart

# Use the same examples every time, without a deadline, so that a failure is reproducible on every machine. To search for
# new examples, run `HYPOTHESIS_PROFILE=nightly pytest`. It tries the examples that failed last time first.
EVERYWHERE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", EVERYWHERE, derandomize=True, database=None, max_examples=100)
settings.register_profile("nightly", EVERYWHERE, derandomize=False, max_examples=2000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

DEFAULT_CONFIG = 'documents = ["entries"]\nbanner = false\n'
"""The `skillweave.toml` of a case or an example that has none of its own."""


Skillweave = Callable[[Path, Sequence[str]], Outcome]
"""(project, arguments) → outcome."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite the expectations in tests/cases and in docs/reference/directives.md from what the command does "
        "now (without -n: the page is one file); then read the diff, line by line",
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether to rewrite the expected results instead of comparing them."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def skillweave_here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Skillweave:
    """Run the command by a call in this process. This equals the `skillweave` fixture, but saves 0.2 s of startup."""
    from skillweave.__main__ import run as run_command

    for name in SPEAKING_VARIABLES:
        monkeypatch.delenv(name, raising=False)

    def run(project: Path, arguments: Sequence[str]) -> Outcome:
        monkeypatch.chdir(project)
        capsys.readouterr()
        status = run_command(arguments)
        return Outcome(status, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def skillweave() -> Skillweave:
    """Run the command in its own process, without colour and without a terminal."""
    return run_apart


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the examples of a module use for their projects, one after the other."""
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="session")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy of this checkout to install from, created once for all workers."""
    base = tmp_path_factory.getbasetemp()
    return checkout(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)
