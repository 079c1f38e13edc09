"""What each group may: the whole table, so that a grant is never given or lost unseen."""

import pytest
from django.contrib.auth.models import Group, Permission

from itsm.people import roles

pytestmark = pytest.mark.django_db

CATALOG = [
    "customer", "account", "service", "servicedependency", "resource", "label", "labelprefix",
    "businesscalendar", "businesshours", "calendarday",
]  # fmt: skip
PEOPLE = ["user", "team", "membership", "contactmethod"]
TICKETS = [
    "ticket", "statechange", "clockpause", "ticketlabel", "ticketlink", "ticketaccount",
    "ticketresource", "comment", "attachment", "prioritypolicy", "priorityrule", "prioritytarget",
]  # fmt: skip
INCIDENTS = [
    "incident", "timelineentry", "alert", "alertgroup", "dropcount", "integration", "routingrule",
    "severitypolicy", "severitylevel", "deadletter",
]  # fmt: skip
JOBS = ["timers.view_timer", "timers.view_heartbeat", "outbox.view_message", "outbox.view_attempt"]


def words(app, verbs, models):
    return {f"{app}.{verb}_{model}" for verb in verbs.split() for model in models}


SEE_CATALOG = words("catalog", "view", CATALOG)
COLLEAGUE = SEE_CATALOG | {
    "tickets.raise_ticket", "tickets.read_ticket", "tickets.note_ticket", "incidents.read_incident",
}  # fmt: skip
WORKER = COLLEAGUE | {
    "tickets.work_ticket", "incidents.declare_incident", "incidents.respond_incident",
}  # fmt: skip
LOOKS_EVERYWHERE = (
    SEE_CATALOG
    | words("people", "view", PEOPLE)
    | words("tickets", "view", TICKETS)
    | words("incidents", "view", INCIDENTS)
    | {*JOBS, "audit.view_auditevent", "portal.view_savedview", "auth.view_group"}
    | {"people.administer_user"}
)
CONFIGURES = (
    words("catalog", "add change delete", CATALOG)
    | words("people", "add change", PEOPLE)
    | words("auth", "add change", ["group"])
    | words("tickets", "add change", ["prioritypolicy", "priorityrule", "prioritytarget"])
    | words(
        "incidents",
        "add change",
        ["integration", "routingrule", "severitypolicy", "severitylevel", "deadletter"],
    )
    | {"incidents.delete_routingrule", "outbox.resend_message"}
)

GRANTS = {
    roles.REQUESTER: {"tickets.raise_ticket", "tickets.note_ticket"},
    roles.CUSTOMER: set(),
    roles.RESPONDER: WORKER,
    roles.COMMANDER: WORKER | {"incidents.command_incident"},
    roles.COMMUNICATIONS: COLLEAGUE,
    roles.CHANGE_MANAGER: COLLEAGUE,
    roles.CAB_REVIEWER: COLLEAGUE,
    roles.BUSINESS: COLLEAGUE,
    roles.SECURITY: COLLEAGUE,
    roles.ENGINEERING: COLLEAGUE,
    roles.AUDITOR: LOOKS_EVERYWHERE | {"tickets.read_ticket", "incidents.read_incident"},
    roles.OPS_MANAGER: LOOKS_EVERYWHERE
    | CONFIGURES
    | WORKER
    | {"incidents.command_incident", "incidents.waive_incident"},
}


@pytest.mark.parametrize("name", roles.ALL)
def test_group_has_exactly_these_permissions(name):
    found = {
        f"{p.content_type.app_label}.{p.codename}"
        for p in Group.objects.get(name=name).permissions.select_related("content_type")
    }
    assert found == GRANTS[name], {
        "given and not in the table": sorted(found - GRANTS[name]),
        "in the table and not given": sorted(GRANTS[name] - found),
    }


def test_table_names_every_group():
    assert set(GRANTS) == set(roles.ALL) == set(Group.objects.values_list("name", flat=True))


def test_every_permission_in_the_table_is_one_that_something_asks_for_or_the_admin_knows():
    known = {
        f"{p.content_type.app_label}.{p.codename}"
        for p in Permission.objects.select_related("content_type")
    }
    assert set.union(*GRANTS.values()) <= known


def test_auditor_has_no_permission_that_writes():
    verbs = {name.split(".")[1].split("_")[0] for name in GRANTS[roles.AUDITOR]}
    assert verbs <= {"view", "read", "administer"}
