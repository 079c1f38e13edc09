"""Downloads of evidence: never shown in place, always as attachments, each in the trail."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404
from django.views.decorators.http import require_GET

from itsm.people.requests import SignedInRequest
from itsm.tickets import rules
from itsm.tickets.actions.evidence import download as fetch
from itsm.tickets.views.finding import find


@login_required
@require_GET
def download(request: SignedInRequest, reference: str, key: int) -> FileResponse:
    ticket = find(request.user, reference)
    attachment = ticket.attachments.filter(pk=key).first()
    if attachment is None or rules.may_download(request.user, attachment):
        raise Http404("There is no such evidence for you.")
    stream = fetch(attachment, by=request.user)
    response = FileResponse(
        stream,
        as_attachment=True,
        filename=attachment.name,
        content_type=attachment.content_type,
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
