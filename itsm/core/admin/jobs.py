"""The jobs page: signs of life, what is due, what failed. Each app brings its own panel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from itsm.core.admin.site import Page


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure; `tone` is good, late or plain, and is always said in words as well."""

    label: str
    value: str
    tone: str = "plain"
    note: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of the jobs page: figures, then a table. A cell is text, or a pair of text and URL."""

    title: str
    facts: Sequence[Fact] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = field(default_factory=tuple)
    empty: str = ""
    #: Told once a page: who may see the panel.
    permission: str = ""


MakePanel = Callable[[HttpRequest], Panel]

_panels: list[MakePanel] = []


def job_panel(make: MakePanel) -> MakePanel:
    """Register a panel; they stand in the order of the floors that bring them."""
    if make not in _panels:
        _panels.append(make)
    return make


def jobs(request: HttpRequest) -> HttpResponse:
    panels = [make(request) for make in _panels]
    site: Any = admin.site
    shown = [
        panel for panel in panels if not panel.permission or request.user.has_perm(panel.permission)
    ]
    context = site.each_context(request) | {"title": "Jobs", "panels": shown}
    return TemplateResponse(request, "admin/jobs.html", context)


PAGE = Page(
    path="jobs/",
    name="jobs",
    title="Jobs",
    icon="monitor_heart",
    group="Jobs",
    view=jobs,
    permission="timers.view_heartbeat",
    explains="Signs of life of the periodic jobs, what is due, overdue or given up.",
)
