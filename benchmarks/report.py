"""What a benchmark gives back: rows with the figure, the goal, and whether it is reached."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `goal` is written as in quality.md; `reached` is None for mere information."""

    work: str
    figure: str
    goal: str = ""
    reached: bool | None = None

    def __str__(self) -> str:
        mark = {True: "reached", False: "MISSED", None: ""}[self.reached]
        return f"{self.work:<58} {self.figure:>26}  {self.goal:<34} {mark}"


def at_most(work: str, value: float, limit: float, unit: str = "") -> Row:
    return Row(work, f"{value:,.2f}{unit}", f"≤ {limit:g}{unit}", value <= limit)


def at_least(work: str, value: float, limit: float, unit: str = "") -> Row:
    return Row(work, f"{value:,.2f}{unit}", f"≥ {limit:g}{unit}", value >= limit)
