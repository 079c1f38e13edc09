"""The default priority policy and who may do what with tickets."""

import datetime as dt

from django.db import migrations

from itsm.core.seeding import seed
from itsm.people import roles

# The seed document's matrix; it gives no time for P1, so 1 h is the product's default.
MATRIX = [
    ("high", "high", True, 0),
    ("high", "high", False, 1),
    ("high", "low", False, 2),
    ("low", "high", False, 3),
    ("low", "low", False, 4),
]
# priority: real minutes, business days, in business hours only
TARGETS = {
    0: (15, None, False),
    1: (60, None, False),
    2: (240, None, False),
    3: (480, None, True),
    4: (None, 5, True),
}

WORKERS = [roles.RESPONDER, roles.COMMANDER, roles.OPS_MANAGER]
GRANTS = {
    "raise_ticket": [roles.REQUESTER, *roles.STAFF],
    "read_ticket": [*roles.STAFF, roles.AUDITOR],
    "work_ticket": WORKERS,
    "note_ticket": [roles.REQUESTER, *roles.STAFF],
}
VIEWED = [
    "ticket",
    "statechange",
    "clockpause",
    "ticketlabel",
    "ticketlink",
    "ticketaccount",
    "ticketresource",
    "comment",
    "attachment",
    "prioritypolicy",
    "priorityrule",
    "prioritytarget",
]


def forward(apps, schema_editor):
    policy = seed(
        apps,
        "tickets",
        "PriorityPolicy",
        effective_from=dt.datetime(2000, 1, 1, tzinfo=dt.UTC),
        note="Default",
    )
    for impact, urgency, wide, priority in MATRIX:
        seed(
            apps,
            "tickets",
            "PriorityRule",
            policy_id=policy.pk,
            impact=impact,
            urgency=urgency,
            platform_wide=wide,
            priority=priority,
        )
    for priority, (minutes, days, business) in TARGETS.items():
        seed(
            apps,
            "tickets",
            "PriorityTarget",
            policy_id=policy.pk,
            priority=priority,
            resolve_minutes=minutes,
            resolve_business_days=days,
            business_hours=business,
        )
    roles.grant(apps, "tickets", GRANTS)
    for model in VIEWED:
        roles.grant(apps, "tickets", {f"view_{model}": [roles.OPS_MANAGER, roles.AUDITOR]})
    for model in ("prioritypolicy", "priorityrule", "prioritytarget"):
        for verb in ("add", "change"):
            roles.grant(apps, "tickets", {f"{verb}_{model}": [roles.OPS_MANAGER]})


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial"), ("people", "0002_groups")]

    operations = [migrations.RunPython(forward, migrations.RunPython.noop)]
