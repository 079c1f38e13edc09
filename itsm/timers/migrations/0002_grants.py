"""Who may see what."""

from django.db import migrations

from itsm.people import roles


def forward(apps, schema_editor):
    for model in ("timer", "heartbeat"):
        roles.grant(apps, "timers", {f"view_{model}": [roles.OPS_MANAGER, roles.AUDITOR]})


class Migration(migrations.Migration):
    dependencies = [("timers", "0001_initial"), ("people", "0002_groups")]

    operations = [migrations.RunPython(forward, migrations.RunPython.noop)]
