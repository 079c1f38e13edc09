"""The jobs page: signs of life, what is due, what was given up, and that it costs little."""

import datetime as dt

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from incidents.models import DeadLetter
from itsm.audit import guards
from itsm.outbox.models import Attempt, Message
from itsm.people import roles
from itsm.timers.models import Heartbeat, Timer
from tests import factories
from tests.rows import integration


def facts(response):
    return {f.label: f for panel in response.context["panels"] for f in panel.facts}


def timer(**fields):
    now = timezone.now()
    known = {"kind": "x", "target": "t", "target_id": Timer.objects.count()}
    return Timer.objects.create(**(known | {"planned_at": now, "due_at": now} | fields))


def test_jobs_page_says_what_is_silent_and_what_was_never_seen(signed_in, manager):
    Heartbeat.beat("timers.sweep")
    Heartbeat.objects.create(name="outbox.deliver", at=timezone.now() - dt.timedelta(minutes=9))
    shown = facts(signed_in(manager).get("/admin/jobs/"))
    assert shown["timers.sweep"].tone == "good"
    assert shown["outbox.deliver"].value.startswith("silent for 9 min")
    assert shown["timers.watch"].value == "never seen"


def test_jobs_page_counts_due_failing_and_dead(signed_in, manager):
    now = timezone.now()
    timer()
    timer(due_at=now - dt.timedelta(minutes=10), planned_at=now - dt.timedelta(minutes=10))
    timer(due_at=now + dt.timedelta(minutes=1), attempts=2, error="Boom: later")
    timer(state="dead", fired_at=now, error="Boom: never")
    response = signed_in(manager).get("/admin/jobs/")
    shown = facts(response)
    names = ("Due now", "Overdue", "Failing, to be tried again", "Given up")
    assert [shown[name].value for name in names] == ["2", "1", "1", "1"]
    assert "Boom: later" in response.content.decode()
    assert "Boom: never" in response.content.decode()


def test_jobs_page_lists_dead_letters_with_their_last_error(signed_in, manager):
    message = Message.objects.create(
        channel="email", recipient="a@b.c", subject="Resolved", body="x", key="k", state="dead"
    )
    Attempt.objects.create(message=message, delivered=False, detail="SMTP 550")
    DeadLetter.objects.create(integration=integration(), reason="No title", body={})
    page = signed_in(manager).get("/admin/jobs/").content.decode()
    assert "SMTP 550" in page
    assert "No title" in page


def test_jobs_page_tells_of_a_missing_guard(signed_in, manager):
    table = guards.tables()[0]
    guard = next(key for key in guards.installed(connection) if key[0] == table)
    on = f' on "{table}"' if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f'drop trigger "{guard[1]}"{on}')
    shown = facts(signed_in(manager).get("/admin/jobs/"))
    assert shown["Guards of append-only tables"].value == "1 missing"


def test_jobs_page_cost_does_not_grow(signed_in, manager):
    client = signed_in(manager)
    client.get("/admin/jobs/")
    with CaptureQueriesContext(connection) as few:
        client.get("/admin/jobs/")
    for _ in range(5):
        timer(attempts=1)
        message = Message.objects.create(
            channel="email", recipient="a", body="x", key=f"{Message.objects.count()}", state="dead"
        )
        Attempt.objects.create(message=message, delivered=False)
        DeadLetter.objects.create(integration=integration(), reason="No title", body={})
    with CaptureQueriesContext(connection) as many:
        client.get("/admin/jobs/")
    assert len(many) <= len(few) + 1 <= 24


def test_jobs_page_is_for_ops_managers_and_auditors(signed_in, auditor):
    assert signed_in(auditor).get("/admin/jobs/").status_code == 200
    assert signed_in(factories.person(roles.COMMANDER)).get("/admin/jobs/").status_code == 403
