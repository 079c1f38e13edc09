"""Search: a reference opens its record, words look through what the reader may see."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from itsm.core import references
from itsm.people.models import User
from itsm.people.requests import SignedInRequest
from itsm.portal.registry import Hit, registry


@login_required
def search(request: SignedInRequest) -> HttpResponse:
    words = " ".join(request.GET.get("q", "").replace("\x00", " ").split())[:100]
    if target := _by_reference(request.user, words):
        return redirect(target)
    hits: list[Hit] = []
    if len(words) >= 2:
        for source in registry.search:
            hits.extend(source.find(request.user, words))
    return TemplateResponse(request, "portal/search.html", {"search_query": words, "hits": hits})


def _by_reference(user: User, words: str) -> str | None:
    """The address of the record that the words name, when the reader may see it."""
    if not (parsed := references.parse(words)):
        return None
    prefix, key = parsed
    for source in registry.search:
        if prefix in source.prefixes and (url := source.resolve(user, key)):
            return url
    return None
