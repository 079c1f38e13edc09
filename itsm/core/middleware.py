"""What each request passes through: its context and id, its user, and the domain's errors."""

from __future__ import annotations

import ipaddress
import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils import timezone

from itsm.core import context
from itsm.core.errors import DomainError
from itsm.core.problems import error_response

Handler = Callable[[HttpRequest], HttpResponseBase]

log = structlog.get_logger("itsm.request")

_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")


def client_address(request: HttpRequest) -> str | None:
    """The caller's address; X-Forwarded-For counts only as far as our own proxies wrote it.

    What is no address there is left alone: it would be refused by the trail's column.
    """
    direct = _address(request.META.get("REMOTE_ADDR", ""))
    if not settings.TRUSTED_PROXIES:
        return direct
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")
    if len(forwarded) < settings.TRUSTED_PROXIES:
        return direct
    return _address(forwarded[-settings.TRUSTED_PROXIES]) or direct


def _address(text: str) -> str | None:
    """An IPv4 or IPv6 address in its plain form; some proxies add a port or brackets."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return None


def _origin(path: str) -> str:
    if path.startswith("/admin/"):
        return context.ADMIN
    return context.API if path.startswith("/api/") else context.PORTAL


class RequestContext:
    """Door, request id and address for the trail and the logs; one log line a request."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.match(given) else uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        started = time.perf_counter()
        with context.use(
            origin=_origin(request.path), request_id=request_id, address=client_address(request)
        ):
            response = self.get_response(request)
            if not request.path.startswith(("/static/", "/healthz", "/readyz")):
                log.info(
                    "request",
                    method=request.method,
                    path=request.path,
                    status=response.status_code,
                    ms=round((time.perf_counter() - started) * 1000, 1),
                )
        response["X-Request-ID"] = request_id
        return response


class MachineDoor:
    """Machines that bring a key of their own go straight to their view.

    Sessions, messages and content policies are for people; a storm of alerts pays for none of them.
    `settings.MACHINE_DOORS` holds the addresses' beginnings.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(settings.MACHINE_DOORS):
            return self.get_response(request)
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return self.get_response(request)
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        response.headers["Content-Length"] = str(len(response.content))
        return response


class ActingUser:
    """The signed-in person is the actor of every history row written in this request, and sees
    times in their own zone."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return self.get_response(request)
        user = request.user
        if not user.is_authenticated:
            return self.get_response(request)
        with context.use(user=user), timezone.override(user.zone):
            return self.get_response(request)


class DomainErrors:
    """A domain error becomes a page or a problem body at its status, in this one place."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, DomainError):
            return error_response(request, error)
        return None


class AdminContentPolicy:
    """The admin theme needs a looser content policy; it gets it below /admin/ and nowhere else."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path.startswith("/admin/"):
            response._csp_update = settings.ADMIN_CONTENT_SECURITY_POLICY  # type: ignore[attr-defined]
        return response
