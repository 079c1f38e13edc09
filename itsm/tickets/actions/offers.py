"""What can be done with a ticket now, by whom, and if not, why not and who can help.

One list for every door: each entry names a command and asks the same rules and transitions as the
command itself, so that a button and its refusal never disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse

from itsm.core.rules import Rule
from itsm.core.transitions import missing
from itsm.tickets import driving, rules
from itsm.tickets.actions.labels import against_labelling
from itsm.tickets.actions.record import against_change
from itsm.tickets.models import Ticket

if TYPE_CHECKING:
    from itsm.people.models import User

State = Ticket.State


@dataclass(frozen=True, slots=True)
class Offer:
    """One action on one ticket for one person. `reason` is empty when it can be done."""

    name: str
    label: str
    url: str
    icon: str
    consequence: str
    primary: bool
    reason: str
    who: str
    state_forbids: bool

    @property
    def enabled(self) -> bool:
        return not self.reason


@dataclass(frozen=True, slots=True)
class _Action:
    """An action as it is for all tickets: what stands against it by state, and by person."""

    name: str
    verb: str
    icon: str
    against: Callable[[Ticket], str]
    rule: Rule
    consequence: str = ""
    first_in: tuple[str, ...] = ()


def _move(name: str) -> Callable[[Ticket], str]:
    return lambda ticket: next(iter(missing(getattr(ticket, name))), "")


def _driven(name: str, verb: str) -> Callable[[Ticket], str]:
    """Against a move by state, else because the incident makes it."""
    by_state = _move(name)
    return lambda ticket: by_state(ticket) or driving.against_move(ticket, verb)


def _pausing(name: str) -> Callable[[Ticket], str]:
    by_state = _move(name)
    return lambda ticket: by_state(ticket) or driving.against_pause(ticket)


def _nothing(ticket: Ticket) -> str:
    return ""


ACTIONS = (
    _Action(
        "triage",
        "Triage",
        "eye",
        _move("mark_triaged"),
        rules.may_work,
        "It counts as looked at and classified.",
    ),
    _Action(
        "start",
        "Start",
        "check",
        _driven("mark_started", "acknowledge"),
        rules.may_work,
        "The response is recorded as of now.",
        (State.NEW, State.TRIAGED),
    ),
    _Action(
        "resume",
        "Resume",
        "refresh",
        _pausing("mark_resumed"),
        rules.may_work,
        "A paused clock runs on, and its target moves by the length of the pause.",
        (State.WAITING,),
    ),
    _Action(
        "resolve",
        "Resolve",
        "check",
        _driven("mark_resolved", "resolve"),
        rules.may_work,
        "The clocks stop and the requester is told.",
        (State.IN_PROGRESS,),
    ),
    _Action(
        "close",
        "Close",
        "check",
        _driven("mark_closed", "close"),
        rules.may_close,
        "Its record stays as it is from then on.",
        (State.RESOLVED,),
    ),
    _Action(
        "wait",
        "Wait",
        "pause",
        _pausing("mark_waiting"),
        rules.may_work,
        "On the customer: the resolution clock stands still and the requester is told. "
        "On a supplier: it runs on.",
    ),
    _Action(
        "reopen",
        "Reopen",
        "undo",
        _driven("mark_reopened", "reopen"),
        rules.may_reopen,
        "It is in progress again and its clock runs on.",
        (State.CLOSED,),
    ),
    _Action(
        "cancel",
        "Cancel",
        "close",
        _driven("mark_cancelled", "cancel"),
        rules.may_cancel,
        "It ends here without being resolved.",
    ),
    _Action("assign", "Assign", "user", against_change, rules.may_work),
    _Action("edit", "Edit", "edit", against_change, rules.may_work),
    _Action("label", "Label", "label", against_labelling, rules.may_work),
    _Action("comment", "Comment on", "comment", _nothing, rules.may_note),
    _Action("attach", "Attach to", "attachment", _nothing, rules.may_note),
    _Action("link", "Link", "link", _nothing, rules.may_work),
    _Action("include", "Widen the scope of", "service", against_change, rules.may_work),
)

#: The actions that move the ticket from state to state, in the order of the page.
MOVES = ("triage", "start", "resume", "resolve", "close", "wait", "reopen", "cancel")


def offers(ticket: Ticket, by: User) -> list[Offer]:
    """Every action, possible or not, in the order of the page."""
    return [_offer(action, ticket, by) for action in ACTIONS]


def _offer(action: _Action, ticket: Ticket, by: User) -> Offer:
    by_state = action.against(ticket)
    by_person = "" if by_state else action.rule(by, ticket)
    return Offer(
        name=action.name,
        label=f"{action.verb} {ticket.reference}",
        url=reverse(f"tickets:{action.name}", args=[ticket.reference]),
        icon=action.icon,
        consequence=action.consequence,
        primary=ticket.state in action.first_in,
        reason=by_state or by_person,
        who=who_helps(ticket, by) if by_person else "",
        state_forbids=bool(by_state),
    )


def who_helps(ticket: Ticket, by: User) -> str:
    """Whom to ask: the assignee, else the team, else those who may."""
    if ticket.assignee is not None and ticket.assignee_id != by.pk:
        return f"Ask {ticket.assignee}."
    if ticket.team is not None:
        return f"Ask {ticket.team}."
    return "Ask a responder or an ops manager."
