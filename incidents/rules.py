"""Who may do what with an incident, and what else must hold: one sentence against it, or "".

The same rules answer the commands (which raise) and the page (which shows the sentence on the
disabled button).
"""

from __future__ import annotations

from django.db.models import Count, Q

from incidents.models import Incident, TimelineEntry
from itsm.core.rules import first_reason
from itsm.people.models import User
from itsm.tickets.models import Ticket
from itsm.tickets.rules import may_read as may_read_ticket

RESPONDERS = "A responder or an incident commander can do it."
COMMANDERS = "An incident commander or an ops manager can do it."
OPS_MANAGERS = "An ops manager can do it."


# Who may


def is_person(by: User, _: object) -> str:
    return "A machine drafts and records; a person decides." if by.is_machine else ""


def may_read(by: User, incident: Incident) -> str:
    """Whoever sees the ticket sees its incident."""
    return may_read_ticket(by, incident.ticket)


def may_see_internal(by: User, incident: Incident) -> str:
    """Alerts, timeline and history are the colleagues' own; others see state, times and outcome."""
    if by.customer_id is None and by.has_perm("incidents.read_incident"):
        return ""
    return "The timeline is for those who work here."


def may_declare(by: User, record: object = None) -> str:
    if not by.has_perm("incidents.declare_incident"):
        return "Only responders and incident commanders declare incidents."
    return is_person(by, record)


def may_respond(by: User, incident: Incident) -> str:
    if not by.has_perm("incidents.respond_incident"):
        return "Only responders work on incidents."
    return first_reason(by, incident, is_person, may_read)


def may_command(by: User, incident: Incident) -> str:
    if not by.has_perm("incidents.command_incident"):
        return "Only an incident commander or an ops manager decides this."
    return first_reason(by, incident, is_person, may_read)


def may_waive(by: User, incident: Incident) -> str:
    if not by.has_perm("incidents.waive_incident"):
        return "Only an ops manager waives a review."
    return first_reason(by, incident, is_person, may_read)


def may_note(by: User, incident: Incident) -> str:
    """Colleagues of every kind write on the timeline, machines too: noting decides nothing."""
    if not by.has_perm("tickets.note_ticket"):
        return "You may read this incident but not add to it."
    return first_reason(by, incident, may_read, may_see_internal)


def may_correct(by: User, entry: TimelineEntry) -> str:
    """Machines write down what they saw, but do not rewrite what was said."""
    return first_reason(by, entry.incident, is_person, may_note)


def may_heal(by: User, incident: Incident) -> str:
    """The one way to `resolved` without a person: all alerts cleared before anybody came."""
    return "" if by.is_machine else "A person acknowledges first, then resolves."


# What the incident allows now


def can_be_declared(ticket: Ticket) -> str:
    """A ticket has at most one incident, and only an open ticket of that type gets one."""
    if ticket.type != Ticket.Type.INCIDENT:
        return f"{ticket} is a {ticket.get_type_display().lower()}, which has no response."
    if not ticket.is_open:
        return f"{ticket} is {ticket.get_state_display().lower()}: reopen it or declare a new one."
    incident = getattr(ticket, "incident", None)
    return f"{incident} is the incident of {ticket} already." if incident else ""


def level_can_change(incident: Incident) -> str:
    return "" if incident.is_open else f"{incident} is {_state(incident)}: its level stands."


def resolve_needs_acknowledgement(incident: Incident) -> str:
    """Only a machine goes straight from detected to resolved: the alert healed by itself."""
    if incident.state == Incident.State.DETECTED:
        return "Nobody has acknowledged it yet: acknowledge it, then resolve it."
    return ""


def alerts_still_fire(incident: Incident) -> str:
    """What stands against healing; an incident that no alert opened cannot heal by itself."""
    firing = Count("pk", filter=Q(resolved_at=None))
    count = incident.alerts.aggregate(every=Count("pk"), firing=firing)
    if not count["every"]:
        return "No alert belongs to this incident."
    return "An alert of this incident still fires." if count["firing"] else ""


def review_can_be_waived(incident: Incident) -> str:
    if incident.state != Incident.State.RESOLVED:
        return f"{incident} is {_state(incident)}: a review is waived once it is resolved."
    if incident.review_waived_at:
        return "The review is waived already."
    return "" if incident.requires_review else "This incident requires no review."


def can_merge_into(incident: Incident, target: Incident) -> str:
    """A target that is open was merged nowhere, so no chain and no circle can come about."""
    if incident.pk == target.pk:
        return "An incident cannot be merged into itself."
    if not target.is_open:
        return f"{target} is {_state(target)}: only an open incident takes in another."
    return ""


def _state(incident: Incident) -> str:
    return str(incident.get_state_display()).lower()
