"""What a timeline shows of an entry, read from the record of any domain.

An entry has `at`, `kind`, `text` and `by`; the rest is optional: `recorded_at`, `source`, `link`,
`corrects`, `corrected_by`, `tone`, `icon`, `kind_label`, `author`, `machine`. A model's own names
are understood, so that a queryset can be handed over as it is (select `by`, `corrects` and
`corrected_by` along with it).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from itsm.portal.marks import EVENT_ICONS

#: Written this much later than it happened, an entry says so.
LATE = timedelta(minutes=2)
_VOICE = re.compile(r"^(IC|COMMS|ENG):\s*")


class Event(NamedTuple):
    """One row of a timeline, ready for its template."""

    at: datetime
    author: str
    machine: bool
    icon: str
    tone: str
    label: str
    voice: str
    text: str
    html: str
    url: str
    url_label: str
    entered_at: datetime | None
    struck_by: Any
    corrects: Any


def event(entry: Any) -> Event:
    """The entry as a row. IC:, COMMS: or ENG: at the start of the text becomes its voice."""
    text = str(_of(entry, "text") or "")
    found = _VOICE.match(text)
    author = _of(entry, "author", "by")
    url = str(_of(entry, "url", "link") or "")
    return Event(
        at=_of(entry, "at"),
        author=str(author or _display(entry, "source")),
        machine=_is_machine(entry, author),
        icon=_of(entry, "icon") or EVENT_ICONS.get(_of(entry, "kind") or "", "comment"),
        tone=_of(entry, "tone") or "",
        label=str(_of(entry, "kind_label") or _display(entry, "kind")),
        voice=_of(entry, "voice") or (found[1] if found else ""),
        text=text[found.end() :] if found else text,
        html=_of(entry, "html") or "",
        url=url,
        url_label=str(_of(entry, "url_label") or url),
        entered_at=_entered(entry),
        struck_by=_of(entry, "struck_by", "corrected_by"),
        corrects=_of(entry, "corrects"),
    )


def _of(entry: Any, *names: str) -> Any:
    """The first of these attributes (or keys) that the entry has and that is not None."""
    for name in names:
        value = entry.get(name) if isinstance(entry, Mapping) else getattr(entry, name, None)
        if value is not None:
            return value
    return None


def _display(entry: Any, name: str) -> str:
    """The word of a choice, or its stored value."""
    show = _of(entry, f"get_{name}_display")
    return str(show() if show else _of(entry, name) or "")


def _is_machine(entry: Any, author: Any) -> bool:
    if (stated := _of(entry, "machine")) is not None:
        return bool(stated)
    by_machine = author is None or getattr(author, "is_machine", False)
    return by_machine or _of(entry, "source") not in {None, "person"}


def _entered(entry: Any) -> datetime | None:
    entered: datetime | None = _of(entry, "entered_at", "recorded_at")
    return entered if entered and entered - _of(entry, "at") >= LATE else None
