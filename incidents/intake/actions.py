"""Commands of integrations: made and given a new key. The key is told once and stored as a hash."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from incidents.intake import keys, memory
from incidents.models import Integration
from itsm.catalog.models import Environment, Service
from itsm.core.commands import command, lock, save
from itsm.core.errors import Invalid
from itsm.core.rules import ensure
from itsm.people.models import User
from itsm.people.roles import SYSTEM_USERNAME

#: How long the previous key stays valid, so that the sender can be changed without a gap.
GRACE = dt.timedelta(hours=24)


def may_configure(by: User, _: object) -> str:
    """Ops managers may; so may the command line, which runs as the portal itself."""
    if by.username == SYSTEM_USERNAME or by.has_perm("incidents.change_integration"):
        return ""
    return "Only an ops manager sets up integrations."


@command("integration.create")
def create(
    *,
    by: User,
    kind: str,
    name: str,
    service: Service | None = None,
    environment: str = "",
    rate_per_minute: int | None = None,
    mapping: dict[str, str] | None = None,
) -> tuple[Integration, str]:
    """A new integration and its secret key, which is not kept anywhere."""
    ensure(may_configure, by, None)
    _ensure_new(name)
    _ensure_known("kind", kind, Integration.Kind.values)
    _ensure_known("environment", environment, ["", *Environment.values])
    key = keys.new_key()
    integration = Integration(
        kind=kind,
        name=name.strip(),
        service=service,
        environment=environment,
        mapping=mapping or {},
        key_hash=keys.hash_of(key),
        key_hint=keys.hint_of(key),
    )
    if rate_per_minute is not None:
        integration.rate_per_minute = rate_per_minute
    return save(integration, reason="Created", created=True), key


@command("integration.rotate")
def rotate(
    integration: Integration, *, by: User, grace: dt.timedelta = GRACE
) -> tuple[Integration, str]:
    """Give it a new key; the previous one stays valid for `grace`. Returns the new key."""
    integration = lock(integration)
    ensure(may_configure, by, integration)
    key = keys.new_key()
    integration.previous_key_hash, integration.previous_key_until = "", None
    if grace:
        integration.previous_key_hash = integration.key_hash
        integration.previous_key_until = timezone.now() + grace
    integration.key_hash, integration.key_hint = keys.hash_of(key), keys.hint_of(key)
    save(integration, reason="New key")
    memory.forget()
    return integration, key


def _ensure_new(name: str) -> None:
    if Integration.objects.filter(name=name.strip()).exists():
        raise Invalid(
            f"There is an integration “{name.strip()}” already.",
            hint="Give it another name, or rotate the key of the one that is there.",
            fields={"name": ["This name is taken."]},
        )


def _ensure_known(field: str, value: str, known: list[str]) -> None:
    if value not in known:
        choices = ", ".join(word for word in known if word)
        sentence = f"“{value}” is not known here: use {choices}."
        raise Invalid(sentence, fields={field: [sentence]})
