"""How many requests an integration may make a minute: a fixed window in the cache."""

from __future__ import annotations

import time

import structlog
from django.core.cache import cache

from incidents.models import Integration
from itsm.core.errors import TooMany

log = structlog.get_logger(__name__)

WINDOW = 60


def count_request(integration: Integration) -> None:
    """Raise TooMany (429) with the seconds to the next window when the limit is passed.

    Each process counts for itself unless CACHE_URL names a shared cache. When the cache is down,
    alerts are more important than their limit.
    """
    limit = integration.rate_per_minute
    if not limit:
        return
    now = time.time()
    if _count(f"intake-{integration.pk}-{int(now // WINDOW)}") > limit:
        raise TooMany(
            f"This integration may make {limit} requests a minute.",
            retry_after=WINDOW - int(now % WINDOW),
            hint="Group alerts into fewer requests, or have the limit raised.",
        )


def _count(key: str) -> int:
    try:
        try:
            return cache.incr(key)
        except ValueError:
            return 1 if cache.add(key, 1, timeout=2 * WINDOW) else cache.incr(key)
    except Exception as error:  # noqa: BLE001 (each cache raises its own)
        log.warning("rate_limit_not_counted", error=str(error))
        return 0
