"""Home: what waits for me, what burns, who is on call, what changes today."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.vary import vary_on_headers

from itsm.people.requests import SignedInRequest
from itsm.portal.registry import registry


@login_required
@vary_on_headers("HX-Request")
def home(request: SignedInRequest) -> HttpResponse:
    """Panels in the order the domains gave them; HTMX renews them without the shell."""
    filled = [
        {"template": part.template, "side": part.side, **context}
        for part in sorted(registry.home, key=lambda part: part.position)
        if (context := part.fill(request.user)) is not None
    ]
    template = (
        "portal/_home_parts.html"
        if request.headers.get("HX-Target") == "home-parts"
        else "portal/home.html"
    )
    return TemplateResponse(
        request,
        template,
        {
            "parts": [part for part in filled if not part["side"]],
            "side_parts": [part for part in filled if part["side"]],
        },
    )
