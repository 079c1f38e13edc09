"""The programs that make up a running portal, and the broker of a trial."""

import secrets
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts.processes import LOOPBACK, Program, accepts_connections, free_port

PYTHON = sys.executable
# What runs when a stop is asked for may finish within this.
SECONDS_TO_FINISH = 4


def web(host: str, port: int, *, env: Mapping[str, str], log: Path | None = None) -> Program:
    command = [
        *(PYTHON, "-m", "gunicorn", "itsm.wsgi:application"),
        *("--bind", f"[{host}]:{port}" if ":" in host else f"{host}:{port}"),
        *("--workers", "2", "--worker-class", "gthread", "--threads", "2", "--preload"),
        *(
            "--graceful-timeout",
            str(SECONDS_TO_FINISH),
            "--log-level",
            "warning",
            "--no-control-socket",
        ),
    ]
    return Program("web", command, env=env, log=log)


def worker(*, env: Mapping[str, str], log: Path | None = None, concurrency: int = 2) -> Program:
    # Trials and tests may run as root, on data of their own: Celery's warning says nothing new.
    command = [
        *(PYTHON, "-W", "ignore:::celery.platforms"),
        *("-m", "celery", "--app", "itsm", "--quiet", "worker"),
        *("--concurrency", str(concurrency), "--pool", "prefork"),
        *("--without-gossip", "--without-mingle", "--loglevel", "WARNING"),
    ]
    return Program("worker", command, env=env, log=log)


def beat(schedule: Path, *, env: Mapping[str, str], log: Path | None = None) -> Program:
    command = [
        *(PYTHON, "-m", "celery", "--app", "itsm", "--quiet", "beat"),
        *("--schedule", str(schedule), "--pidfile", "", "--loglevel", "WARNING"),
    ]
    return Program("beat", command, env=env, log=log)


class Broker:
    """Carries nudges on a free loopback port: redis-server if installed, else a look-alike."""

    def __init__(self, folder: Path, *, log: Path | None = None, embedded: bool = False) -> None:
        self.port = free_port()
        redis_server = None if embedded else shutil.which("redis-server")
        if redis_server is None:
            self.url = f"redis://{LOOPBACK}:{self.port}/0"
            self._config = None
            command = [PYTHON, "-m", "scripts.embedded_broker", str(self.port)]
        else:
            password = secrets.token_urlsafe(24)
            self.url = f"redis://:{password}@{LOOPBACK}:{self.port}/0"
            self._config = redis_config(folder, self.port, password)
            command = [redis_server, "-"]
        self.program = Program("broker", command, log=log)

    def start(self) -> None:
        # The configuration goes through stdin: the password is in no file and no process list.
        self.program.start(stdin=self._config)
        self.program.wait_until(
            lambda: accepts_connections(self.port), within=20, what="the broker answers"
        )


def redis_config(folder: Path, port: int, password: str) -> bytes:
    folder.mkdir(parents=True, exist_ok=True)
    return f"""
        bind {LOOPBACK}
        port {port}
        requirepass {password}
        dir "{folder}"
        save ""
        appendonly no
        loglevel warning
    """.encode()
