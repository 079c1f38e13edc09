"""The secret in an intake address: made once, stored as SHA-256 only, found again by it.

Looking a key up by its hash tells nothing about the key through the time it takes: the database
compares hashes, which nobody can steer towards a stored one.
"""

from __future__ import annotations

import hashlib
import secrets

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from incidents.intake.memory import Memory
from incidents.models import Integration
from itsm.core.errors import Unauthenticated

_known: Memory[str, Integration] = Memory()


def new_key() -> str:
    return secrets.token_urlsafe(32)


def hash_of(key: str) -> str:
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


def hint_of(key: str) -> str:
    return key[-4:]


def address(integration: Integration, key: str) -> str:
    """The secret address to give to the monitoring system."""
    return f"{settings.BASE_URL}/api/v1/alerts/{integration.kind}/{key}"


def integration_of(kind: str, key: str) -> Integration:
    """Who posts with this key. Raises Unauthenticated (401), the same for every reason."""
    hashed = hash_of(key)
    found = _known.get(hashed) or _look_up(hashed)
    if not key or found is None or found.kind != kind or not found.enabled:
        raise Unauthenticated(
            "This address has no valid key for this kind of integration.",
            hint="Make one with `manage.py create_integration`, or replace it with "
            "`manage.py rotate_integration`.",
        )
    return found


def _look_up(hashed: str) -> Integration | None:
    current = Q(key_hash=hashed)
    previous = Q(previous_key_hash=hashed, previous_key_until__gt=timezone.now())
    found = Integration.objects.filter(current | previous).select_related("service").first()
    return _known.keep(hashed, found) if found else None
