"""The one place where the passwords of the demo data are: a file that only its owner reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

from itsm.demo.people import PEOPLE


def path() -> Path:
    return Path(settings.DATA_DIR) / "demo-sign-ins.txt"


def write(passwords: Mapping[str, str], alerts: str) -> None:
    """Make the file anew; it is never readable by others, not even for a moment."""
    target = path()
    target.unlink(missing_ok=True)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text(passwords, alerts))


def read() -> str | None:
    """What was written when the demo data was loaded; None when it was not, or is lost."""
    try:
        return path().read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def text(passwords: Mapping[str, str], alerts: str) -> str:
    rows = [("role", "user name", "password", "name")]
    rows += [
        (p.role, p.username, passwords[p.username], f"{p.first_name} {p.last_name}") for p in PEOPLE
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    table = "\n".join(f"  {line.rstrip()}" for line in lines)
    return (
        f"Demo data: every person, customer and case is invented. Sign in as\n\n{table}\n\n"
        f"Alertmanager posts to\n\n  {alerts}\n"
    )
