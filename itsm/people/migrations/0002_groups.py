"""The product's groups and its own machine identity."""

from django.db import migrations

from itsm.core.seeding import seed
from itsm.people.roles import ALL, SYSTEM_USERNAME


def forward(apps, schema_editor):
    for name in ALL:
        apps.get_model("auth", "Group").objects.get_or_create(name=name)
    seed(
        apps,
        "people",
        "User",
        username=SYSTEM_USERNAME,
        first_name="ITSM",
        last_name="Portal",
        kind="machine",
        password="!",  # unusable: nobody signs in as it
    )


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial"), ("auth", "0012_alter_user_first_name_max_length")]

    operations = [migrations.RunPython(forward, migrations.RunPython.noop)]
