"""Bytes of a request to a JSON value that is safe to walk and to store, or a refusal (400, 413)."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from django.conf import settings
from django.http import HttpRequest, UnreadablePostError

from itsm.core.errors import DomainError, TooLarge
from itsm.core.text import storable

#: Deeper nesting than any monitor sends; it keeps recursion over the body harmless.
MAX_DEPTH = 32


class NotJson(DomainError):
    """The body is not JSON (400)."""


def content_of(request: HttpRequest) -> bytes:
    """The body, read up to the limit. A body without a length (chunked) is read the same way."""
    limit = settings.INTAKE_MAX_BYTES
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isdecimal() and int(length[:20]) > limit:
        raise _too_large(limit)
    try:
        content = request.body if length else _without_length(request, limit)
    except (UnreadablePostError, OSError) as error:
        raise NotJson("The connection broke off before the whole body was here.") from error
    if len(content) > limit:
        raise _too_large(limit)
    return content


def _without_length(request: HttpRequest, limit: int) -> bytes:
    """Django takes a body without Content-Length for empty; the server marks one that ends."""
    if not request.META.get("wsgi.input_terminated"):
        return b""
    content: bytes = request.META["wsgi.input"].read(limit + 1)
    return content


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"A request may have at most {limit:,} bytes.",
        hint="Send fewer alerts in one request; Alertmanager has max_alerts for it.",
    )


def parsed(content: bytes) -> Any:
    """The JSON value: UTF-8, finite numbers, bounded depth, every string storable."""
    try:
        text = content.decode("utf-8-sig")
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        return _bounded(value, MAX_DEPTH, clean="\\u" in text or "\x00" in text)
    except UnicodeDecodeError as error:
        raise NotJson("The body is not UTF-8.") from error
    except RecursionError as error:
        raise NotJson("The body is nested too deeply.") from error
    except ValueError as error:
        raise NotJson(f"The body is not JSON: {error}."[:300]) from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits[:20]} is too large a number")
    return number


def _bounded(value: Any, depth: int, *, clean: bool) -> Any:
    """The value itself when nothing in it needs cleaning. Raises ValueError when too deep."""
    if isinstance(value, str):
        return storable(value) if clean else value
    if not isinstance(value, dict | list):
        return value
    if not depth:
        raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, list):
        return [_bounded(item, depth - 1, clean=clean) for item in value]
    return {
        storable(name) if clean else name: _bounded(item, depth - 1, clean=clean)
        for name, item in value.items()
    }
