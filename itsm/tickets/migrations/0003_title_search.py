"""An index for titles that begin with given words, in any case, where the database uses one."""

from django.db import migrations

# What Django's `istartswith` compares on PostgreSQL is upper(title).
CREATE = """
create index if not exists tickets_by_title on tickets_ticket (upper(title) text_pattern_ops)
"""


def forward(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(CREATE)


def backward(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("drop index if exists tickets_by_title")


class Migration(migrations.Migration):
    dependencies = [("tickets", "0002_policy")]

    operations = [migrations.RunPython(forward, backward)]
