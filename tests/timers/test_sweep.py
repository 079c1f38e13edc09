"""The sweep: each timer once, failures in their own savepoint, poison that blocks nobody."""

import datetime as dt

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from itsm.catalog.models import Service
from itsm.people.models import Membership
from itsm.people.system import system_user
from itsm.timers import actions, sweep
from itsm.timers.models import Heartbeat, Timer, spec
from tests import factories

pytestmark = pytest.mark.django_db


def armed(kind="probe", *, minutes=-1, record=None, key="", **fields):
    record = record or factories.service()
    due = timezone.now() + dt.timedelta(minutes=minutes)
    actions.arm([spec(kind, record, due, key=key)])
    if fields:
        Timer.objects.of(record).filter(kind=kind, key=key).update(**fields)
    return Timer.objects.of(record).get(kind=kind, key=key, state="armed")


def again(timer):
    return Timer.objects.get(pk=timer.pk)


def test_due_timer_fires_with_a_receipt(probe):
    probe.handles("probe", lambda timer: "Told the assignee")
    timer = armed(minutes=-3)
    assert sweep.sweep() == 1
    timer = again(timer)
    assert (timer.state, timer.outcome, timer.attempts, timer.error) == (
        "done",
        "Told the assignee",
        1,
        "",
    )
    assert timer.lateness >= dt.timedelta(minutes=3)
    assert sweep.sweep() == 0
    assert probe.fired == [timer.pk]


def test_future_timer_waits(probe):
    probe.handles("probe")
    timer = armed(minutes=5)
    assert sweep.sweep() == 0
    assert again(timer).state == "armed"


def test_the_longest_due_comes_first(probe):
    probe.handles("probe")
    timers = [armed(minutes=-m) for m in (1, 9, 4)]
    sweep.sweep()
    assert probe.fired == [timers[1].pk, timers[2].pk, timers[0].pk]


def test_limit_leaves_the_rest_for_the_next_sweep(probe):
    probe.handles("probe")
    for _ in range(3):
        armed()
    assert sweep.sweep(limit=2) == 2
    assert sweep.sweep(limit=2) == 1


def test_failure_undoes_the_handlers_work_and_keeps_the_books(probe):
    def fails(timer):
        Service.objects.create(name="Half done", slug="half-done")
        raise RuntimeError("the mail server is down")

    probe.handles("probe", fails)
    timer = armed()
    before = timezone.now()
    sweep.sweep()
    timer = again(timer)
    assert not Service.objects.filter(slug="half-done").exists()
    assert (timer.state, timer.attempts) == ("armed", 1)
    assert timer.error == "RuntimeError: the mail server is down"
    assert before + sweep.BACKOFF[0] <= timer.due_at <= timezone.now() + sweep.BACKOFF[0]
    assert timer.planned_at < before


def test_backoff_grows_and_ends_dead(probe):
    def fails(timer):
        raise RuntimeError("no")

    probe.handles("probe", fails)
    timer = armed()
    waits = []
    for _ in range(len(sweep.BACKOFF)):
        sweep.sweep()
        timer = again(timer)
        waits.append(timer.due_at - timezone.now())
        Timer.objects.filter(pk=timer.pk).update(due_at=timezone.now())
    assert waits == sorted(waits)
    assert timer.state == "armed"
    sweep.sweep()
    timer = again(timer)
    assert (timer.state, timer.attempts) == ("dead", len(sweep.BACKOFF) + 1)
    assert timer.fired_at is not None
    assert sweep.sweep() == 0


def test_recovered_timer_has_a_clean_receipt(probe):
    tries = []

    def second_time(timer):
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("not yet")
        return "Now"

    probe.handles("probe", second_time)
    timer = armed()
    sweep.sweep()
    Timer.objects.filter(pk=timer.pk).update(due_at=timezone.now())
    sweep.sweep()
    timer = again(timer)
    assert (timer.state, timer.error, timer.outcome, timer.attempts) == ("done", "", "Now", 2)


def test_unknown_kind_fails_with_its_name():
    timer = armed(kind="nobody.knows")
    sweep.sweep()
    assert "nobody.knows" in again(timer).error
    assert again(timer).state == "armed"


def test_one_failing_timer_does_not_hold_up_the_others(probe):
    def fails(timer):
        raise RuntimeError("no")

    probe.handles("bad", fails)
    probe.handles("probe")
    bad, good = armed(kind="bad", minutes=-9), armed()
    assert sweep.sweep() == 2
    assert (again(bad).state, again(good).state) == ("armed", "done")


@pytest.mark.parametrize(
    "message", ["nul \x00 inside", "half \ud800 emoji", "x" * 100_000, "grüße 🙂"]
)
def test_error_of_any_text_is_kept_and_blocks_nobody(message, probe):
    def fails(timer):
        raise RuntimeError(message)

    probe.handles("bad", fails)
    probe.handles("probe")
    bad, good = armed(kind="bad", minutes=-9), armed()
    sweep.sweep()
    assert again(bad).error.startswith("RuntimeError: ")
    assert again(good).state == "done"


@pytest.mark.parametrize("outcome", ["nul \x00", "x" * 5000, ""])
def test_outcome_of_any_text_is_kept(outcome, probe):
    probe.handles("probe", lambda timer: outcome)
    timer = armed()
    sweep.sweep()
    assert again(timer).state == "done"
    assert len(again(timer).outcome) <= 300


