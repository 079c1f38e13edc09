"""What an adapter makes of a body: readings, and items it could not read, each with a sentence."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from itsm.core.errors import Invalid

KEY_LENGTH, TITLE_LENGTH, SEVERITY_LENGTH, URL_LENGTH = 200, 200, 40, 1000

#: Labels that name the service, the most telling first.
SERVICE_LABELS = ("service", "app", "application", "job", "namespace")
ENVIRONMENT_LABELS = ("environment", "env", "stage")

_ENVIRONMENTS = {
    word: environment
    for environment, words in {
        "prod": "prod production prd live",
        "staging": "staging stage stg preprod pre-production uat",
        "dev": "dev development test testing qa",
        "dr": "dr disaster-recovery",
    }.items()
    for word in words.split()
}


class NotReadable(Invalid):
    """The body is JSON, but not what this kind of integration sends."""


class BadItem(ValueError):
    """One alert of a body cannot be read; the others can. The message is for an ops manager."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One alert as a monitor reports it at one moment: firing, or resolved."""

    key: str
    title: str
    firing: bool
    starts_at: dt.datetime
    #: When the source says that it ended; for a resolve without such a time, the present.
    ended_at: dt.datetime
    severity: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    source_url: str = ""
    #: Names that may be a service's, the most telling first.
    services: tuple[str, ...] = ()
    environment: str = ""
    #: The alert as it came, for the dead-letter list.
    item: Any = None
    index: int = 0


@dataclass(frozen=True, slots=True)
class Rejected:
    """An item that could not be taken in, and why."""

    index: int
    reason: str
    item: Any


@dataclass(slots=True)
class Batch:
    """All that one body says. `truncated`: alerts that the sender left out of it."""

    readings: list[Reading] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    truncated: int = 0


def text_of(value: Any) -> str:
    """A label's value as text: numbers and nested values as JSON, nothing as ""."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def texts(value: Any) -> dict[str, str]:
    """An object of labels with every value as text; anything else counts as none."""
    if not isinstance(value, dict):
        return {}
    return {name: text_of(content) for name, content in value.items()}


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def key_from(given: str) -> str:
    """A dedup key that fits its column; longer ones become their SHA-256."""
    return given if len(given) <= KEY_LENGTH else digest(given)


def digest(value: Any) -> str:
    """SHA-256 of a JSON value, independent of the order of keys."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def web_address(value: Any) -> str:
    """An http(s) address that fits its column, else "": other schemes never become a link."""
    address = value if isinstance(value, str) else ""
    known = address.startswith(("http://", "https://")) and len(address) <= URL_LENGTH
    return address if known else ""


def instant(value: Any, now: dt.datetime) -> dt.datetime | None:
    """An ISO 8601 time (any number of decimals) or a Unix time in seconds or milliseconds.

    None for a time that is missing, unreadable or before 1970 (`0001-01-01` means "not yet"). A
    time ahead of our clock counts as the present: the sender's clock is fast.
    """
    try:
        if isinstance(value, str):
            moment = dt.datetime.fromisoformat(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            moment = dt.datetime.fromtimestamp(value / 1000 if value > 1e11 else value, dt.UTC)
        else:
            return None
        if moment.year < 1970:
            return None
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        return min(zoned.astimezone(dt.UTC), now)
    except (ValueError, OverflowError, OSError):
        return None


def environment_named(labels: Mapping[str, str], given: str = "") -> str:
    """Our word for the environment that a monitor names; "" when it names none that we know."""
    words = [given, *(labels.get(name, "") for name in ENVIRONMENT_LABELS)]
    return next((known for word in words if (known := _ENVIRONMENTS.get(word.lower()))), "")


def service_names(labels: Mapping[str, str], given: str = "") -> tuple[str, ...]:
    """Slugs of services that the labels may mean, the most telling first."""
    named = [given, *(labels.get(name, "") for name in SERVICE_LABELS)]
    slugs = (form for name in named for form in _slugs(name) if form)
    return tuple(dict.fromkeys(slugs))


def _slugs(name: str) -> tuple[str, ...]:
    """`Payment_API` may be written payment_api or payment-api in the catalog."""
    slug = re.sub(r"[^a-z0-9_]+", "-", name[:80].lower()).strip("-")
    return (slug, slug.replace("_", "-")) if "_" in slug else (slug,)
