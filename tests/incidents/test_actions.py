"""What each command does beyond its state: ticket, clocks, timeline, other incidents."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from incidents.actions import declaring, facts, incident, merging
from incidents.models import Alert, AlertGroup, Incident, RoutingRule
from itsm.audit.models import AuditEvent
from itsm.core.errors import Invalid, NotAllowed, WrongState
from itsm.people.system import system_user
from itsm.tickets.actions import ticket as ticket_actions
from itsm.tickets.models import Priority, Ticket, TicketLink
from itsm.timers.models import Timer
from tests import factories

pytestmark = pytest.mark.django_db

DETECTED, RESOLVED, CLOSED = "detected", "resolved", "closed"


def _fresh(record: Incident) -> Incident:
    found: Incident = Incident.objects.select_related("ticket").get(pk=record.pk)
    return found


def _told(record: Incident) -> list[str]:
    return [entry.text for entry in record.timeline.all()]


# The ticket follows


@pytest.mark.parametrize(
    ("state", "level", "ticket_state", "clock_stopped"),
    [
        (DETECTED, 2, "new", False),
        ("acknowledged", 2, "in-progress", False),
        ("investigating", 2, "in-progress", False),
        ("identified", 2, "in-progress", False),
        ("mitigated", 2, "in-progress", False),
        (RESOLVED, 2, "resolved", True),
        (RESOLVED, 1, "in-progress", True),
        (RESOLVED, 0, "in-progress", True),
        (CLOSED, 2, "closed", True),
        (CLOSED, 0, "closed", True),
        ("cancelled", 2, "cancelled", False),
        ("merged", 2, "cancelled", False),
    ],
)
def test_ticket_follows_its_incident(
    state: str, level: int, ticket_state: str, clock_stopped: bool
) -> None:
    made = _fresh(factories.incident(state, level=level))
    assert made.ticket.state == ticket_state
    assert (made.ticket.restored_at is not None) is clock_stopped
    if clock_stopped:
        assert made.ticket.restored_at == made.resolved_at


def test_triaged_ticket_stays_triaged_until_acknowledged() -> None:
    by = factories.commander()
    made = factories.incident(by=by, ticket=factories.ticket("triaged", by=by))
    assert _fresh(made).ticket.state == "triaged"
    assert incident.acknowledge(made, by=by).ticket.state == "in-progress"


def test_ticket_refuses_direct_moves_while_it_has_an_incident() -> None:
    by = factories.commander()
    made = factories.incident("acknowledged", by=by)
    with pytest.raises(WrongState, match="drives this ticket"):
        ticket_actions.resolve(made.ticket, by=by, resolution="Done")


def test_required_review_by_priority_alone_keeps_the_ticket_in_progress() -> None:
    by = factories.commander()
    ticket = factories.ticket(by=by, impact="high", urgency="high")
    made = factories.incident(RESOLVED, by=by, level=3, ticket=ticket)
    assert _fresh(made).ticket.state == "in-progress"
    with pytest.raises(WrongState, match="review"):
        incident.close(made, by=by)


def test_acknowledging_stops_the_response_clock() -> None:
    by = factories.commander()
    made = factories.incident(by=by)
    armed = Timer.objects.of(made.ticket).armed().filter(kind__startswith="ticket.response")
    assert armed.count() == 2
    made = incident.acknowledge(made, by=by)
    assert made.ticket.responded_at == made.acknowledged_at
    assert made.acknowledged_by == by
    assert not armed.exists()


# Declaring


def test_declaring_raises_a_ticket_with_stamps_and_an_announcement() -> None:
    by, began = factories.responder(), timezone.now() - dt.timedelta(hours=1)
    made = declaring.declare(
        by=by, level=0, title="  All  down ", level_reason="Nobody can pay", started_at=began
    )
    ticket = made.ticket
    assert (ticket.title, ticket.type, ticket.requester) == ("All down", "incident", by)
    assert (ticket.priority, made.level_reason) == (Priority.P0, "Nobody can pay")
    assert ticket.response_due_at == made.detected_at + dt.timedelta(minutes=5)
    assert {e.stamp for e in made.timeline.all()} == {"started", "detected", "classified"}
    assert made.timeline.get(stamp="started").at == began
    assert Timer.objects.of(made).armed().get().kind == "incident.announce"


@pytest.mark.parametrize(
    ("state", "fields", "sentence"),
    [
        ("new", {"type": "change"}, "has no response"),
        ("resolved", {}, "is resolved"),
        ("cancelled", {}, "is cancelled"),
    ],
)
def test_declaring_for_a_ticket_that_cannot_have_one(
    state: str, fields: dict[str, Any], sentence: str
) -> None:
    by = factories.responder()
    with pytest.raises(WrongState, match=sentence):
        declaring.declare(by=by, level=2, ticket=factories.ticket(state, by=by, **fields))
    assert not Incident.objects.exists()


def test_declaring_twice_for_one_ticket() -> None:
    by = factories.responder()
    made = factories.incident(by=by)
    with pytest.raises(WrongState, match=f"{made} is the incident of {made.ticket} already"):
        declaring.declare(by=by, level=2, ticket=Ticket.objects.get(pk=made.ticket_id))


def test_declaring_level_0_for_a_low_ticket_raises_its_priority() -> None:
    by = factories.responder()
    made = factories.incident(by=by, level=0, ticket=factories.ticket(by=by))
    assert _fresh(made).ticket.priority == Priority.P1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": "  "}, "title"),
        ({"level": 5}, "level"),
        ({"started_at": timezone.now() + dt.timedelta(days=365)}, "started_at"),
        ({"title": "x" * 201}, "title"),
    ],
)
def test_declaring_what_is_not_valid(fields: dict[str, Any], field: str) -> None:
    given: dict[str, Any] = {"by": factories.responder(), "level": 2, "title": "Down"} | fields
    with pytest.raises(Invalid) as refusal:
        declaring.declare(**given)
    assert field in refusal.value.fields
    assert not Ticket.objects.exists()


def test_following_an_older_incident_links_both() -> None:
    by = factories.commander()
    earlier = factories.incident(CLOSED, by=by)
    later = declaring.declare(by=by, level=2, title="Again", follows=earlier)
    link = TicketLink.objects.get()
    assert (link.from_ticket, link.to_ticket, link.kind) == (
        later.ticket,
        earlier.ticket,
        "relates",
    )
    assert f"Follows {earlier}" in _told(later)
    assert f"Followed by {later}" in _told(earlier)


# Resolving and healing


def test_resolving_from_detected_asks_to_acknowledge_first() -> None:
    by = factories.commander()
    made = factories.incident(by=by)
    with pytest.raises(WrongState, match="acknowledge it, then resolve it"):
        factories.resolve_incident(made, by=by)
    assert _fresh(made).state == DETECTED


def test_resolving_records_how_it_was_checked_and_by_whom() -> None:
    by = factories.responder()
    made = factories.resolve_incident(factories.incident("acknowledged"), by=by, kind="workaround")
    assert (made.resolution_kind, made.verified_by) == ("workaround", by)
    assert made.resolved_at == made.mitigated_at
    kinds = [(entry.kind, entry.data) for entry in made.timeline.all()]
    assert ("verification", {"passed": True}) in kinds
    assert "Resolved (workaround): Rolled back the deployment" in _told(made)


def test_failed_verification_is_recorded_and_the_incident_stays_open() -> None:
    by = factories.responder()
    made = factories.incident("mitigated")
    before = Incident.objects.filter(pk=made.pk).values().get()
    factories.resolve_incident(made, by=by, verified=False, verification="Still 4 % errors")
    assert Incident.objects.filter(pk=made.pk).values().get() == before
    entry = made.timeline.filter(kind="verification").get()
    assert entry.text.startswith("Verification failed: Still 4 % errors")
    assert (entry.by, entry.data) == (by, {"passed": False})


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "healed"}, "kind"),
        ({"kind": ""}, "kind"),
        ({"resolution": " "}, "resolution"),
        ({"verification": ""}, "verification"),
        ({"resolution": "NUL \x00"}, "resolution"),
    ],
)
def test_resolving_with_something_missing(fields: dict[str, str], field: str) -> None:
    made = factories.incident("mitigated")
    with pytest.raises(Invalid) as refusal:
        factories.resolve_incident(made, by=factories.responder(), **fields)
    assert field in refusal.value.fields
    assert _fresh(made).state == "mitigated"


@pytest.mark.parametrize("level", [2, 1])
def test_healing_before_anybody_came(level: int) -> None:
    made, at = factories.incident(level=level), timezone.now()
    factories.alert(made, resolved_at=at)
    healed = incident.heal(made, by=system_user(), at=at)
    assert (healed.state, healed.resolution_kind) == (RESOLVED, "healed")
    assert healed.resolved_at == at
    assert healed.acknowledged_at is None
    ticket = _fresh(made).ticket
    assert ticket.state == ("resolved" if level == 2 else "in-progress")
    assert (ticket.restored_at, ticket.responded_at) == (at, None)
    assert not Timer.objects.of(ticket).armed().exists()
    assert healed.timeline.get(stamp="resolved").source == "monitor"


@pytest.mark.parametrize("state", ["acknowledged", "investigating", "identified", "mitigated"])
def test_healing_under_a_persons_care_asks_the_person(state: str) -> None:
    made = factories.incident(state)
    factories.alert(made, resolved_at=timezone.now())
    assert incident.heal(made, by=system_user()).state == state
    assert _told(made)[-1] == "All alerts have cleared: confirm and resolve."


@pytest.mark.parametrize("state", [RESOLVED, CLOSED, "cancelled"])
def test_healing_what_is_over_says_nothing(state: str) -> None:
    made = factories.incident(state)
    factories.alert(made, resolved_at=timezone.now())
    before = _told(made)
    assert incident.heal(made, by=system_user()).state == state
    assert _told(made) == before


def test_healing_while_an_alert_fires_or_without_any() -> None:
    made = factories.incident()
    with pytest.raises(WrongState, match="No alert belongs"):
        incident.heal(made, by=system_user())
    factories.alert(made, resolved_at=timezone.now())
    factories.alert(made)
    with pytest.raises(WrongState, match="still fires"):
        incident.heal(made, by=system_user())
    assert _fresh(made).state == DETECTED


# The review


def test_required_review_blocks_closing_until_it_is_waived() -> None:
    by, manager = factories.commander(), factories.ops_manager()
    made = factories.incident(RESOLVED, by=by, level=1)
    with pytest.raises(WrongState, match="review"):
        incident.close(made, by=by)
    made = facts.waive_review(made, by=manager, reason="A drill")
    assert (made.review_waived_by, made.ticket.state) == (manager, "resolved")
    assert made.ticket.restored_at == made.resolved_at
    assert "Review waived: A drill" in _told(made)
    assert incident.close(made, by=by).state == CLOSED


def test_waiving_needs_a_resolved_incident_that_requires_a_review() -> None:
    manager = factories.ops_manager()
    with pytest.raises(WrongState, match="requires no review"):
        facts.waive_review(factories.incident(RESOLVED, level=3), by=manager, reason="A drill")
    with pytest.raises(WrongState, match="once it is resolved"):
        facts.waive_review(factories.incident(level=0), by=manager, reason="A drill")
    made = facts.waive_review(factories.incident(RESOLVED, level=0), by=manager, reason="A drill")
    with pytest.raises(WrongState, match="waived already"):
        facts.waive_review(made, by=manager, reason="Again")


def test_reopening_takes_the_waiver_back() -> None:
    by = factories.commander()
    made = incident.reopen(factories.incident(CLOSED, by=by, level=1), by=by, reason="Back")
    assert (made.review_waived_at, made.review_waived_by, made.review_waived_reason) == (
        None,
        None,
        "",
    )
    assert factories.resolve_incident(made, by=by).ticket.state == "in-progress"


# Reopening


@pytest.mark.parametrize("state", [RESOLVED, CLOSED])
def test_reopening_runs_the_clock_on(state: str) -> None:
    by = factories.commander()
    made = incident.reopen(factories.incident(state, by=by), by=by, reason="It is back")
    assert (made.state, made.resolved_at, made.closed_at) == ("investigating", None, None)
    assert (made.resolution, made.verified_by) == ("", None)
    assert (made.ticket.state, made.ticket.restored_at) == ("in-progress", None)
    assert made.history.filter(resolution="Rolled back the deployment").exists()
    assert _told(made)[-1] == "Reopened: It is back"


@pytest.mark.parametrize(("days", "works"), [(13.99, True), (14.01, False)])
def test_reopening_works_for_14_days(days: float, works: bool) -> None:
    by = factories.commander()
    made = factories.incident(CLOSED, by=by)
    with time_machine.travel(timezone.now() + dt.timedelta(days=days)):
        if works:
            assert incident.reopen(made, by=by, reason="Back").state == "investigating"
            return
        with pytest.raises(WrongState, match="open a new incident and link it"):
            incident.reopen(made, by=by, reason="Back")
    assert _fresh(made).state == CLOSED


# Merging


def test_merging_moves_alerts_and_groups_and_tells_both() -> None:
    by = factories.commander()
    made, target = factories.incident("acknowledged", by=by), factories.incident(by=by)
    moved = factories.alert(made)
    rule = RoutingRule.objects.create(name="Payments")
    group = AlertGroup.objects.create(
        rule=rule, key="k", incident=made, last_seen_at=timezone.now()
    )
    merged = merging.merge(made, by=by, into=target, reason="One database")
    assert (merged.state, merged.merged_into, merged.ticket.state) == (
        "merged",
        target,
        "cancelled",
    )
    assert Alert.objects.get(pk=moved.pk).incident == target
    assert AlertGroup.objects.get(pk=group.pk).incident == target
    link = TicketLink.objects.get()
    assert (link.from_ticket, link.to_ticket) == (merged.ticket, target.ticket)
    assert link.kind == "duplicates"
    assert f"Merged into {target}: One database" in _told(merged)
    assert f"{merged} (SEV-2) merged into this, with 1 alert" in _told(target)
    assert target.timeline.get(kind="merge").link == merged.get_absolute_url()


def test_merging_where_the_tickets_are_linked_already() -> None:
    by = factories.commander()
    made, target = factories.incident(by=by), factories.incident(by=by)
    TicketLink.objects.create(
        from_ticket=made.ticket, to_ticket=target.ticket, kind="duplicates", created_by=by
    )
    merging.merge(made, by=by, into=target)
    assert TicketLink.objects.count() == 1


@pytest.mark.parametrize("state", [RESOLVED, CLOSED, "cancelled", "merged"])
def test_merging_into_what_is_over(state: str) -> None:
    by = factories.commander()
    made, target = factories.incident(by=by), factories.incident(state, by=by)
    with pytest.raises(WrongState, match="only an open incident takes in another"):
        merging.merge(made, by=by, into=target)
    assert _fresh(made).state == DETECTED


def test_merging_into_itself_and_in_a_circle() -> None:
    by = factories.commander()
    first, second = factories.incident(by=by), factories.incident(by=by)
    with pytest.raises(WrongState, match="into itself"):
        merging.merge(first, by=by, into=first)
    merging.merge(first, by=by, into=second)
    with pytest.raises(WrongState):
        merging.merge(second, by=by, into=first)


# Severity and category


def test_another_level_moves_the_response_target() -> None:
    by = factories.commander()
    made = factories.incident(by=by, level=3)
    made = facts.set_level(made, by=by, level=1, reason="Many users")
    assert (made.level, made.level_reason) == (1, "Many users")
    assert made.ticket.response_due_at == made.detected_at + dt.timedelta(minutes=15)
    due = Timer.objects.of(made.ticket).armed().get(kind="ticket.response_breach").due_at
    assert due == made.ticket.response_due_at
    assert _told(made)[-1] == "SEV-3 → SEV-1: Many users"
    assert made.ticket.priority == Priority.P3


def test_level_0_means_at_least_p1() -> None:
    by = factories.commander()
    made = facts.set_level(factories.incident(by=by, level=3), by=by, level=0, reason="All down")
    ticket = _fresh(made).ticket
    assert (ticket.priority, ticket.priority_reason) == (Priority.P1, "All down")
    assert ticket.resolution_due_at == ticket.opened_at + dt.timedelta(hours=1)


def test_level_0_leaves_p0_alone() -> None:
    by = factories.commander()
    ticket = factories.ticket(by=by, impact="high", urgency="high", platform_wide=True)
    made = factories.incident(by=by, level=1, ticket=ticket)
    assert facts.set_level(made, by=by, level=0, reason="All").ticket.priority == Priority.P0


def test_level_after_acknowledgement_leaves_the_response_alone() -> None:
    by = factories.commander()
    made = factories.incident("acknowledged", by=by, level=3)
    due = made.ticket.response_due_at
    assert facts.set_level(made, by=by, level=1, reason="Many").ticket.response_due_at == due


@pytest.mark.parametrize(("level", "reason"), [(2, "Same"), (7, "No such"), (1, " ")])
def test_level_that_cannot_be_set(level: int, reason: str) -> None:
    by = factories.commander()
    made = factories.incident(by=by, level=2)
    with pytest.raises(Invalid):
        facts.set_level(made, by=by, level=level, reason=reason)
    assert _fresh(made).level == 2


def test_category_is_set_and_taken_away() -> None:
    by = factories.responder()
    made = facts.set_category(factories.incident(), by=by, category="database")
    assert made.category == "database"
    assert facts.set_category(made, by=by, category="").category == ""
    assert _told(made)[-2:] == ["Category: none → Database", "Category: Database → none"]
    with pytest.raises(Invalid):
        facts.set_category(made, by=by, category="weather")


def test_same_category_again_writes_nothing() -> None:
    by = factories.responder()
    made = facts.set_category(factories.incident(), by=by, category="database")
    before = made.history.count(), made.timeline.count()
    facts.set_category(made, by=by, category="database")
    assert (made.history.count(), made.timeline.count()) == before


# Refusals


def test_refusal_is_in_the_trail() -> None:
    by = factories.responder()
    made = factories.incident(by=by)
    with pytest.raises(NotAllowed):
        incident.cancel(made, by=by, reason="False alarm")
    event = AuditEvent.objects.get(kind="refused")
    assert (event.target, event.target_id) == ("incidents.incident", made.pk)
    assert event.data["command"] == "incident.cancel"
