"""What a reading leads to: the first enabled rule that matches, with its patterns compiled.

Pure but for the two questions to the database at the end, which each process asks at most every
few seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from incidents import severity
from incidents.intake.memory import Memory
from incidents.intake.readings import Reading, digest
from incidents.models import Integration, RoutingRule
from incidents.models.routing import pattern_in
from itsm.catalog.models import Service

Criterion = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Rule:
    """A routing rule, ready to be asked thousands of times."""

    row: RoutingRule
    criteria: tuple[tuple[str, Criterion], ...]

    def matches(self, routed: Routed) -> bool:
        row, service = self.row, routed.service
        return (
            row.integration_id in {None, routed.integration.pk}
            and row.service_id in {None, service.pk if service else 0}
            and row.environment in {"", routed.environment}
            and all(holds(routed.word(label)) for label, holds in self.criteria)
        )


@dataclass(slots=True)
class Routed:
    """A reading with what we know beside it, and the rule that decides about it."""

    reading: Reading
    integration: Integration
    service: Service | None
    environment: str
    count: int = 1
    rule: RoutingRule | None = None

    def word(self, label: str) -> str:
        """The value of a label; service and environment also as we know them."""
        if given := self.reading.labels.get(label):
            return given
        if label == "service" and self.service:
            return self.service.slug
        return self.environment if label == "environment" else ""

    @property
    def action(self) -> str:
        return self.rule.action if self.rule else RoutingRule.Action.INCIDENT

    @property
    def level(self) -> int:
        if self.rule and self.rule.level is not None:
            return self.rule.level
        return severity.level_for(self.reading.severity)

    @property
    def group_key(self) -> str:
        """SHA-256 of the values that the rule groups by; "" when each alert stands alone."""
        if not self.rule or not self.rule.group_by:
            return ""
        return digest([self.word(label) for label in self.rule.group_by])


def route(readings: Mapping[str, tuple[Reading, int]], integration: Integration) -> list[Routed]:
    """Give each reading its service, environment and rule. The numbers are how often it came."""
    services = services_named(slug for reading, _ in readings.values() for slug in reading.services)
    rules = rules_in_order()
    return [
        _decide(
            Routed(
                reading,
                integration,
                _service_of(reading, services) or integration.service,
                reading.environment or integration.environment,
                count,
            ),
            rules,
        )
        for reading, count in readings.values()
    ]


def _decide(routed: Routed, rules: Iterable[Rule]) -> Routed:
    routed.rule = next((rule.row for rule in rules if rule.matches(routed)), None)
    return routed


def _service_of(reading: Reading, services: Mapping[str, Service | None]) -> Service | None:
    return next((found for slug in reading.services if (found := services[slug])), None)


def _criterion(wanted: str) -> Criterion:
    pattern = pattern_in(wanted)
    return wanted.__eq__ if pattern is None else re.compile(pattern).search


_rules: Memory[str, tuple[Rule, ...]] = Memory()
_services: Memory[str, tuple[Service | None]] = Memory()


def rules_in_order() -> tuple[Rule, ...]:
    """The enabled rules; a rule's label criteria are compiled once."""
    known = _rules.get("all")
    if known is not None:
        return known
    rows = RoutingRule.objects.filter(enabled=True)
    compiled = (
        Rule(row, tuple((label, _criterion(wanted)) for label, wanted in row.labels.items()))
        for row in rows
    )
    return _rules.keep("all", tuple(compiled))


def services_named(slugs: Iterable[str]) -> dict[str, Service | None]:
    """Services in operation by slug, None for a slug that nobody bears."""
    answer: dict[str, Service | None] = {}
    unknown: set[str] = set()
    for slug in slugs:
        known = _services.get(slug)
        if known is None:
            unknown.add(slug)
        else:
            answer[slug] = known[0]
    if unknown:
        found = {service.slug: service for service in _in_operation(unknown)}
        answer |= {slug: _services.keep(slug, (found.get(slug),))[0] for slug in unknown}
    return answer


def _in_operation(slugs: set[str]) -> Iterable[Service]:
    wanted = sorted(slugs)
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        yield from (
            Service.objects.in_operation()
            .filter(slug__in=part)
            .select_related("customer__calendar", "owner")
        )
