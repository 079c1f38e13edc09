"""A million tickets with incidents, made by SQL: one real pair copied with other values.

The pair is opened by the commands, so that the copies have every column that the models have now.
"""

from __future__ import annotations

from django.db import connection

from incidents.models import Incident
from itsm.catalog.models import Service
from itsm.tickets.models import Ticket

#: One in this many is open, as in the yearly stock of a busy operations team.
OPEN_EVERY = 200


def _columns(model: type[Ticket | Incident], given: dict[str, str]) -> tuple[str, str]:
    """Target columns, and the expressions that fill them: `given` or the template's value."""
    fields = model._meta.concrete_fields
    names = [str(field.column) for field in fields if not field.primary_key]
    return ", ".join(["id", *names]), ", ".join([given.get(n, f"t.{n}") for n in names])


def services(count: int = 40) -> list[int]:
    return [
        Service.objects.get_or_create(name=f"Service {n:02d}", slug=f"service-{n:02d}")[0].pk
        for n in range(count)
    ]


def fill(template: Incident, upto: int) -> None:
    """Copies of the template until there are `upto` tickets with an incident each."""
    first = Ticket.objects.order_by("-pk").values_list("pk", flat=True)[0] + 1
    last = first + upto - Ticket.objects.count() - 1
    pks = ", ".join(str(pk) for pk in services())
    opened = f"now() - make_interval(secs => 300.0 * ({last} - g.n))"
    closed = f"{opened} + interval '2 hours'"
    is_open = f"g.n % {OPEN_EVERY} = 0"
    ticket = {
        "title": "'Incident ' || g.n || ' of the benchmark'",
        "source_ref": "''",
        "service_id": f"(array[{pks}])[1 + g.n % 40]",
        "priority": "g.n % 5",
        "state": f"case when {is_open} then 'new' else 'closed' end",
        "opened_at": opened,
        "resolution_due_at": f"{opened} + interval '4 hours'",
        "restored_at": f"case when {is_open} then null else {closed} end",
        "resolved_at": f"case when {is_open} then null else {closed} end",
        "closed_at": f"case when {is_open} then null else {closed} end",
    }
    incident = {
        "ticket_id": "g.n",
        "level": "g.n % 5",
        "state": f"case when {is_open} then 'detected' else 'closed' end",
        "detected_at": opened,
        "resolved_at": f"case when {is_open} then null else {closed} end",
        "closed_at": f"case when {is_open} then null else {closed} end",
        "resolution_kind": f"case when {is_open} then '' else 'permanent' end",
    }
    with connection.cursor() as cursor:
        for model, given, row in (
            (Ticket, ticket, template.ticket_id),
            (Incident, incident, template.pk),
        ):
            table = model._meta.db_table
            names, values = _columns(model, given)
            cursor.execute(
                f"insert into {table} ({names}) select g.n, {values} "  # noqa: S608 (own names)
                f"from {table} t, generate_series({first}, {last}) as g(n) where t.id = %s",
                [row],
            )
            cursor.execute(f"select setval(pg_get_serial_sequence('{table}', 'id'), {last})")
    with connection.cursor() as cursor:
        cursor.execute("vacuum analyze")
