"""The default severity policy, the last routing rule, and who may do what with incidents."""

import datetime as dt

from django.db import migrations

from itsm.core.seeding import seed
from itsm.people import roles

# The stricter of the two seed documents. Times in minutes.
LEVELS = [
    dict(
        level=0,
        meaning="Complete outage, data breach or loss, active exploitation",
        respond_minutes=5,
        update_minutes=15,
        mitigate_minutes=60,
        review_required=True,
        review_within_hours=48,
        war_room="automatic",
    ),
    dict(
        level=1,
        meaning="Major feature broken, many users",
        respond_minutes=15,
        update_minutes=30,
        mitigate_minutes=240,
        review_required=True,
        review_within_hours=168,
        war_room="automatic",
    ),
    dict(
        level=2,
        meaning="Partial loss, some users, or there is a workaround",
        respond_minutes=60,
        respond_minutes_off_hours=120,
        update_minutes=120,
        mitigate_business_days=1,
        review_within_hours=336,
        war_room="on-demand",
    ),
    dict(level=3, meaning="Minor", respond_minutes=480),
    dict(
        level=4,
        meaning="No current impact, a potential issue",
        respond_business_days=1,
    ),
]

# A dead man's switch fires for ever to show that monitoring lives: it is no incident.
ROUTING_RULES = [
    dict(
        name="Dead man's switch: drop and count",
        position=10,
        labels={"alertname": "/^(Watchdog|DeadMansSwitch|AlwaysFiring)$/"},
        action="drop",
    ),
    dict(
        name="Severity none: drop and count",
        position=20,
        labels={"severity": "none"},
        action="drop",
    ),
    dict(name="Everything else: open an incident", position=10_000),
]

RESPONDERS = [roles.RESPONDER, roles.COMMANDER, roles.OPS_MANAGER]
GRANTS = {
    "read_incident": [*roles.STAFF, roles.AUDITOR],
    "declare_incident": RESPONDERS,
    "respond_incident": RESPONDERS,
    "command_incident": [roles.COMMANDER, roles.OPS_MANAGER],
    "waive_incident": [roles.OPS_MANAGER],
}
VIEWED = ["incident", "timelineentry", "alert", "alertgroup", "dropcount"]
CONFIGURED = ["integration", "routingrule", "severitypolicy", "severitylevel", "deadletter"]


def forward(apps, schema_editor):
    policy = seed(
        apps,
        "incidents",
        "SeverityPolicy",
        effective_from=dt.datetime(2000, 1, 1, tzinfo=dt.UTC),
        note="Default",
    )
    for level in LEVELS:
        seed(apps, "incidents", "SeverityLevel", policy_id=policy.pk, **level)
    for rule in ROUTING_RULES:
        seed(apps, "incidents", "RoutingRule", **rule)
    roles.grant(apps, "incidents", GRANTS)
    for model in [*VIEWED, *CONFIGURED]:
        roles.grant(apps, "incidents", {f"view_{model}": [roles.OPS_MANAGER, roles.AUDITOR]})
    for model in CONFIGURED:
        for verb in ("add", "change"):
            roles.grant(apps, "incidents", {f"{verb}_{model}": [roles.OPS_MANAGER]})
    roles.grant(apps, "incidents", {"delete_routingrule": [roles.OPS_MANAGER]})


class Migration(migrations.Migration):
    dependencies = [("incidents", "0001_initial"), ("people", "0002_groups")]

    operations = [migrations.RunPython(forward, migrations.RunPython.noop)]
