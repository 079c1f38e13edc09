"""`make run`: the whole portal on this machine, with an embedded database, a broker of its own and demo data.

HOST and PORT say where it listens, DATA_DIR where it keeps its data, DATABASE_URL and CELERY_BROKER_URL bring in an
existing database or broker. Ctrl-C and SIGTERM stop everything; when one program ends, all end and the exit status is 1.
"""

import contextlib
import fcntl
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from scripts import portal_programs
from scripts.portal_programs import PYTHON
from scripts.processes import LOOPBACK, ROOT, dying_with_its_parent
from scripts.supervisor import Stopped, Supervisor, stop_signals

DEFAULT_PORT = "8000"


class CannotRun(Exception):
    """What stands in the way, in one sentence for the person at the keyboard."""


def main() -> int:
    try:
        with stop_signals():
            return run(os.environ.get("HOST") or LOOPBACK, chosen_port(), data_folder())
    except Stopped:
        print("Stopped.")
        return 0
    except CannotRun as error:
        print(error, file=sys.stderr)
        return 1


def chosen_port() -> int:
    text = os.environ.get("PORT") or DEFAULT_PORT
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise CannotRun(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)


def data_folder() -> Path:
    folder = Path(os.environ.get("DATA_DIR") or ROOT / "var").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def run(host: str, port: int, data: Path) -> int:
    require_free(host, port)
    with only_one(data):
        env = {"DATA_DIR": str(data), "PYTHONUNBUFFERED": "1"}
        supervisor = Supervisor()
        try:
            env["CELERY_BROKER_URL"] = os.environ.get("CELERY_BROKER_URL") or start_broker(
                supervisor, data
            )
            prepare(env)
            supervisor.start(portal_programs.web(host, port, env=env))
            supervisor.start(portal_programs.worker(env=env))
            supervisor.start(portal_programs.beat(data / "beat-schedule", env=env))
            ended = supervisor.watch(Announcement(host, port, data))
        finally:
            supervisor.stop()
    print(f"{ended.name} ended with status {ended.status}, so everything was stopped.")
    return 1


def require_free(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotRun(
            f"Cannot listen on {host} port {port}: {reason}. Choose another, such as: make run PORT=8001"
        ) from None


@contextlib.contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Two portals over one data folder would run every timer twice."""
    with (data / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRun(f"A portal runs already on the data in {data}. Stop it first.") from None
        yield


def start_broker(supervisor: Supervisor, data: Path) -> str:
    log = data / "broker.log"
    log.unlink(missing_ok=True)
    broker = portal_programs.Broker(data / "broker", log=log)
    supervisor.adopt(broker.program, leaned_on=True)
    broker.start()
    return broker.url


def prepare(env: dict[str, str]) -> None:
    """Tables, static files and demo data, each only where something is missing."""
    # In a session of its own, Ctrl-C reaches only this process, which then ends it without a traceback on the screen.
    done = subprocess.run(
        dying_with_its_parent([PYTHON, "-m", "scripts.prepare"]),
        env={**os.environ, **env},
        cwd=ROOT,
        start_new_session=True,
    )
    if done.returncode:
        raise CannotRun("The portal could not be prepared; the lines above say why.")


class Announcement:
    """Says once where the portal is and who may sign in, as soon as it answers."""

    def __init__(self, host: str, port: int, data: Path) -> None:
        reachable = LOOPBACK if host in ("0.0.0.0", "::") else host  # noqa: S104
        self.address = f"http://{f'[{reachable}]' if ':' in reachable else reachable}:{port}/"
        self.sign_ins = data / "demo-sign-ins.txt"
        self.made = False

    def __call__(self) -> None:
        if not self.made and answers(f"{self.address}healthz"):
            self.made = True
            print(self.text(), flush=True)

    def text(self) -> str:
        lines = ["", f"The portal is ready: {self.address}"]
        if self.sign_ins.exists():
            lines += ["", self.sign_ins.read_text().rstrip()]
        return "\n".join([*lines, "", "Ctrl-C stops it.", ""])


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - our own address
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


if __name__ == "__main__":
    sys.exit(main())
