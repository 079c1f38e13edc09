"""The door for monitoring systems: a plain view that touches no session.

Checked in the order of what costs least: method, key, rate, size, JSON, shape. Every answer is a
receipt or a problem body (RFC 9457); a success is committed before it is said. Trouble with the
database is 503, upon which senders repeat.
"""

from __future__ import annotations

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from incidents.intake.adapters import adapters
from incidents.intake.bodies import content_of, parsed
from incidents.intake.keys import integration_of
from incidents.intake.limits import count_request
from incidents.intake.process import Receipt, take_in
from incidents.intake.readings import NotReadable
from itsm.core.errors import DomainError, Unavailable, WrongMethod
from itsm.core.problems import problem_response
from itsm.people.system import system_user

log = structlog.get_logger(__name__)

BEARER = "Bearer "


@csrf_exempt
def receive(request: HttpRequest, kind: str, key: str | None = None) -> HttpResponse:
    """POST alerts under `/api/v1/alerts/<kind>/<key>`, or with the key in a header."""
    try:
        response = _answer(_taken_in(request, kind, key or _key_in_header(request)))
    except DomainError as refusal:
        response = problem_response(refusal)
    except (OperationalError, InterfaceError) as trouble:
        log.error("intake_without_database", error=str(trouble)[:300])  # noqa: TRY400 (no trace)
        response = problem_response(Unavailable("The database does not answer. Send it again."))
    # Django would log the path of a refusal, and the path ends in the key.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _key_in_header(request: HttpRequest) -> str:
    authorization = request.headers.get("Authorization", "")
    if authorization.startswith(BEARER):
        return authorization[len(BEARER) :].strip()
    return request.headers.get("X-Integration-Key", "").strip()


def _taken_in(request: HttpRequest, kind: str, key: str) -> Receipt:
    if request.method != "POST":
        raise WrongMethod("Alerts are posted.", allowed=["POST"])
    content = content_of(request)
    integration = integration_of(kind, key)
    count_request(integration)
    batch = adapters[kind](parsed(content), integration.mapping, timezone.now())
    return take_in(integration, batch, by=system_user())


def _answer(receipt: Receipt) -> HttpResponse:
    """201 when an incident or a ticket was opened, 422 when nothing could be read, else 200."""
    body = receipt.body()
    if receipt.rejected and not receipt.accepted:
        refusal = NotReadable(
            f"None of the alerts could be taken in: {receipt.rejected[0].reason}",
            hint="They are kept in the dead-letter list.",
        )
        return problem_response(refusal, rejected=body["rejected"])
    return JsonResponse(body, status=201 if receipt.opened or receipt.tickets else 200)
