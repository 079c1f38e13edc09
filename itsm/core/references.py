"""References of records: `OPS-180`, `INC-2026-00042`, `CHG-2026-00017`.

The number is the primary key, so there is no shared counter to lock; the year is that of
detection or creation and helps people only: the key alone finds the record.
"""

from __future__ import annotations

import re
from datetime import datetime

_PATTERN = re.compile(
    r"^(?:(OPS|SPM)-([0-9]{1,18})|(INC|CHG|PIR)-[0-9]{4}-([0-9]{1,18}))$", re.IGNORECASE
)


def plain(prefix: str, key: int) -> str:
    """`OPS-180`"""
    return f"{prefix}-{key}"


def dated(prefix: str, at: datetime, key: int) -> str:
    """`INC-2026-00042`"""
    return f"{prefix}-{at.year}-{key:05d}"


def parse(text: str) -> tuple[str, int] | None:
    """Prefix and key of a reference, or None. `inc-2026-42` is understood as well."""
    found = _PATTERN.fullmatch(text.strip())
    if not found:
        return None
    prefix, key = (found[1], found[2]) if found[1] else (found[3], found[4])
    return prefix.upper(), int(key)
