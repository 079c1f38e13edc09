"""`make check`: everything about the code that is not a test.

`make fix` (`--fix`) repairs what a formatter can. Each step runs even when another failed;
the output of a step is shown when it failed.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from scripts import requirements
from scripts.processes import ROOT

PYTHON = sys.executable
MANAGE = (PYTHON, "manage.py")


@dataclass(frozen=True)
class Step:
    name: str
    command: Sequence[str]


@dataclass(frozen=True)
class Outcome:
    step: Step
    passed: bool
    output: str
    seconds: float

    def text(self) -> str:
        line = f"{'ok' if self.passed else 'FAILED':7}{self.step.name:20}{self.seconds:5.1f} s"
        return line if self.passed else f"{line}\n{self.output}"


def checks() -> list[Step]:
    """Slowest first: two run at a time."""
    return [
        Step("types", (PYTHON, "-m", "mypy")),
        Step("lint", (PYTHON, "-m", "ruff", "check", "--quiet", ".")),
        Step("format", (PYTHON, "-m", "ruff", "format", "--check", "--quiet", ".")),
        Step("layers", (tool("lint-imports"), "--cache-dir", ".cache/imports")),
        Step("templates", djade("--check")),
        Step("Django", (*MANAGE, "check", "--fail-level", "WARNING")),
        Step("migrations", (*MANAGE, "makemigrations", "--check", "--dry-run")),
        Step("state diagrams", (*MANAGE, "state_diagrams", "--check")),
        Step("requirements", (PYTHON, "-m", "scripts.check", "--requirements")),
    ]


def repairs() -> list[Step]:
    return [
        Step("lint", (PYTHON, "-m", "ruff", "check", "--quiet", "--fix", ".")),
        Step("format", (PYTHON, "-m", "ruff", "format", "--quiet", ".")),
        Step("templates", djade()),
        Step("state diagrams", (*MANAGE, "state_diagrams")),
    ]


def djade(*options: str) -> tuple[str, ...]:
    templates = [
        str(path.relative_to(ROOT))
        for top in ("templates", "itsm", "incidents")
        for path in sorted((ROOT / top).rglob("*.html"))
    ]
    return (tool("djade"), "--target-version", "5.2", *options, *templates)


def tool(name: str) -> str:
    """A program that was installed beside this Python."""
    return str(Path(PYTHON).parent / name)


def outcome(step: Step) -> Outcome:
    start = time.monotonic()
    data = ROOT / ".cache" / "check"
    done = subprocess.run(
        step.command,
        cwd=ROOT,
        env={
            **os.environ,
            "DATA_DIR": str(data),
            "DATABASE_URL": f"sqlite:///{data / 'itsm.sqlite3'}",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Outcome(step, done.returncode == 0, done.stdout, time.monotonic() - start)


def run(steps: Sequence[Step], *, at_a_time: int) -> int:
    with ThreadPoolExecutor(at_a_time) as pool:
        passed = True
        for result in pool.map(outcome, steps):
            print(result.text(), flush=True)
            passed = passed and result.passed
    return 0 if passed else 1


def main() -> int:
    if "--requirements" in sys.argv:
        print(*requirements.faults(), sep="\n")
        return 1 if requirements.faults() else 0
    if "--fix" in sys.argv:
        return run(repairs(), at_a_time=1)
    return run(checks(), at_a_time=2)


if __name__ == "__main__":
    sys.exit(main())