def test_handler_that_answers_nothing_counts_as_failed(probe):
    probe.handles("probe", lambda timer: None)
    timer = armed()
    sweep.sweep()
    assert again(timer).state == "armed"


def test_handler_acts_as_the_portal(probe):
    def renames(timer):
        service = Service.objects.get(pk=timer.target_id)
        service.name = "By the clock"
        service.save()
        return "Renamed"

    probe.handles("probe", renames)
    service = factories.service()
    armed(record=service)
    sweep.sweep()
    row = service.history.first()
    assert (row.history_user_id, row.history_origin) == (system_user().pk, "job")


# Arming and cancelling


def test_arming_again_changes_nothing():
    service = factories.service()
    now = timezone.now()
    for minutes in (10, 99):
        actions.arm([spec("probe", service, now + dt.timedelta(minutes=minutes))])
    (timer,) = Timer.objects.of(service)
    assert timer.due_at == now + dt.timedelta(minutes=10)
    actions.arm([spec("probe", service, now, key="other")])
    actions.arm([spec("another", service, now)])
    assert Timer.objects.of(service).count() == 3


def test_fired_timer_can_be_armed_anew(probe):
    probe.handles("probe")
    service = factories.service()
    armed(record=service)
    sweep.sweep()
    armed(record=service)
    assert sorted(Timer.objects.of(service).values_list("state", flat=True)) == ["armed", "done"]


def test_cancelled_timer_never_fires(probe):
    probe.handles("probe")
    service = factories.service()
    timer, other = armed(record=service), armed(record=service, kind="probe", key="x")
    assert actions.cancel(service, ["probe"], why="Resolved.") == 2
    assert actions.cancel(service) == 0
    sweep.sweep()
    assert probe.fired == []
    assert (again(timer).state, again(timer).outcome) == ("cancelled", "Resolved.")
    assert again(other).fired_at is None


def test_cancel_is_of_one_record_and_kind():
    one, two = factories.service(), factories.service()
    kept = [armed(record=two), armed(record=one, kind="other")]
    armed(record=one)
    assert actions.cancel(one, ["probe"]) == 1
    assert all(again(timer).state == "armed" for timer in kept)


# The watchdog


def test_watchdog_tells_of_a_miss_once(told, settings):
    settings.TIMER_GRACE_SECONDS = 60
    late, soon = armed(minutes=-5), armed(minutes=0)
    assert sweep.watch() == 1
    assert told == [[late.pk]]
    assert sweep.watch() == 0
    assert sweep.watch() == 0
    assert told == [[late.pk]]
    Timer.objects.filter(pk=soon.pk).update(due_at=timezone.now() - dt.timedelta(minutes=2))
    sweep.watch()
    assert told == [[late.pk], [soon.pk]]
    assert again(late).missed_at is not None


def test_watchdog_sees_a_failing_timer_behind_its_new_due_time(told, probe):
    def fails(timer):
        raise RuntimeError("no")

    probe.handles("probe", fails)
    timer = armed(minutes=-10)
    sweep.sweep()
    assert again(timer).due_at > timezone.now()
    sweep.watch()
    assert told == [[timer.pk]]


def test_watchdog_says_nothing_of_what_is_in_time_done_or_cancelled(told, probe):
    probe.handles("probe")
    armed(minutes=30)
    armed(minutes=-10)
    sweep.sweep()
    service = factories.service()
    armed(minutes=-10, record=service)
    actions.cancel(service)
    assert sweep.watch() == 0
    assert told == []


def test_watchdog_tells_again_when_its_listener_failed(told):
    from itsm.timers import registry

    timer = armed(minutes=-10)

    def broken(late):
        raise RuntimeError("no incident could be opened")

    registry.missed_listeners.append(broken)
    with pytest.raises(RuntimeError), transaction.atomic():
        sweep.watch()
    assert again(timer).missed_at is None
    registry.missed_listeners.remove(broken)
    sweep.watch()
    assert told[-1] == [timer.pk]


def test_jobs_leave_a_sign_of_life():
    sweep.sweep()
    sweep.watch()
    assert set(Heartbeat.objects.values_list("name", flat=True)) >= {"timers.sweep", "timers.watch"}
    first = Heartbeat.objects.get(name="timers.sweep").at
    sweep.sweep()
    assert Heartbeat.objects.get(name="timers.sweep").at > first


def test_idle_sweep_costs_little():
    sweep.sweep()
    with CaptureQueriesContext(connection) as queries:
        sweep.sweep()
    asked = [q for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(asked) <= 4


def test_tasks_are_shells_with_names():
    from itsm.timers import tasks

    assert (tasks.sweep.name, tasks.watch.name) == ("timers.sweep", "timers.watch")
    assert tasks.sweep() == 0


# At the commit itself


@pytest.mark.django_db(transaction=True)
def test_failure_at_the_commit_counts_and_blocks_nobody(probe):
    """A foreign key is checked at the commit: the handler itself saw nothing wrong."""

    def dangling(timer):
        person = factories.person()
        Membership.objects.bulk_create([Membership(team_id=10**9, user=person)])
        return "Looks fine"

    probe.handles("bad", dangling)
    probe.handles("probe")
    bad, good = armed(kind="bad", minutes=-9), armed()
    sweep.sweep()
    bad = again(bad)
    assert (bad.state, bad.attempts, bad.outcome) == ("armed", 1, "")
    assert "IntegrityError" in bad.error
    assert again(good).state == "done"
    assert not Membership.objects.exists()
