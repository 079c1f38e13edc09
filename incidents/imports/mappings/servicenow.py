"""ServiceNow: the incident table, exported with one row per update or one row per incident.

Column and state names follow the table of the product and the published event logs of it; both
the labels and the numbers of choice lists are understood.
"""

from __future__ import annotations

from incidents.imports.mapping import Goal, Mapping
from incidents.models import Incident
from itsm.tickets.models import Priority, Ticket

State, On = Ticket.State, Ticket.WaitingOn
Category = Incident.Category

NEW, ACTIVE = Goal(State.NEW), Goal(State.IN_PROGRESS)
ON_CUSTOMER, ON_SUPPLIER = Goal(State.WAITING, On.CUSTOMER), Goal(State.WAITING, On.SUPPLIER)
RESOLVED, CLOSED, CANCELLED = Goal(State.RESOLVED), Goal(State.CLOSED), Goal(State.CANCELLED)

MAPPING = Mapping(
    name="servicenow",
    system="ServiceNow",
    columns={
        "number": ("number",),
        "state": ("incident_state", "state"),
        "at": ("sys_updated_at", "sys_updated_on", "updated"),
        "modification": ("sys_mod_count", "updates"),
        "who": ("sys_updated_by", "updated_by"),
        "opened_at": ("opened_at", "opened"),
        "resolved_at": ("resolved_at", "resolved"),
        "closed_at": ("closed_at", "closed"),
        "impact": ("impact",),
        "urgency": ("urgency",),
        "priority": ("priority",),
        "title": ("short_description", "short description"),
        "description": ("description",),
        "group": ("assignment_group", "assignment group"),
        "person": ("assigned_to", "assigned to"),
        "reassignments": ("reassignment_count", "reassignment count"),
        "made_sla": ("made_sla", "made sla"),
        "category": ("category",),
        "subcategory": ("subcategory",),
        "symptom": ("u_symptom",),
        "item": ("cmdb_ci", "configuration item"),
        "caller": ("caller_id", "caller"),
        "opened_by": ("opened_by", "opened by"),
        "contact": ("contact_type", "channel"),
        "location": ("location",),
        "problem": ("problem_id", "problem"),
        "change": ("rfc", "change request"),
        "caused_by": ("caused_by", "caused by change"),
        "vendor": ("vendor",),
        "code": ("closed_code", "close_code", "resolution code"),
        "resolved_by": ("resolved_by", "resolved by"),
    },
    required=("number", "state", "at", "opened_at", "impact", "urgency"),
    states={
        "new": NEW,
        "active": ACTIVE,
        "in progress": ACTIVE,
        "on hold": ACTIVE,  # without its reason nobody can say whom it waits on: the clock runs
        "awaiting problem": ACTIVE,
        "awaiting change": ACTIVE,
        "awaiting user info": ON_CUSTOMER,
        "awaiting caller": ON_CUSTOMER,
        "awaiting evidence": ON_CUSTOMER,
        "awaiting vendor": ON_SUPPLIER,
        "resolved": RESOLVED,
        "closed": CLOSED,
        "canceled": CANCELLED,
        "cancelled": CANCELLED,
        "1": NEW,
        "2": ACTIVE,
        "3": ACTIVE,
        "4": ON_CUSTOMER,
        "5": ON_CUSTOMER,
        "6": RESOLVED,
        "7": CLOSED,
        "8": CANCELLED,
    },
    unknown_states=frozenset({"-100"}),
    grades={
        "1 - high": "high",
        "2 - medium": "medium",
        "3 - low": "low",
        "high": "high",
        "medium": "medium",
        "low": "low",
        "1": "high",
        "2": "medium",
        "3": "low",
    },
    priorities={
        "1 - critical": Priority.P1,
        "2 - high": Priority.P2,
        "3 - moderate": Priority.P3,
        "4 - low": Priority.P4,
        "5 - planning": Priority.P4,
        "1": Priority.P1,
        "2": Priority.P2,
        "3": Priority.P3,
        "4": Priority.P4,
        "5": Priority.P4,
    },
    matrix={
        ("high", "high"): Priority.P1,
        ("high", "medium"): Priority.P2,
        ("high", "low"): Priority.P3,
        ("medium", "high"): Priority.P2,
        ("medium", "medium"): Priority.P3,
        ("medium", "low"): Priority.P4,
        ("low", "high"): Priority.P3,
        ("low", "medium"): Priority.P4,
        ("low", "low"): Priority.P4,
    },
    levels={Priority.P1: 1, Priority.P2: 2, Priority.P3: 3, Priority.P4: 4},
    policy_note="ServiceNow import matrix",
    categories={
        "network": Category.INFRASTRUCTURE,
        "hardware": Category.INFRASTRUCTURE,
        "software": Category.APPLICATION,
        **{label.casefold(): value for value, label in Category.choices},
    },
    date_formats=(
        "%d/%m/%Y %H:%M",
        "%d/%m/%Y %H:%M:%S",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%d %H:%M",
        "%d-%m-%Y %H:%M:%S",
    ),
    missing=frozenset({"", "?"}),
)
