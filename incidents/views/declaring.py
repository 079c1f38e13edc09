"""Declaring an incident: of its own, for a ticket that is there, or following an older one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from incidents import rules
from incidents.actions.declaring import declare as command
from incidents.forms import DeclareForm, DeclareForTicketForm
from incidents.models import Incident
from incidents.views.common import incident_of
from itsm.core.errors import Conflict, Invalid, NotAllowed, WrongState
from itsm.people.requests import SignedInRequest
from itsm.tickets.models import Ticket
from itsm.tickets.views.finding import find


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def declare(request: SignedInRequest) -> HttpResponse:
    """`?ticket=OPS-180` declares it for that ticket, `?follows=INC-2026-42` continues another."""
    if reason := rules.may_declare(request.user):
        raise NotAllowed(reason)
    ticket, earlier = _ticket(request), _earlier(request)
    make = DeclareForTicketForm if ticket else DeclareForm
    form = make(request.POST or None, initial=_initial(earlier))
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                incident = command(
                    by=request.user, ticket=ticket, follows=earlier, **form.cleaned_data
                )
            except (Invalid, WrongState, Conflict) as error:
                form.refuse(error)
                status = error.status
            else:
                messages.success(request, f"{incident} is declared.")
                return redirect(incident)
    against = rules.can_be_declared(ticket) if ticket else ""
    context = {"form": form, "ticket": ticket, "earlier": earlier, "against": against}
    return render(request, "incidents/declare.html", context, status=status)


def _ticket(request: SignedInRequest) -> Ticket | None:
    reference = request.GET.get("ticket", "")
    return find(request.user, reference) if reference else None


def _earlier(request: SignedInRequest) -> Incident | None:
    reference = request.GET.get("follows", "")
    return incident_of(request, reference) if reference else None


def _initial(earlier: Incident | None) -> dict[str, object]:
    if earlier is None:
        return {}
    ticket = earlier.ticket
    return {
        "title": ticket.title,
        "level": earlier.level,
        "service": ticket.service,
        "environment": ticket.environment,
        "category": earlier.category,
    }
