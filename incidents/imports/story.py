"""What the events of one case lead to: states, pauses, timeline entries, and the final facts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from incidents.imports.events import Event
from itsm.tickets.models import Ticket

State = Ticket.State


@dataclass(slots=True)
class Facts:
    """What is known of a case after its last event; kept in the receipt for a later export.

    Moments are seconds since 1970; 0: not happened.
    """

    state: str = State.NEW.value
    waiting_on: str = ""
    opened_at: int = 0
    responded_at: int = 0
    resolved_at: int = 0
    closed_at: int = 0
    paused_at: int = 0
    impact: str = ""
    urgency: str = ""
    priority: int = -1
    group: str = ""
    person: str = ""
    made_sla: str = ""
    problem: str = ""
    change: str = ""
    caused_by: str = ""
    at: int = 0
    modification: int = 0

    def as_data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        known = cls.__dataclass_fields__
        return cls(**{name: value for name, value in data.items() if name in known})

    def is_later(self, event: Event) -> bool:
        """Whether the event came after everything that is known."""
        return (event.at, event.modification) > (self.at, self.modification)


@dataclass(frozen=True, slots=True)
class Move:
    """One edge of the ticket's machine."""

    from_state: str
    to_state: str
    waiting_on: str
    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the incident's timeline."""

    at: int
    kind: str
    text: str
    stamp: str = ""
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch of waiting on the customer; `ended_at` 0: still waiting. `goes_on`: it began before
    these events."""

    started_at: int
    ended_at: int
    goes_on: bool = False


@dataclass(slots=True)
class Story:
    """What the events of a case lead to. Warnings: line of the event, and what was set aside."""

    facts: Facts
    moves: list[Move] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    warnings: list[tuple[int, str]] = field(default_factory=list)
