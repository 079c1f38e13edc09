"""Who may see what."""

from django.db import migrations

from itsm.people import roles


def forward(apps, schema_editor):
    roles.grant(apps, "portal", {"view_savedview": [roles.OPS_MANAGER, roles.AUDITOR]})


class Migration(migrations.Migration):
    dependencies = [("portal", "0001_initial"), ("people", "0002_groups")]

    operations = [migrations.RunPython(forward, migrations.RunPython.noop)]
