"""Errors as answers: RFC 9457 problem bodies for machines, pages for people."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from itsm.core import context
from itsm.core.errors import DomainError, Invalid, TooMany, Unavailable, WrongMethod


def wants_problem(request: HttpRequest) -> bool:
    """API paths and clients that ask for JSON get a problem body."""
    return request.path.startswith("/api/") or "json" in request.headers.get("Accept", "")


def problem_body(error: DomainError) -> dict[str, Any]:
    """The members of RFC 9457, plus `hint`, `missing` and `errors` where there are any."""
    body: dict[str, Any] = {
        "type": f"urn:itsm:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.message,
    }
    if request_id := context.current().request_id:
        body["instance"] = f"urn:itsm:request:{request_id}"
    if error.hint:
        body["hint"] = error.hint
    if error.missing:
        body["missing"] = list(error.missing)
    if isinstance(error, Invalid) and error.fields:
        body["errors"] = error.fields
    return body


def problem_response(error: DomainError, **members: Any) -> HttpResponse:
    """The answer for machines; `members` are added to the body."""
    response = HttpResponse(
        json.dumps({**problem_body(error), **members}),
        status=error.status,
        content_type="application/problem+json",
    )
    return _with_headers(response, error)


def error_response(request: HttpRequest, error: DomainError) -> HttpResponse:
    """The answer to `request` for a refusal: what happened, what is safe, what to do."""
    if wants_problem(request):
        return problem_response(error)
    response = render(
        request,
        "errors/refused.html",
        {"error": error, "request_id": context.current().request_id},
        status=error.status,
    )
    return _with_headers(response, error)


def _with_headers(response: HttpResponse, error: DomainError) -> HttpResponse:
    if isinstance(error, TooMany | Unavailable):
        response["Retry-After"] = str(error.retry_after)
    if isinstance(error, WrongMethod):
        response["Allow"] = ", ".join(error.allowed)
    if error.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="itsm"'
    return response
