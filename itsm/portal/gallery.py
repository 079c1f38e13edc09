"""The gallery of components at /design/, with made-up records. Only there when DEBUG is on."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace as Sample
from typing import Any

from django import forms
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

_LONG = (
    "Nightly export to the data warehouse did not start, and the retry policy gave up after the "
    "third attempt without telling anybody who was on call that night"
)
_TITLES = (
    "Checkout answers 502 for a third of requests",
    "Replication lag on the ledger database above 90 s",
    "Extend overnight EC2 scheduling beyond 8 accounts",
    "Certificate of api.example expires in 6 days",
    _LONG,
    "New VPN profile for the Wellington office",
    "Disk of build runner 7 at 91 %",
)
_STATES = ("new", "in_progress", "waiting_customer", "resolved", "closed", "cancelled", "triaged")
_PEOPLE = ("Aroha Tamati", "Jonas Weber", "", "Mei-Ling Okonkwo-Fitzgerald", "Priya Raman")
_SERVICES = ("payment-service", "ledger", "cloudops")
_PLACES = {
    "Home": "home",
    "Tickets": "ticket",
    "Incidents": "incident",
    "Changes": "change",
    "CAB": "cab",
    "Reviews": "review",
    "Learnings": "learning",
    "On call": "oncall",
    "Metrics": "metrics",
    "Catalog": "catalog",
    "Audit": "audit",
}
_BEFORE = """## Rollback
Disable the cron rule, then force-start all instances.
Expected time: 15 minutes.

Tested in the sandbox account on 3 March.

## Window
Tuesday 22:00 to 00:00 Pacific/Auckland.
Half the instances in a batch.

## Contact
Cloud operations, extension 4410."""
_AFTER = """## Rollback
Disable the cron rule, then force-start the stopped instances only.
Expected time: 10 minutes.

Tested in the sandbox account on 3 March.

## Window
Tuesday 22:00 to 00:00 Pacific/Auckland.
Half the instances in a batch.

