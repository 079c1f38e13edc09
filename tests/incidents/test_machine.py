"""Random people try random commands in random order: no rule of the record is ever broken."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from incidents.actions import facts, incident, merging
from incidents.models import Incident
from itsm.core.errors import DomainError
from itsm.people import roles
from itsm.people.system import system_user
from tests import factories

#: state of the incident → states that its ticket may be in
TICKET_STATES = {
    "detected": {"new", "triaged"},
    "acknowledged": {"in-progress"},
    "investigating": {"in-progress"},
    "identified": {"in-progress"},
    "mitigated": {"in-progress"},
    "resolved": {"in-progress", "resolved"},
    "closed": {"closed"},
    "cancelled": {"cancelled"},
    "merged": {"cancelled"},
}
FINAL = {"cancelled", "merged"}
PEOPLE = st.sampled_from(
    [roles.RESPONDER, roles.COMMANDER, roles.OPS_MANAGER, roles.AUDITOR, "portal"]
)
STEPS = st.sampled_from(["acknowledge", "investigate", "identify", "mitigate", "heal", "close"])


class Life(RuleBasedStateMachine):
    """One incident with an alert, and everybody who could touch it."""

    @initialize(level=st.integers(0, 4))
    def declare(self, level: int) -> None:
        names = (roles.RESPONDER, roles.COMMANDER, roles.OPS_MANAGER, roles.AUDITOR)
        self.people = {name: factories.person(name) for name in names}
        self.people["portal"] = system_user()
        self.made = factories.incident(by=self.people[roles.COMMANDER], level=level)
        factories.alert(self.made, resolved_at=self.made.detected_at)
        self.written, self.was = 0, "detected"

    def _try(self, call: Any) -> None:
        """A refusal is an answer; what must not happen, the invariants say."""
        try:
            call()
        except DomainError as refusal:
            assert refusal.status in {403, 409, 422}  # noqa: PT017 (every refusal has its answer)

    @rule(who=PEOPLE, step=STEPS)
    def go(self, who: str, step: str) -> None:
        self._try(lambda: getattr(incident, step)(self.made, by=self.people[who]))

    @rule(who=PEOPLE, verified=st.booleans())
    def resolve(self, who: str, verified: bool) -> None:
        by = self.people[who]
        self._try(lambda: factories.resolve_incident(self.made, by=by, verified=verified))

    @rule(who=PEOPLE)
    def reopen(self, who: str) -> None:
        self._try(lambda: incident.reopen(self.made, by=self.people[who], reason="Back"))

    @rule(who=PEOPLE)
    def waive(self, who: str) -> None:
        self._try(lambda: facts.waive_review(self.made, by=self.people[who], reason="A drill"))

    @rule(who=PEOPLE, level=st.integers(0, 4))
    def set_level(self, who: str, level: int) -> None:
        by = self.people[who]
        self._try(lambda: facts.set_level(self.made, by=by, level=level, reason="Looked again"))

    @rule(who=PEOPLE, way=st.sampled_from(["cancel", "merge"]), sure=st.integers(0, 9))
    def end(self, who: str, way: str, sure: int) -> None:
        """Rare, because nothing follows."""
        by = self.people[who]
        if sure:
            return
        if way == "cancel":
            self._try(lambda: incident.cancel(self.made, by=by, reason="A test alert"))
        else:
            target = factories.incident(by=self.people[roles.COMMANDER])
            self._try(lambda: merging.merge(self.made, by=by, into=target))

    @invariant()
    def record_holds_together(self) -> None:
        if not hasattr(self, "made"):
            return
        now = Incident.objects.select_related("ticket", "policy").get(pk=self.made.pk)
        assert now.ticket.state in TICKET_STATES[now.state]
        if now.state in {"resolved", "closed"}:
            assert now.resolved_at
            assert now.ticket.restored_at == now.resolved_at
            assert now.resolution
            assert (now.resolution_kind == "healed") is (now.verified_by is None)
        else:
            assert now.ticket.restored_at is None
        if now.state == "closed" or now.ticket.state == "resolved":
            assert not now.review_is_due
        if now.level == 0:
            assert now.ticket.priority <= 1
        assert self.was not in FINAL or now.state == self.was
        entries = now.timeline.count()
        assert entries >= self.written, "the timeline only grows"
        self.was, self.written = now.state, entries


@pytest.mark.django_db
def test_random_lives_break_no_rule() -> None:
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=15, stateful_step_count=25, suppress_health_check=list(HealthCheck)
        ),
    )
