"""`make run` as a person meets it: it starts, says where, stops when told, leaves nothing over."""

import contextlib
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from scripts.processes import LOOPBACK, Program, free_port, wait_until

PATIENCE = 120


class Trial:
    """One `make run`, with everything below it in sight."""

    def __init__(self, data: Path, log: Path, path: str) -> None:
        self.port = free_port()
        self.program = Program(
            "trial",
            [sys.executable, "-m", "scripts.run"],
            env={
                "DATA_DIR": str(data),
                "DATABASE_URL": f"sqlite:///{data / 'itsm.sqlite3'}",
                "CELERY_BROKER_URL": "",
                "HOST": "",
                "PORT": str(self.port),
                "PATH": path,
            },
            log=log,
        )

    @property
    def said(self) -> str:
        return self.program.last_words(1000)

    def wait_until_ready(self) -> None:
        self.program.wait_until(
            lambda: "The portal is ready" in self.said, within=PATIENCE, what="the portal is ready"
        )

    def processes(self) -> dict[int, str]:
        """Process id and command line of everything that runs below it."""
        return dict(below(self.program.pid))

    def wait_until_over(self, leftovers: dict[int, str]) -> None:
        wait_until(lambda: not self.program.running, within=PATIENCE, what="the trial is over")
        assert [line for pid, line in leftovers.items() if command_line(pid) == line] == []


def below(pid: int) -> Iterator[tuple[int, str]]:
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            yield child, command_line(child)
            yield from below(child)


def command_line(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data folder for all: the first trial fills it, the others find it filled."""
    return tmp_path_factory.mktemp("trial")


@pytest.fixture
def trial(data: Path, tmp_path: Path) -> Iterator[Trial]:
    yield from running(Trial(data, tmp_path / "log", os.environ["PATH"]))


@pytest.fixture
def trial_without_redis(data: Path, tmp_path: Path) -> Iterator[Trial]:
    programs = tmp_path / "programs"
    programs.mkdir()
    if setpriv := shutil.which("setpriv"):
        (programs / "setpriv").symlink_to(setpriv)
    yield from running(Trial(data, tmp_path / "log", str(programs)))


def running(trial: Trial) -> Iterator[Trial]:
    trial.program.start()
    trial.wait_until_ready()
    yield trial
    trial.program.stop()


def test_trial_says_where_it_is_and_leaves_nothing_behind(trial: Trial, data: Path, tmp_path: Path):
    assert (data / "demo-sign-ins.txt").read_text().strip() in trial.said
    assert httpx.get(f"http://{LOOPBACK}:{trial.port}/readyz").status_code == 200
    refused_on_its_port(trial.port, data, tmp_path / "second")
    started = trial.processes()
    trial.program.ask_to_stop(signal.SIGTERM)
    trial.wait_until_over(started)
    assert trial.program.status == 0


def refused_on_its_port(port: int, data: Path, log: Path) -> None:
    second = Trial(data, log, os.environ["PATH"])
    second.program.env["PORT"] = str(port)
    second.program.start()
    second.wait_until_over({})
    assert second.program.status == 1
    assert second.said.startswith(f"Cannot listen on {LOOPBACK} port {port}")


def test_trial_without_redis_brings_its_own_broker(trial_without_redis: Trial):
    data = Path(trial_without_redis.program.env["DATA_DIR"])
    wait_until(lambda: swept(data), within=PATIENCE, what="a sweep")
    started = trial_without_redis.processes()
    assert "scripts.embedded_broker" in " ".join(started.values())
    trial_without_redis.program.ask_to_stop(signal.SIGINT)
    trial_without_redis.wait_until_over(started)
    assert trial_without_redis.program.status == 0
    assert "Traceback" not in trial_without_redis.said


def swept(data: Path) -> bool:
    """Did a worker sweep the timers just now? Then jobs travel through the broker."""
    with contextlib.closing(sqlite3.connect(data / "itsm.sqlite3")) as database:
        query = "select count(*) from timers_heartbeat where at > datetime('now', '-5 seconds')"
        return bool(database.execute(query).fetchone()[0])


def test_trial_ends_when_a_part_is_killed(trial: Trial):
    started = trial.processes()
    worker = next(pid for pid, line in started.items() if "--app itsm --quiet worker" in line)
    os.kill(worker, signal.SIGKILL)
    trial.wait_until_over(started)
    assert trial.program.status == 1
    assert "worker ended with status -9, so everything was stopped." in trial.said


def test_killed_trial_takes_everything_along(trial: Trial):
    started = trial.processes()
    os.kill(trial.program.pid, signal.SIGKILL)
    trial.wait_until_over({})
    wait_until(
        lambda: not any(command_line(pid) == line for pid, line in started.items()),
        within=PATIENCE,
        what="the last process is gone",
    )
