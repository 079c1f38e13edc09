"""The trail of a ticket: who changed what, when, why and from where."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from itsm.people.requests import SignedInRequest
from itsm.tickets import rules, trail
from itsm.tickets.views.finding import find

PER_PAGE = 50


@login_required
@require_safe
def history(request: SignedInRequest, reference: str) -> HttpResponse:
    """Addresses of colleagues are for colleagues."""
    ticket = find(request.user, reference)
    asked = request.GET.get("before", "")
    before = int(asked) if asked.isdecimal() and len(asked) < 19 else None
    context = {
        "ticket": ticket,
        "page": trail.read(ticket, before=before, size=PER_PAGE),
        "later": before is not None,
        "may_see_where": not rules.may_see_internal(request.user, ticket),
    }
    return render(request, "tickets/history.html", context)
