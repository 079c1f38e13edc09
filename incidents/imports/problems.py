"""What can be wrong with a file or with a row of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


class Unusable(Exception):
    """The file cannot be imported at all; the sentence says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding in one row. An error leaves the row out; a warning sets one value aside.

    `unmapped`: the value is fine in its own system, but the mapping has nothing for it.
    """

    severity: Severity
    line: int
    column: str
    value: str
    reason: str
    unmapped: bool = False

    def __str__(self) -> str:
        shown = self.value if len(self.value) <= 80 else f"{self.value[:79]}…"
        value = f" “{shown}”" if shown else ""
        return f"line {self.line}, {self.column}{value}: {self.reason}"
