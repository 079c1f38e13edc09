"""Read-only pages of the catalog: which services there are, whose they are, what they need.

They stand below the portal's floor, so the list is a plain one; it is written in the admin.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from itsm.catalog.filters import ServiceFilter
from itsm.catalog.models import Service, ServiceDependency
from itsm.core.text import render_markdown
from itsm.people.models import User
from itsm.people.requests import SignedInRequest

#: More are found by filtering.
SHOWN = 500


def visible_services(user: User) -> QuerySet[Service]:
    """Staff and auditors see all; a person of a customer sees that customer's."""
    if user.customer_id is not None:
        return Service.objects.filter(customer=user.customer_id)
    if user.has_perm("catalog.view_service"):
        return Service.objects.all()
    return Service.objects.none()


@login_required
@require_safe
def services(request: SignedInRequest) -> HttpResponse:
    """What is operated, by name. Retired services are left out."""
    found = visible_services(request.user).filter(retired_at=None)
    found = found.select_related("owner", "customer").order_by("name")
    filterset = ServiceFilter(request.GET, queryset=found, request=request)
    valid = filterset.is_valid()
    rows = list(filterset.qs[: SHOWN + 1]) if valid else []
    context = {
        "filterset": filterset,
        "services": rows[:SHOWN],
        "limit": SHOWN if len(rows) > SHOWN else None,
    }
    return render(request, "catalog/services.html", context, status=200 if valid else 422)


@login_required
@require_safe
def service(request: SignedInRequest, slug: str) -> HttpResponse:
    seen = visible_services(request.user)
    record = seen.select_related("owner", "customer").filter(slug=slug).first()
    if record is None:
        raise Http404("There is no such service for you.")
    needs = ServiceDependency.objects.filter(service=record, needs__in=seen)
    needed = ServiceDependency.objects.filter(needs=record, service__in=seen)
    context = {
        "service": record,
        "description": render_markdown(record.description),
        "needs": [row.needs for row in needs.select_related("needs").order_by("needs__name")],
        "needed_by": [
            row.service for row in needed.select_related("service").order_by("service__name")
        ],
    }
    return render(request, "catalog/service.html", context)
