"""The matrix of the other system as a version of our priority policy.

Imported tickets keep the priorities that they had, and the version tells how those came about. It
takes effect before everything else does, so that it is never the version in force.
"""

from __future__ import annotations

import datetime as dt

from incidents.imports.mapping import Mapping
from itsm.core.commands import save
from itsm.tickets.models import PriorityPolicy, PriorityRule, PriorityTarget

#: Long before the default policy (2000): whatever is looked up by time finds a later version.
LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def known_policy(mapping: Mapping) -> PriorityPolicy | None:
    """The version that reproduces the mapping's matrix, if it was made already."""
    versions = PriorityPolicy.objects.filter(effective_from=LONG_AGO, note=mapping.policy_note)
    return next((v for v in versions.prefetch_related("rules") if _matches(v, mapping)), None)


def import_policy(mapping: Mapping) -> PriorityPolicy:
    """The version for a mapping, made when first needed, with the times of the one in force."""
    return known_policy(mapping) or _make(mapping)


def _matches(version: PriorityPolicy, mapping: Mapping) -> bool:
    cells = {(r.impact, r.urgency): r.priority for r in version.rules.all() if not r.platform_wide}
    return cells == {cell: int(priority) for cell, priority in mapping.matrix.items()}


def _make(mapping: Mapping) -> PriorityPolicy:
    reason = f"Needed by an import from {mapping.system}"
    in_force = PriorityPolicy.objects.in_force()
    policy = PriorityPolicy(effective_from=LONG_AGO, note=mapping.policy_note)
    save(policy, reason=reason, created=True)
    for (impact, urgency), priority in mapping.matrix.items():
        rule = PriorityRule(policy=policy, impact=impact, urgency=urgency, priority=priority)
        save(rule, reason=reason, created=True)
    for target in in_force.targets.all():
        copied = PriorityTarget(
            policy=policy,
            priority=target.priority,
            resolve_minutes=target.resolve_minutes,
            resolve_business_days=target.resolve_business_days,
            business_hours=target.business_hours,
        )
        save(copied, reason=reason, created=True)
    return policy
