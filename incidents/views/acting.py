"""Decisions on an incident: one POST address per command, one small form each.

A form that cannot be used and a refused command show the incident's page again, with what was typed
kept in its form; a person who may not is answered by the error page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from incidents import rules
from incidents.actions import facts, merging
from incidents.actions import incident as actions
from incidents.forms import FORMS, CorrectForm
from incidents.models import Incident, TimelineEntry
from incidents.views.common import incident_of
from incidents.views.record import page
from itsm.core.errors import Conflict, Invalid, NotAllowed, WrongState
from itsm.people.models import User
from itsm.people.requests import SignedInRequest

Facts = dict[str, Any]
Call = Callable[[Incident, User, Facts], object]


def _plain(command: Callable[..., object]) -> Call:
    """A command whose arguments are the fields of its form."""
    return lambda incident, by, given: command(incident, by=by, **given)


def _merge(incident: Incident, by: User, given: Facts) -> object:
    into = Incident.objects.visible_to(by).filter(pk=given["into"]).first()
    if into is None:
        raise Invalid("There is no such incident.", fields={"into": ["There is no such incident."]})
    return merging.merge(incident, by=by, into=into, reason=given["reason"])


CALLS: dict[str, Call] = {
    "acknowledge": _plain(actions.acknowledge),
    "investigate": _plain(actions.investigate),
    "identify": _plain(actions.identify),
    "mitigate": _plain(actions.mitigate),
    "resolve": _plain(actions.resolve),
    "close": _plain(actions.close),
    "reopen": _plain(actions.reopen),
    "cancel": _plain(actions.cancel),
    "waive_review": _plain(facts.waive_review),
    "set_level": _plain(facts.set_level),
    "set_category": _plain(facts.set_category),
    "note": _plain(facts.note),
    "merge": _merge,
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: SignedInRequest, reference: str, name: str) -> HttpResponse:
    """Make the decision `name`; who opens its address without deciding gets the incident."""
    incident = incident_of(request, reference)
    if name not in CALLS:
        raise Http404
    if request.method != "POST":
        return redirect(incident)
    form = FORMS[name](request.POST, auto_id=f"id_{name}_%s")
    if not form.is_valid():
        return page(request, incident, bound={name: form}, status=422)
    try:
        CALLS[name](incident, request.user, form.cleaned_data)
    except (Invalid, WrongState, Conflict) as error:
        form.refuse(error)
        now = incident_of(request, reference)
        problem = " ".join(filter(None, [error.message, error.hint]))
        return page(request, now, bound={name: form}, problem=problem, status=error.status)
    messages.success(request, _said(name, incident_of(request, reference), form.cleaned_data))
    return redirect(incident)


def _said(name: str, incident: Incident, given: Facts) -> str:
    """What happened, in a sentence."""
    if name == "note":
        return "Your note is on the timeline."
    if name == "resolve" and not given["verified"]:
        return f"The failed check is on the timeline; {incident} stays open."
    if name == "set_level":
        return f"The severity of {incident} is changed."
    if name == "set_category":
        return f"The category of {incident} is set."
    if name == "waive_review":
        return f"The review of {incident} is waived."
    return f"{incident} is {incident.get_state_display().lower()}."


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: SignedInRequest, reference: str, key: int) -> HttpResponse:
    """Strike an entry of the timeline and write the right one, with the wrong one in sight."""
    incident = incident_of(request, reference)
    if reason := rules.may_see_internal(request.user, incident):
        raise NotAllowed(reason)
    entry = get_object_or_404(TimelineEntry.objects.select_related("by"), incident=incident, pk=key)
    entry.incident = incident
    form = CorrectForm(request.POST or None, initial={"text": entry.text, "at": entry.at})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                facts.correct(entry, by=request.user, **_differing(form.cleaned_data, entry))
            except (Invalid, WrongState, Conflict) as error:
                form.refuse(error)
                status = error.status
            else:
                messages.success(request, "The entry is corrected.")
                return redirect(incident)
    context = {
        "incident": incident,
        "entry": entry,
        "form": form,
        "reason": rules.may_correct(request.user, entry),
    }
    return render(request, "incidents/correct.html", context, status=status)


def _differing(given: Facts, entry: TimelineEntry) -> Facts:
    """The form counts in minutes: a time left as it was stays exact."""
    at, text = given["at"], given["text"]
    same_minute = at is None or at == entry.at.replace(second=0, microsecond=0)
    return {
        "at": None if same_minute else at,
        "text": "" if text == entry.text else text,
        "reason": given["reason"],
    }
