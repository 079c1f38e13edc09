"""Start programs, wait until they answer, and stop them so that nothing is left behind."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"


class NotStarted(RuntimeError):
    """A program ended, or did not answer in time."""


def wait_until(
    condition: Callable[[], object], *, within: float, what: str, every: float = 0.05
) -> None:
    """Ask until `condition` holds; after `within` seconds say `what` was awaited."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {within:g} s")
        time.sleep(every)


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def accepts_connections(port: int, host: str = LOOPBACK) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


def dying_with_its_parent(
    command: Sequence[str], *, death_signal: str = "TERM", user: str | None = None
) -> list[str]:
    """Wrap a command so that the kernel ends it when this process dies, even by kill -9.

    Linux only; elsewhere the command comes back as it is. With `user` it runs as that user,
    which only root may ask for.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return list(command)
    wrapped = [setpriv, "--pdeathsig", death_signal]
    if user is not None:
        wrapped += [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    return [*wrapped, "--", *command]


class Program:
    """One program, in a session of its own: Ctrl-C in the terminal reaches only its starter."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
        death_signal: str = "TERM",
        user: str | None = None,
        cwd: Path = ROOT,
    ) -> None:
        self.name = name
        self.command = dying_with_its_parent(command, death_signal=death_signal, user=user)
        self.env = {**os.environ, **(env or {})}
        self.log = log
        self.cwd = cwd
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, stdin: bytes | None = None) -> None:
        with self._output() as output:
            self.process = subprocess.Popen(
                self.command,
                env=self.env,
                cwd=self.cwd,
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=output or subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if stdin is not None and self.process.stdin is not None:
            self.process.stdin.write(stdin)
            self.process.stdin.close()

    def _output(self) -> contextlib.AbstractContextManager[IO[bytes] | None]:
        return contextlib.nullcontext() if self.log is None else self.log.open("ab")

    @property
    def pid(self) -> int:
        return self._started().pid

    @property
    def status(self) -> int | None:
        """Exit status, None while the program runs."""
        return self._started().poll()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def _started(self) -> "subprocess.Popen[bytes]":
        if self.process is None:
            raise NotStarted(f"{self.name} was not started")
        return self.process

    def wait_until(
        self, condition: Callable[[], object], *, within: float, what: str, every: float = 0.05
    ) -> None:
        """Like `wait_until`, but an end of the program is reported at once, with its last words."""

        def ended_or_met() -> bool:
            return not self.running or bool(condition())

        try:
            wait_until(ended_or_met, within=within, what=what, every=every)
        except TimeoutError as error:
            raise NotStarted(f"{error}\n{self.last_words()}") from None
        if not self.running:
            raise NotStarted(f"{self.name} ended with {self.status}\n{self.last_words()}")

    def last_words(self, lines: int = 30) -> str:
        if self.log is None or not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def ask_to_stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self.running:
            os.kill(self.pid, number)

    def stop(self, *, within: float = 10, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask, wait, then kill what is left of its session."""
        self.ask_to_stop(number)
        if self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=within)
        self.kill()

    def kill(self) -> None:
        """kill -9 of the program and of everything that it started."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
