"""Run programs together: their lines on one screen, and when one ends, all end."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from scripts.processes import Program

SECONDS_TO_STOP = 5


class Stopped(Exception):
    """Ctrl-C, or the system asks to end."""


@contextmanager
def stop_signals() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into `Stopped`, once: the clean-up must not be broken off."""

    def stopped(_number: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stopped)
    yield


class Supervisor:
    """Programs that live and end together; those that the others lean on are stopped last."""

    def __init__(self) -> None:
        self.programs: list[Program] = []
        self._leaned_on: list[Program] = []
        self._readers: list[threading.Thread] = []

    def start(self, program: Program) -> None:
        program.start()
        self.adopt(program)

    def adopt(self, program: Program, *, leaned_on: bool = False) -> None:
        """Watch and stop a program that is started elsewhere."""
        self.programs.append(program)
        if leaned_on:
            self._leaned_on.append(program)
        reader = threading.Thread(target=self._relay, args=(program,), daemon=True)
        reader.start()
        self._readers.append(reader)

    def _relay(self, program: Program) -> None:
        if program.process is None or program.process.stdout is None:
            return
        for line in program.process.stdout:
            print(f"{program.name:>6} | {line.decode(errors='replace').rstrip()}", flush=True)

    def watch(self) -> Program:
        """Wait until a program ends, and return it."""
        while True:
            for program in self.programs:
                if not program.running:
                    return program
            time.sleep(0.2)

    def stop(self) -> None:
        leaning = [program for program in self.programs if program not in self._leaned_on]
        deadline = time.monotonic() + SECONDS_TO_STOP
        for program in leaning:
            program.ask_to_stop()
        for program in leaning + self._leaned_on:
            program.stop(within=max(1, deadline - time.monotonic()))
        for reader in self._readers:
            reader.join(timeout=1)
