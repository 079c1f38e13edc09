"""How every record of the demo data is written: with validation and its history row."""

from __future__ import annotations

from typing import TypeVar

from django.db import models

from itsm.core.commands import save

REASON = "Demo data"

M = TypeVar("M", bound=models.Model)


def make(record: M) -> M:
    return save(record, reason=REASON, created=True)
