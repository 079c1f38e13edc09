"""The label vocabulary of the product and a calendar to start with."""

import datetime as dt

from django.db import migrations

from itsm.core.seeding import seed
from itsm.people import roles

# prefix: (description, required on a classified ticket, one value at a time, values)
VOCABULARY = {
    "blast": (
        "How far it reaches",
        True,
        True,
        ["single-service", "multi-service", "single-account", "multi-account", "org-wide"],
    ),
    "rca": (
        "Cause",
        True,
        True,
        ["unknown", "code-defect", "config-drift", "infra-failure", "human-error", "3rd-party"],
    ),
    "ke": ("Known error of the register", True, False, ["none"]),
    "service": (
        "Service domain",
        True,
        False,
        ["cloudops", "finops", "network", "identity", "compute", "storage", "database", "ec2"],
    ),
    "env": ("Environment", True, True, ["prod", "staging", "dev", "dr"]),
    "tier": ("What the business depends on", True, True, ["critical", "important", "best-effort"]),
    "cr": ("Kind of change", False, True, ["standard", "normal", "emergency"]),
    "itsm-type": (
        "Type of the record",
        False,
        True,
        ["incident", "problem", "change", "service-request"],
    ),
}

MODELS = [
    "customer",
    "account",
    "service",
    "servicedependency",
    "resource",
    "label",
    "labelprefix",
    "businesscalendar",
    "businesshours",
    "calendarday",
]


def forward(apps, schema_editor):
    for position, (name, (description, required, exclusive, values)) in enumerate(
        VOCABULARY.items()
    ):
        prefix = seed(
            apps,
            "catalog",
            "LabelPrefix",
            name=name,
            description=description,
            required=required,
            exclusive=exclusive,
            position=position,
        )
        for value in values:
            seed(apps, "catalog", "Label", prefix_id=prefix.pk, value=value)
    week = seed(apps, "catalog", "BusinessCalendar", name="Monday to Friday, UTC")
    for weekday in range(5):
        seed(
            apps,
            "catalog",
            "BusinessHours",
            calendar_id=week.pk,
            weekday=weekday,
            opens=dt.time(9),
            closes=dt.time(17),
        )
    for model in MODELS:
        roles.grant(apps, "catalog", {f"view_{model}": [*roles.STAFF, roles.AUDITOR]})
        for verb in ("add", "change", "delete"):
            roles.grant(apps, "catalog", {f"{verb}_{model}": [roles.OPS_MANAGER]})


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_initial"), ("people", "0002_groups")]

    operations = [migrations.RunPython(forward, migrations.RunPython.noop)]
