"""`make run`: the whole portal on this machine, with a database, a broker and demo data of its own.

HOST and PORT say where it listens, DATA_DIR where it keeps its data; DATABASE_URL and
CELERY_BROKER_URL bring in an existing database or broker. Ctrl-C and SIGTERM stop everything. When
one program ends, all end and the exit status is 1.
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

from environs import Env

from scripts import portal_programs
from scripts.portal_programs import PYTHON
from scripts.processes import LOOPBACK, ROOT, NotStarted, dying_with_its_parent
from scripts.supervisor import Stopped, Supervisor, stop_signals

DEFAULT_PORT = "8000"
EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - asked for by the person at the keyboard


class CannotRun(Exception):
    """What stands in the way, in one sentence for the person at the keyboard."""


def main() -> int:
    Env().read_env(ROOT / ".env", recurse=False)
    try:
        with stop_signals():
            return run(os.environ.get("HOST") or LOOPBACK, chosen_port(), data_folder())
    except Stopped:
        print("Stopped.")
        return 0
    except (CannotRun, NotStarted) as error:
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
        supervisor = Supervisor()
        try:
            env = settings(host, port, data)
            if not env.get("CELERY_BROKER_URL"):
                env["CELERY_BROKER_URL"] = start_broker(supervisor, data)
            prepare(env)
            serve(supervisor, host, port, env)
            supervisor.start(portal_programs.worker(env=env))
            supervisor.start(portal_programs.beat(data / "beat-schedule", env=env))
            print(announcement(address(host, port), data), flush=True)
            ended = supervisor.watch()
        finally:
            supervisor.stop()
    print(f"{ended.name} ended with status {ended.status}, so everything was stopped.")
    return 1


def settings(host: str, port: int, data: Path) -> dict[str, str]:
    """What suits a trial: a quiet, readable log and its own address. The person's settings win."""
    suitable = {
        "ALLOWED_HOSTS": ",".join(names_of_this_machine(host)),
        "BASE_URL": address(host, port).rstrip("/"),
        "LOG_JSON": "false",
        "LOG_LEVEL": "WARNING",
    }
    return {**suitable, **os.environ, "DATA_DIR": str(data), "PYTHONUNBUFFERED": "1"}


def names_of_this_machine(host: str) -> list[str]:
    """What a browser may call the portal: on every address, the machine's name and address too."""
    names = [LOOPBACK, "localhost", "[::1]"]
    if host not in EVERY_ADDRESS:
        return [*names, f"[{host}]" if ":" in host else host]
    names.append(socket.gethostname())
    with contextlib.suppress(OSError), socket.socket(type=socket.SOCK_DGRAM) as probe:
        # Nothing is sent: the system only looks up which of its addresses leads to other networks.
        probe.connect(("192.0.2.1", 9))
        names.append(probe.getsockname()[0])
    return names


def address(host: str, port: int) -> str:
    reachable = LOOPBACK if host in EVERY_ADDRESS else host
    return f"http://{f'[{reachable}]' if ':' in reachable else reachable}:{port}/"


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
            f"Cannot listen on {host} port {port}: {reason}. "
            "Choose another, such as: make run PORT=8001"
        ) from None


@contextlib.contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Two portals over one data folder would run every timer twice."""
    with (data / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRun(
                f"A portal runs already on the data in {data}. Stop it first."
            ) from None
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
    print(f"Preparing tables, static files and demo data in {env['DATA_DIR']}", flush=True)
    # A session of its own keeps Ctrl-C, and so a traceback, away from it; it is ended from here.
    done = subprocess.run(
        dying_with_its_parent([PYTHON, "-m", "scripts.prepare"]),
        env=env,
        cwd=ROOT,
        start_new_session=True,
    )
    if done.returncode:
        raise CannotRun("The portal could not be prepared; the lines above say why.")


def serve(supervisor: Supervisor, host: str, port: int, env: dict[str, str]) -> None:
    """Start the web before the rest: on a small machine the page is there seconds earlier."""
    web = portal_programs.web(host, port, env=env)
    supervisor.start(web)
    health = f"{address(host, port)}healthz"
    web.wait_until(lambda: answers(health), within=60, what="the portal answers", every=0.2)


def announcement(where: str, data: Path) -> str:
    lines = ["", f"The portal is ready: {where}", ""]
    sign_ins = data / "demo-sign-ins.txt"
    if sign_ins.exists():
        lines += [sign_ins.read_text().rstrip(), ""]
    return "\n".join([*lines, "Ctrl-C stops it.", ""])


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - our own address
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


if __name__ == "__main__":
    sys.exit(main())
