from itsm.tickets.models.evidence import Attachment, Comment
from itsm.tickets.models.links import TicketAccount, TicketLabel, TicketLink, TicketResource
from itsm.tickets.models.policy import (
    Impact,
    Priority,
    PriorityPolicy,
    PriorityRule,
    PriorityTarget,
    Urgency,
)
from itsm.tickets.models.ticket import ClockPause, StateChange, Ticket

__all__ = [
    "Attachment",
    "ClockPause",
    "Comment",
    "Impact",
    "Priority",
    "PriorityPolicy",
    "PriorityRule",
    "PriorityTarget",
    "StateChange",
    "Ticket",
    "TicketAccount",
    "TicketLabel",
    "TicketLink",
    "TicketResource",
    "Urgency",
]
