"""`make test` and its parts: bring up a database server, run suites, take it down, sum up.

python -m scripts.run_tests all|sqlite|postgres|services|real [--data FOLDER] [arguments for pytest]
"""

import argparse
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.processes import ROOT, dying_with_its_parent
from scripts.supervisor import Stopped, stop_signals
from tests.services.missing import MissingProgram
from tests.services.postgres import temporary_cluster

REAL_SERVICES = ["tests/browser", "tests/services_real"]
REAL_DATA = ["tests/real"]
ON_EVERY_CORE = ["--numprocesses", "2"]
NOTHING_COLLECTED = 5
TEST_DATA = ROOT / ".cache" / "tests"


@dataclass(frozen=True)
class Suite:
    name: str
    folders: Sequence[str]
    without: Sequence[str] = ()
    options: Sequence[str] = ()
    on_postgres: bool = True

    def arguments(self, for_pytest: Sequence[str]) -> list[str]:
        """Options and folders; paths that the person names replace the folders."""
        named = [path for path in for_pytest if is_test_path(path)]
        others = [argument for argument in for_pytest if argument not in named]
        mine = [path for path in named if self.holds(path)] if named else self.folders
        ignored = [f"--ignore={folder}" for folder in self.without]
        return [*ignored, *self.options, *others, *mine] if mine else []

    def holds(self, path: str) -> bool:
        return path.startswith(tuple(self.folders)) and not path.startswith(tuple(self.without))


def is_test_path(argument: str) -> bool:
    return argument.startswith("tests/")


ORDINARY = ["tests"], [*REAL_SERVICES, *REAL_DATA], ON_EVERY_CORE
SQLITE = Suite("suite on SQLite", *ORDINARY, on_postgres=False)
POSTGRES = Suite("suite on PostgreSQL", *ORDINARY)
SERVICES = Suite("browser and real services", REAL_SERVICES)
REAL = Suite("real data", REAL_DATA)
CHOICES = {
    "all": [SQLITE, POSTGRES, SERVICES],
    "sqlite": [SQLITE],
    "postgres": [POSTGRES],
    "services": [SERVICES],
    "real": [REAL],
}


@dataclass(frozen=True)
class Outcome:
    suite: Suite
    status: int
    seconds: float

    def line(self) -> str:
        verdict = "passed" if self.status == 0 else f"FAILED ({self.status})"
        return f"  {self.suite.name:28} {verdict:12} {self.seconds:6.0f} s"


def main() -> int:
    options, for_pytest = parse(sys.argv[1:])
    suites = [suite for suite in CHOICES[options.which] if suite.arguments(for_pytest)]
    try:
        with stop_signals(), databases(suites) as database_of:
            outcomes = [
                run(suite, env(options, database_of(suite)), for_pytest) for suite in suites
            ]
    except Stopped:
        print("Stopped.", file=sys.stderr)
        return 130
    except MissingProgram as error:
        print(error, file=sys.stderr)
        return 1
    print("\n" + "\n".join(outcome.line() for outcome in outcomes))
    return 0 if outcomes and not any(outcome.status for outcome in outcomes) else 1


def parse(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(prog="scripts.run_tests")
    parser.add_argument("which", choices=CHOICES)
    parser.add_argument("--data", default="", help="folder of real data, for `real`")
    options, for_pytest = parser.parse_known_args(arguments)
    if options.which == "real" and not Path(options.data or "-").is_dir():
        parser.error(f"there is no data folder {options.data!r}: make test-real DATA=path")
    return options, for_pytest


@contextlib.contextmanager
def databases(suites: Sequence[Suite]) -> Iterator[Callable[[Suite], str]]:
    """DATABASE_URL of a suite: SQLite, or the server of TEST_DATABASE_URL, or a throw-away one."""
    sqlite = f"sqlite:///{TEST_DATA / 'itsm.sqlite3'}"
    server = os.environ.get("TEST_DATABASE_URL", "")
    with contextlib.ExitStack() as stack:
        if not server and any(suite.on_postgres for suite in suites):
            server = stack.enter_context(temporary_cluster()).url("itsm")
        yield lambda suite: server if suite.on_postgres else sqlite


def env(options: argparse.Namespace, database_url: str) -> dict[str, str]:
    """Database, broker and data folder of the tests' own, whatever .env or the shell says."""
    added = {
        "DATABASE_URL": database_url,
        "CELERY_BROKER_URL": "memory://",
        "CACHE_URL": "locmem://",
        "DATA_DIR": str(TEST_DATA),
    }
    if options.data:
        added["ITSM_REAL_DATA"] = str(Path(options.data).resolve())
    return {**os.environ, **added}


def run(suite: Suite, environment: Mapping[str, str], for_pytest: Sequence[str]) -> Outcome:
    print(f"\n== {suite.name}", flush=True)
    start = time.monotonic()
    done = subprocess.run(
        dying_with_its_parent([sys.executable, "-m", "pytest", *suite.arguments(for_pytest)]),
        cwd=ROOT,
        env=environment,
    )
    status = done.returncode
    # What the person selected may lie in another suite; without a selection, empty is a fault.
    if status == NOTHING_COLLECTED and for_pytest:
        status = 0
    return Outcome(suite, status, time.monotonic() - start)


if __name__ == "__main__":
    sys.exit(main())
