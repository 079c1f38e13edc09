"""Cells of CSV and XLSX files: a value from outside must not become a formula in a spreadsheet."""

from __future__ import annotations

from typing import Any

#: What makes a spreadsheet read a cell as something to run.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_cell(value: Any) -> Any:
    """Text that would start a formula gets a leading apostrophe; other values stay as they are."""
    if isinstance(value, str) and value.startswith(_STARTS):
        return f"'{value}"
    return value


def true_cell(value: Any) -> Any:
    """The inverse for a file that comes back: an apostrophe that `safe_cell` put there goes."""
    if isinstance(value, str) and value[:1] == "'" and value[1:].startswith(_STARTS):
        return value[1:]
    return value
