"""Timers in the admin: what is coming, what came late, what was given up; and the jobs page."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from itsm.core.admin import Fact, Page, Panel, PortalAdminSite, ReadOnlyAdmin, job_panel
from itsm.core.admin.jobs import PAGE
from itsm.core.admin.site import PARTS
from itsm.timers.models import Heartbeat, Timer

#: A periodic job that has not shown itself for this many periods is called silent.
SILENT_PERIODS = 10


@admin.register(Timer)
class TimerAdmin(ReadOnlyAdmin):
    group, icon, place = "Jobs", "timer", 20
    list_display = [
        "kind",
        "target",
        "target_id",
        "due_at",
        "state",
        "attempts",
        "fired_at",
        "late",
    ]
    list_filter = ["state", "kind"]
    search_fields = ["=target_id", "=kind"]
    search_help_text = "Number of the record, or kind of timer."
    ordering = ["-pk"]
    sortable_by = ["due_at"]

    @admin.display(description="Lateness")
    def late(self, timer: Timer) -> str:
        return f"{timer.lateness.total_seconds():.1f} s" if timer.lateness else ""


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    group, icon, place = PARTS, "ecg_heart", 30
    list_display = ["name", "at"]
    ordering = ["name"]


@job_panel
def heartbeats(request: HttpRequest) -> Panel:
    """Liveness is a row that each job writes, not a question to the broker."""
    seen = dict(Heartbeat.objects.values_list("name", "at"))
    facts = [
        _beat(entry["task"], float(entry["schedule"]), seen.get(entry["task"]))
        for entry in settings.CELERY_BEAT_SCHEDULE.values()
    ]
    return Panel("Signs of life", facts, permission="timers.view_heartbeat")


def _beat(name: str, period: float, at: dt.datetime | None) -> Fact:
    every = f"every {period:g} s"
    if at is None:
        return Fact(name, "never seen", "late", every)
    age = (timezone.now() - at).total_seconds()
    silent = age > period * SILENT_PERIODS
    word = "silent for" if silent else "seen"
    return Fact(name, f"{word} {_ago(age)}{'' if silent else ' ago'}", _tone(silent), every)


def _tone(bad: bool) -> str:
    return "late" if bad else "good"


def _ago(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


@job_panel
def due(request: HttpRequest) -> Panel:
    """Counts by the partial index of armed timers: the cost is what is due, not what is armed."""
    now = timezone.now()
    changelist = reverse("admin:timers_timer_changelist")
    overdue = Timer.objects.armed().filter(
        due_at__lt=now - dt.timedelta(seconds=settings.TIMER_GRACE_SECONDS)
    )
    failing = Timer.objects.armed().filter(attempts__gt=0).order_by("-due_at")
    dead = Timer.objects.filter(state=Timer.State.DEAD).order_by("-pk")
    facts = [
        Fact("Due now", _capped(Timer.objects.due(now))),
        Fact("Overdue", _capped(overdue), _tone(overdue.exists())),
        Fact("Failing, to be tried again", _capped(failing), _tone(failing.exists())),
        Fact(
            "Given up", _capped(dead), _tone(dead.exists()), url=f"{changelist}?state__exact=dead"
        ),
    ]
    return Panel(
        "Timers",
        facts,
        ["Timer", "State", "Attempts", "Due", "Error"],
        [_row(timer) for timer in [*failing[:10], *dead[:10]]],
        empty="No timer is failing.",
        permission="timers.view_timer",
    )


def _row(timer: Timer) -> list[Any]:
    url = reverse("admin:timers_timer_change", args=[timer.pk])
    due_at = f"{timer.due_at:%Y-%m-%d %H:%M:%S} UTC"
    state = timer.get_state_display()
    return [(str(timer), url), state, str(timer.attempts), due_at, timer.error[:200]]


def _capped(rows: Any, cap: int = 1000) -> str:
    """A count that stops at `cap`."""
    number = rows.order_by().values("pk")[: cap + 1].count()
    return f"more than {cap}" if number > cap else str(number)


def add_jobs_page(page: Page = PAGE) -> None:
    site: Any = admin.site
    if isinstance(getattr(site, "_wrapped", site), PortalAdminSite):
        site.add_page(page)


add_jobs_page()