## Contact
Cloud operations, extension 4410.
Engineering manager on call."""


class SampleForm(forms.Form):
    """Each kind of control once."""

    title = forms.CharField(max_length=200, help_text="What is broken, for whom, since when.")
    description = forms.CharField(widget=forms.Textarea, required=False)
    service = forms.ChoiceField(choices=[("", "Choose a service"), ("pay", "Payments")])
    impact = forms.ChoiceField(
        choices=[("high", "High"), ("low", "Low")], widget=forms.RadioSelect, initial="low"
    )
    environments = forms.MultipleChoiceField(
        choices=[("prod", "prod"), ("staging", "staging"), ("dr", "dr")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="All that are touched.",
    )
    evidence = forms.FileField(required=False)
    due = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    platform_wide = forms.BooleanField(
        required=False,
        label="Platform-wide",
        help_text="Makes it P0 when impact and urgency are high.",
    )


class SampleFilter(forms.Form):
    state = forms.ChoiceField(choices=[("", "Any"), ("new", "New")], required=False)
    priority = forms.ChoiceField(choices=[("", "Any"), ("P1", "P1")], required=False)
    assignee = forms.CharField(required=False)


def gallery(request: HttpRequest, part: str = "record") -> HttpResponse:
    """Every component in every state: empty, long, very many, error."""
    now = timezone.now()
    context = {
        "navigation": _navigation(),
        "paged": {"text": "Paged", "url": "#"} if "paged" in request.GET else None,
        "now": now,
        "icons": _icon_names(),
        **{"record": _record, "lists": _lists, "forms": _forms}[part](now),
    }
    return render(request, f"design/{part}.html", context)


def _navigation() -> list[dict[str, Any]]:
    counts = {"Incidents": 3, "CAB": 2}
    return [
        {
            "label": label,
            "icon": icon,
            "url": "#",
            "active": label == "Incidents",
            "count": counts.get(label),
        }
        for label, icon in _PLACES.items()
    ]


def _icon_names() -> list[str]:
    """The symbols of the sprite, in its order."""
    sprite = Path(str(finders.find("img/icons.svg")))
    return re.findall(r'<symbol id="([\w-]+)"', sprite.read_text())


def _forms(now: datetime) -> dict[str, Any]:
    broken = SampleForm({"broken-impact": "high"}, prefix="broken")
    broken.is_valid()
    return {"form": SampleForm(), "broken": broken}


def _lists(now: datetime) -> dict[str, Any]:
    return {
        "rows": [_row(number, now) for number in range(14)],
        "filters": SampleFilter(),
        "active": [
            {"label": "State", "value": "In progress", "remove_url": "?"},
            {"label": "Service", "value": "payment-service", "remove_url": "?"},
        ],
        "saved": [
            {"name": "Mine, late first", "url": "?", "active": True},
            {"name": "P0 and P1 of this week", "url": "?", "active": False},
        ],
        "exports": [{"label": "CSV", "url": "#"}, {"label": "XLSX", "url": "#"}],
        "page": {
            "text": "Rows 51 to 100",
            "first_url": "?",
            "previous_url": "?",
            "next_url": "?",
        },
        "states": [*_STATES, "draft", "merged", "detected", "rejected"],
        "labels": _labels(),
        "ago": [now - timedelta(minutes=minutes) for minutes in (0, 4, 130, 3000, 40_000)],
    }


def _row(number: int, now: datetime) -> Sample:
    return Sample(
        reference=f"OPS-{180 + number}",
        title=_TITLES[number % len(_TITLES)],
        state=_STATES[number % len(_STATES)],
        priority=number % 5,
        level=number % 5,
        service=_SERVICES[number % len(_SERVICES)],
        assignee=_PEOPLE[number % len(_PEOPLE)],
        due=now + timedelta(minutes=(-95, 9, 240, 3000)[number % 4]),
        started=now - timedelta(minutes=60),
        updated_at=now - timedelta(minutes=7 ** (number % 6) + number),
    )


def _labels() -> list[str]:
    return ["env:prod", "tier:important", "blast:multi-service", "cr:normal", "service:ec2"]


def _record(now: datetime) -> dict[str, Any]:
    return {
        "filters": SampleFilter(),
        "steps": _steps(),
        "timeline": _timeline(now),
        "comments": _comments(now),
        "before": _BEFORE,
        "after": _AFTER,
        "history": _history(now),
        "labels": _labels(),
        "clocks": _clocks(now),
        "checks": _checks(),
        "attachment": Sample(
            name="inventory-2026-03-12.csv",
            url="#",
            size=48_213,
            by="Priya Raman",
            at=now - timedelta(days=2),
            digest="9f2c" * 16,
        ),
    }


def _steps() -> list[Sample]:
    states = {
        "Intake": ("approved", "Approved"),
        "Discover": ("approved", "Approved"),
        "Classify": ("skipped", "Skipped"),
        "Cross-validate": ("drafted", "Drafted"),
        "Decide": ("rejected", "Rejected"),
        "Implement": ("pending", "Pending"),
        "Operate": ("pending", "Pending"),
        "Govern": ("not_applicable", "Not applicable"),
    }
    return [
        Sample(
            number=number,
            name=name,
            state=state,
            label=label,
            url="#",
            current=state == "drafted",
            note="",
        )
        for number, (name, (state, label)) in enumerate(states.items(), start=1)
    ]


def _timeline(now: datetime) -> list[Sample]:
    def entry(minutes: int, author: str, kind: str, icon: str, **more: Any) -> Sample:
        at = now - timedelta(minutes=minutes)
        return Sample(at=at, author=author, kind_label=kind, icon=icon, pk=minutes, **more)

    wrong = entry(31, "Jonas Weber", "wrote", "comment", voice="ENG")
    wrong.text = "Root cause is the certificate of the load balancer."
    right = entry(24, "Jonas Weber", "corrected an entry", "correction", corrects=wrong)
    right.text = "Not the certificate: the new pool of pods was started without the secret."
    wrong.struck_by = right
    opened = entry(1502, "Alertmanager", "opened this incident from", "alert", machine=True)
    opened.tone, opened.url, opened.url_label = "late", "#", "HighErrorRate"
    update = entry(20, "Aroha Tamati", "published an update", "message", voice="COMMS")
    update.text = (
        "Payments by card fail for about a third of customers. Bank transfers work. "
        "Next update at 14:30."
    )
    update.entered_at = now - timedelta(minutes=4)
    level = entry(12, "Aroha Tamati", "changed the level", "escalate")
    level.text = "SEV-2 → SEV-1: more than one region."
    return [
        opened,
        entry(49, "Paging policy", "paged Jonas Weber by push", "page", machine=True),
        entry(46, "Jonas Weber", "acknowledged", "check", tone="good"),
        wrong,
        right,
        update,
        level,
        entry(2, "Escalation matrix", "tells the team lead in 28 min", "clock", machine=True),
    ]


def _comments(now: datetime) -> list[Sample]:
    return [
        Sample(
            pk=1,
            author="Mei-Ling Okonkwo-Fitzgerald",
            at=now - timedelta(hours=3),
            body="Two of the sixteen instances had user connections and were left running.",
        ),
        Sample(
            pk=2,
            author="Jonas Weber",
            at=now - timedelta(minutes=40),
            edited_at=now - timedelta(minutes=30),
            internal=True,
            body="The customer has not signed the list yet.",
        ),
    ]


def _history(now: datetime) -> list[Sample]:
    renamed = Sample(
        label="Title", before="Scheduling of EC2", after="Overnight scheduling of EC2 instances"
    )
    return [
        Sample(
            at=now - timedelta(hours=1),
            by="Aroha Tamati",
            action="classified OPS-180",
            reason="Override: the customer's board meets tomorrow.",
            changes=[
                Sample(label="Priority", before="P3", after="P1"),
                Sample(label="Assignee", before=None, after="Jonas Weber"),
                renamed,
            ],
        ),
        Sample(at=now - timedelta(hours=2), by="Jonas Weber", action="raised OPS-180"),
    ]


def _clocks(now: datetime) -> list[dict[str, Any]]:
    hour = timedelta(hours=1)
    return [
        {"label": "Response", "due": now + hour * 3, "started": now - hour},
        {"label": "Response", "due": now + hour / 4, "started": now - hour},
        {"label": "Resolution", "due": now - hour * 30, "started": now - hour * 50},
        {"label": "Resolution", "due": now + hour, "paused": True},
        {"label": "Response", "due": now, "stopped": now - hour},
        {"label": "Resolution", "due": now - hour, "stopped": now},
    ]


def _checks() -> list[Sample]:
    return [
        Sample(result="pass", name="Four sources queried", url="#"),
        Sample(
            result="fail",
            name="Every difference explained",
            note="7 of 30 have no cause yet.",
            url="#",
        ),
        Sample(result="needs_person", name="Reproduce steps attached"),
    ]
