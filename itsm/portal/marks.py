"""Which tone and which icon a state has on a page: the one place that knows.

The word comes from the model; the tone says what the state means for the reader. A state that is
not listed is neutral, so a new one shows correctly before anybody thinks of its colour.
"""

from __future__ import annotations

from typing import NamedTuple


class Mark(NamedTuple):
    """Tone (a class of `components.css`) and icon (a symbol of `icons.svg`)."""

    tone: str
    icon: str


UNKNOWN = Mark("neutral", "state-new")

_MEANINGS: dict[Mark, str] = {
    # Nobody has begun.
    UNKNOWN: "new triaged open queued todo planned armed scheduled",
    Mark("neutral", "state-draft"): "draft pending",
    # Somebody works on it.
    Mark("active", "state-active"): (
        "acknowledged investigating identified mitigated in_progress in_work running sending "
        "submitted implementing operating reopened confirmed"
    ),
    # It stands until somebody answers or decides.
    Mark("wait", "state-wait"): (
        "waiting waiting_customer waiting_supplier waiting_on_customer waiting_on_supplier paused "
        "on_hold drafted in_review proposed needs_person conditional approved_with_conditions "
        "due suppressed"
    ),
    Mark("good", "state-good"): (
        "resolved approved approve passed pass fulfilled implemented verified sent delivered met "
        "promoted"
    ),
    Mark("neutral", "state-done"): "closed done final archived sealed superseded published",
    Mark("neutral", "state-off"): (
        "cancelled skipped not_applicable withdrawn abstain expired lapsed struck"
    ),
    Mark("neutral", "state-merged"): "merged",
    # Late, broken or dangerous.
    Mark("late", "state-late"): (
        "detected firing failed fail dead overdue breached missed rolled_back exhausted"
    ),
    Mark("late", "state-off"): "rejected reject refused",
}

_MARKS = {state: mark for mark, states in _MEANINGS.items() for state in states.split()}


def mark_of(state: str) -> Mark:
    """The mark of a state's stored value, written with hyphens or underscores."""
    return _MARKS.get(state.replace("-", "_"), UNKNOWN)


# How a message of Django or an alert box looks.
ALERTS: dict[str, Mark] = {
    "info": Mark("active", "info"),
    "good": Mark("good", "state-good"),
    "warn": Mark("wait", "warn"),
    "danger": Mark("late", "danger"),
}
ALERTS |= {"debug": ALERTS["info"], "success": ALERTS["good"]}
ALERTS |= {"warning": ALERTS["warn"], "error": ALERTS["danger"]}

# The icon of an event by its kind.
EVENT_ICONS = {
    "state": "state-active",
    "alert": "alert",
    "note": "comment",
    "level": "escalate",
    "assignment": "user",
    "resolution": "check",
    "verification": "eye",
    "merge": "merge",
    "correction": "correction",
    "page": "page",
    "update": "message",
    "change": "change",
    "escalation": "escalate",
    "label": "label",
    "clock": "clock",
    "vote": "vote",
    "gate": "gate",
    "seal": "seal",
    "attachment": "attachment",
    "link": "link",
}
