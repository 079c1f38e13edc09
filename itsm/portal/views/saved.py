"""Saved views: offered on each list, saved and deleted from there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from itsm.people.requests import SignedInRequest
from itsm.portal import actions
from itsm.portal.models import SavedView


def offered_views(
    request: HttpRequest, page: str, presets: Sequence[tuple[str, str]], query: str
) -> list[dict[str, Any]]:
    """The list's own presets, the reader's views and shared ones; one query."""
    now = sorted(parse_qsl(query))
    reader = request.user.pk
    kept = SavedView.objects.filter(Q(owner_id=reader) | Q(shared=True), page=page)
    rows: list[Any] = [(name, saved, None, None) for name, saved in presets]
    rows += list(kept.values_list("name", "query", "pk", "owner_id"))
    return [
        {
            "name": name,
            "url": f"{request.path}?{saved}",
            "active": sorted(parse_qsl(saved)) == now,
            "key": key if owner == reader else None,
        }
        for name, saved, key, owner in rows
    ]


def _back(request: HttpRequest, query: str = "") -> HttpResponse:
    """To the list the form stood on, never to another site."""
    referrer = request.headers.get("Referer", "").split("?")[0]
    safe = url_has_allowed_host_and_scheme(
        referrer, {request.get_host()}, require_https=request.is_secure()
    )
    target = referrer if safe else "/"
    return redirect(f"{target}?{query}" if query else target)


@login_required
@require_POST
def save_view(request: SignedInRequest, page: str) -> HttpResponse:
    query = request.POST.get("query", "")[:1000]
    view = actions.save_view(page, by=request.user, name=request.POST.get("name", ""), query=query)
    messages.success(request, f"Saved the view “{view.name}”.")
    return _back(request, query)


@login_required
@require_POST
def delete_view(request: SignedInRequest, key: int) -> HttpResponse:
    view = get_object_or_404(SavedView, Q(owner=request.user) | Q(shared=True), pk=key)
    actions.delete_view(view, by=request.user)
    messages.success(request, f"Deleted the view “{view.name}”.")
    return _back(request)
