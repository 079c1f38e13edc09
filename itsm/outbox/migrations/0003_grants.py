"""Who may see what."""

from django.db import migrations

from itsm.people import roles


def forward(apps, schema_editor):
    roles.grant(apps, "outbox", {"resend_message": [roles.OPS_MANAGER]})
    for model in ("message", "attempt"):
        roles.grant(apps, "outbox", {f"view_{model}": [roles.OPS_MANAGER, roles.AUDITOR]})


class Migration(migrations.Migration):
    dependencies = [("outbox", "0002_initial"), ("people", "0002_groups")]

    operations = [migrations.RunPython(forward, migrations.RunPython.noop)]
