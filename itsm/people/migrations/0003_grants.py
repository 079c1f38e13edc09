"""Who may enter the admin, and who may do what with people, teams and groups."""

from django.db import migrations

from itsm.people import roles

MODELS = ["user", "team", "membership", "contactmethod"]


def forward(apps, schema_editor):
    roles.grant(apps, "people", {"administer_user": [roles.OPS_MANAGER, roles.AUDITOR]})
    for app_label, models in (("people", MODELS), ("auth", ["group"])):
        for model in models:
            roles.grant(apps, app_label, {f"view_{model}": [roles.OPS_MANAGER, roles.AUDITOR]})
            for verb in ("add", "change"):
                roles.grant(apps, app_label, {f"{verb}_{model}": [roles.OPS_MANAGER]})


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0002_groups"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(forward, migrations.RunPython.noop)]
