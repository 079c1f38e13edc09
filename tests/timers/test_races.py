"""Many workers at one table of timers: each fires once. And a long table, mostly quiet."""

import datetime as dt
import time

import pytest
from django.db import connection, transaction
from django.utils import timezone

from itsm.catalog.models import Service
from itsm.timers import actions, sweep
from itsm.timers.models import Timer, spec
from tests import factories
from tests.timers.conftest import in_threads

pytestmark = pytest.mark.django_db(transaction=True)


def on_postgresql():
    return connection.vendor == "postgresql"


def many(number, *, minutes=-1, kind="probe"):
    now = timezone.now()
    due = now + dt.timedelta(minutes=minutes)
    Timer.objects.bulk_create(
        [
            Timer(kind=kind, target="probe", target_id=n, planned_at=due, due_at=due)
            for n in range(number)
        ],
        batch_size=5000,
    )


def test_concurrent_sweeps_fire_each_timer_once(probe):
    """What counts is what the database shows: one receipt and one effect for each."""

    def counts(timer):
        Service.objects.create(name=f"Fired {timer.target_id}", slug=f"fired-{timer.target_id}")
        return "Done"

    probe.handles("probe", counts)
    many(60)
    taken = in_threads(*[sweep.sweep] * 3)
    assert not [result for result in taken if isinstance(result, Exception)]
    assert sum(taken) == 60
    assert Timer.objects.filter(state="done", attempts=1).count() == 60
    assert Service.objects.filter(slug__startswith="fired-").count() == 60


def test_sweep_skips_what_another_worker_holds(probe):
    probe.handles("probe")
    if not on_postgresql():
        assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
        return
    many(2)
    first = Timer.objects.due()[0]
    with transaction.atomic():
        Timer.objects.select_for_update().get(pk=first.pk)
        (taken,) = in_threads(sweep.sweep)
        assert taken == 1
    assert Timer.objects.get(pk=first.pk).state == "armed"
    assert sweep.sweep() == 1


def test_killed_worker_leaves_its_timer_armed(probe):
    """The lock and the half-done work end with the transaction of the one that died."""

    class Killed(BaseException):
        pass

    def dies(timer):
        Service.objects.create(name="Half", slug="half")
        raise Killed

    probe.handles("probe", dies)
    many(1)
    with pytest.raises(Killed):
        sweep.sweep()
    timer = Timer.objects.get()
    assert (timer.state, timer.attempts) == ("armed", 0)
    assert not Service.objects.filter(slug="half").exists()
    probe.handles("probe")
    assert sweep.sweep() == 1


def test_cancel_while_firing_leaves_one_truth(probe):
    """Neither does the canceller wait for the worker, nor the worker for the canceller."""
    service = factories.service()
    actions.arm([spec("probe", service, timezone.now())])
    if not on_postgresql():
        assert actions.cancel(service) == 1
        return
    outcome = []

    def in_transaction():
        with transaction.atomic():
            return actions.cancel(service)

    def fires(timer):
        outcome.extend(in_threads(in_transaction))
        return "Fired"

    probe.handles("probe", fires)
    assert sweep.sweep() == 1
    assert outcome == [0]
    assert Timer.objects.get().state == "done"


def test_concurrent_watchdogs_tell_once(told):
    many(20, minutes=-10)
    results = in_threads(*[sweep.watch] * 3)
    assert not [result for result in results if isinstance(result, Exception)]
    assert sorted(key for call in told for key in call) == sorted(
        Timer.objects.values_list("pk", flat=True)
    )


def test_thousand_due_among_a_hundred_thousand_armed(probe):
    """The cost is what is due, not what is armed: by the partial index, within seconds."""
    probe.handles("due")
    many(100_000, minutes=600)
    many(1_000, kind="due")
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    started = time.monotonic()
    assert sweep.sweep() == 1_000
    taken = time.monotonic() - started
    assert Timer.objects.filter(state="done").count() == 1_000
    assert taken < 60, f"{taken:.1f} s"


def plan_of(rows):
    many(20_000, minutes=600)
    many(50, minutes=-5, kind="due")
    many(30, minutes=-5, kind="failing")
    Timer.objects.filter(kind="failing").update(attempts=1)
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    return rows.explain()


def test_due_timers_are_found_by_the_partial_index():
    assert "timers_armed_by_due" in plan_of(Timer.objects.due()[:1])


def test_failing_timers_are_found_by_the_partial_index():
    failing = Timer.objects.armed().filter(attempts__gt=0).order_by("planned_at")
    assert "timers_failing_by_plan" in plan_of(failing[:10])


def test_missed_timers_are_found_by_both_indexes():
    plan = plan_of(Timer.objects.missed(dt.timedelta(minutes=1))[:100])
    if on_postgresql():
        assert "timers_armed_by_due" in plan
        assert "timers_failing_by_plan" in plan
        assert "Seq Scan" not in plan
