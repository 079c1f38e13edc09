"""Raising and editing a ticket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from itsm.core.errors import Conflict, Invalid, NotAllowed, WrongState
from itsm.core.rules import ensure
from itsm.people.requests import SignedInRequest
from itsm.tickets import rules
from itsm.tickets.actions import ticket as actions
from itsm.tickets.actions.record import EDITABLE, ensure_open
from itsm.tickets.forms import EditForm, TicketForm, initial_of
from itsm.tickets.models import Ticket
from itsm.tickets.views.finding import find


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: SignedInRequest) -> HttpResponse:
    by = request.user
    if not by.has_perm("tickets.raise_ticket"):
        raise NotAllowed("Only requesters and staff raise tickets.")
    form = TicketForm(request.POST if request.method == "POST" else None, by=by)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                ticket = actions.raise_ticket(by=by, **form.facts())
            except Invalid as error:
                form.refuse(error)
            else:
                messages.success(request, f"{ticket.reference} is raised.")
                return redirect(ticket)
    return render(request, "tickets/create.html", {"form": form}, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: SignedInRequest, reference: str) -> HttpResponse:
    """Edit what was read. When somebody saved in between, the typed text is kept and compared with
    the record as it is now; saving again is then a choice made with both in sight."""
    by, ticket = request.user, find(request.user, reference)
    if request.method != "POST":
        ensure_open(ticket)
        ensure(rules.may_work, by, ticket)
        return _form(request, ticket, EditForm(initial=initial_of(ticket), by=by))
    form = EditForm(request.POST, by=by)
    if not form.is_valid():
        return _form(request, ticket, form, status=422)
    return _save(request, ticket, form)


def _save(request: SignedInRequest, ticket: Ticket, form: EditForm) -> HttpResponse:
    version, reason = form.cleaned_data["version"], form.cleaned_data["reason"]
    facts = form.facts()
    try:
        actions.edit(ticket, by=request.user, version=version, changes=facts, reason=reason)
    except Conflict as error:
        now = find(request.user, ticket.reference)
        return _form(request, now, _again(request, now, error), status=409, against=facts)
    except (Invalid, WrongState) as error:
        form.refuse(error)
        return _form(request, ticket, form, status=error.status)
    messages.success(request, f"{ticket.reference} is saved.")
    return redirect(ticket)


def _again(request: SignedInRequest, ticket: Ticket, error: Conflict) -> EditForm:
    """The typed form, now bound to the version that the person is shown beside it."""
    data = request.POST.copy()
    data["version"] = str(ticket.version)
    form = EditForm(data, by=request.user)
    form.is_valid()
    form.refuse(error)
    return form


def _form(
    request: SignedInRequest,
    ticket: Ticket,
    form: EditForm,
    *,
    status: int = 200,
    against: dict[str, Any] | None = None,
) -> HttpResponse:
    context = {"ticket": ticket, "form": form, "differences": _differences(ticket, against or {})}
    return render(request, "tickets/edit.html", context, status=status)


@dataclass(frozen=True, slots=True)
class Difference:
    """A field as it is saved now, and as this person typed it."""

    label: str
    saved: str
    typed: str


def _differences(ticket: Ticket, typed: dict[str, Any]) -> list[Difference]:
    found = []
    for name in (*EDITABLE, "priority_reason"):
        if name not in typed:
            continue
        field, saved = Ticket._meta.get_field(name), getattr(ticket, name)
        if (saved or "") != (typed[name] or ""):
            label = str(getattr(field, "verbose_name", name)).capitalize()
            found.append(Difference(label, _words(saved), _words(typed[name])))
    return found


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value or "")
