"""Who acts in the live part of the demo data, on what, and when it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from incidents.models import Integration
from itsm.demo.catalog import Catalog
from itsm.people.models import User


@dataclass(frozen=True, slots=True)
class Stage:
    """Who acts, on what, and when it is."""

    users: Mapping[str, User]
    catalog: Catalog
    integration: Integration
    now: dt.datetime

    def ago(self, minutes: int) -> dt.datetime:
        return self.now - dt.timedelta(minutes=minutes)
