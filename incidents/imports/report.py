"""What an import found and did: counted while it runs, told as text or as data at the end."""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from incidents.imports.planning import Standing
from incidents.imports.problems import Problem
from itsm.portal.exports import safe

if TYPE_CHECKING:
    from _csv import Writer

#: Problems that are shown; all of them are in the file.
SHOWN = 20
#: Different unmapped values that are counted one by one.
_DIFFERENT = 100


@dataclass(slots=True)
class Report:
    """Counts of one run. The first problems are kept, all go to `problems_file` as they come."""

    file: str
    mapping: str
    problems_file: Path
    executed: bool = False
    cases: int = 0
    events: int = 0
    first: int = 0
    last: int = 0
    errors: int = 0
    warnings: int = 0
    states: Counter[str] = field(default_factory=Counter)
    unmapped: Counter[str] = field(default_factory=Counter)
    standings: Counter[str] = field(default_factory=Counter)
    events_to_write: int = 0
    seconds: float = 0.0
    shown: list[Problem] = field(default_factory=list)
    _out: TextIO | None = None
    _writer: Writer | None = None

    def add(self, problem: Problem) -> None:
        if problem.severity == "error":
            self.errors += 1
        else:
            self.warnings += 1
        if problem.unmapped:
            self.count_unmapped(problem.column, problem.value)
        if len(self.shown) < SHOWN:
            self.shown.append(problem)
        self._write(problem)

    def count_unmapped(self, column: str, value: str) -> None:
        key = f"{column}: {value[:80]}"
        if key in self.unmapped or len(self.unmapped) < _DIFFERENT:
            self.unmapped[key] += 1

    def count_event(self, state: str, at: int) -> None:
        self.events += 1
        if state in self.states or len(self.states) < _DIFFERENT:
            self.states[state] += 1
        self.first = min(self.first or at, at)
        self.last = max(self.last, at)

    def _write(self, problem: Problem) -> None:
        if self._writer is None:
            self.problems_file.parent.mkdir(parents=True, exist_ok=True)
            self._out = self.problems_file.open("w", encoding="utf-8", newline="")
            self._writer = csv.writer(self._out)
            self._writer.writerow(["severity", "line", "column", "value", "reason"])
        row = (problem.severity, problem.line, problem.column, problem.value, problem.reason)
        self._writer.writerow([safe(value) for value in row])

    def close(self) -> None:
        if self._out is not None:
            self._out.close()

    @property
    def exit_status(self) -> int:
        return 1 if self.errors else 0

    def as_data(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "file": self.file,
            "mapping": self.mapping,
            "executed": self.executed,
            "cases": self.cases,
            "events": self.events,
            "from": _iso(self.first),
            "to": _iso(self.last),
            "states": dict(self.states.most_common()),
            "unmapped": dict(self.unmapped.most_common()),
            "standing": {s.value: self.standings[s] for s in Standing},
            "events_to_write": self.events_to_write,
            "errors": self.errors,
            "warnings": self.warnings,
            "problems": [_as_data(problem) for problem in self.shown],
            "problems_file": str(self.problems_file) if self._writer else None,
            "seconds": round(self.seconds, 1),
        }

    def as_text(self) -> str:
        """For people."""
        head = f"{self.file}: {_many(self.cases, 'case')}, {_many(self.events, 'event')}"
        if self.events:
            head += f" from {_day(self.first)} to {_day(self.last)} (UTC)"
        lines = [head, f"  States: {_listed(self.states)}"]
        if self.unmapped:
            lines.append(f"  Not mapped: {_listed(self.unmapped)}")
        lines += [self._doing(), *self._problems()]
        return "\n".join(lines)

    def _doing(self) -> str:
        done = "Written" if self.executed else "Would write"
        rate = ""
        if self.executed and self.seconds and self.events_to_write:
            rate = f", {self.events_to_write / self.seconds:,.0f} events a second"
        text = (
            f"{done}: {_many(self.standings[Standing.NEW], 'new case')}, "
            f"{_many(self.standings[Standing.LATER], 'case')} with later events "
            f"({_many(self.events_to_write, 'event')} in all{rate}). "
            f"Already there: {self.standings[Standing.SAME]:,}."
        )
        if edited := self.standings[Standing.EDITED]:
            text += f" Left as they are, because people worked on them here: {edited:,}."
        return text if self.executed else f"{text}\nNothing was written: add --execute to import."

    def _problems(self) -> list[str]:
        if not self.shown:
            return []
        lines = [f"{_many(self.errors, 'error')} and {_many(self.warnings, 'warning')}:"]
        lines += [f"  {problem.severity}, {problem}" for problem in self.shown]
        if (more := self.errors + self.warnings - len(self.shown)) > 0:
            lines.append(f"  and {more:,} more")
        if self.errors:
            lines.append("Rows with an error are left out; the others count.")
        return [*lines, f"All of them: {self.problems_file}"]


def _as_data(problem: Problem) -> dict[str, Any]:
    return {
        "severity": problem.severity,
        "line": problem.line,
        "column": problem.column,
        "value": problem.value,
        "reason": problem.reason,
    }


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.most_common()) or "none"


def _iso(seconds: int) -> str | None:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat() if seconds else None


def _day(seconds: int) -> str:
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M}"
