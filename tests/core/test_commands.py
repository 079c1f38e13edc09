"""The frame of commands: one transaction, one actor, one refusal."""

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import models, transaction
from django_fsm import ConcurrentTransition, FSMField, FSMModelMixin

from itsm.audit.models import AuditEvent
from itsm.catalog.models import Service
from itsm.core import commands, context
from itsm.core.commands import ensure_current, lock, registry, save
from itsm.core.errors import Conflict, Invalid, NotAllowed, WrongState
from itsm.core.transitions import StateMachine
from itsm.tickets.actions import ticket as tickets
from itsm.tickets.models import Ticket
from tests import factories
from tests.core import probes

pytestmark = pytest.mark.django_db


def refusals():
    return list(AuditEvent.objects.filter(kind=AuditEvent.Kind.REFUSED))


@pytest.mark.parametrize("error", [NotAllowed, WrongState, Conflict])
def test_refusal_undoes_the_command_and_stays_in_the_trail(error):
    service, by = factories.service(name="Before"), factories.person()
    with pytest.raises(error):
        probes.rename(service, by=by, name="After", fail=error)
    service.refresh_from_db()
    (entry,) = refusals()
    assert (service.name, service.history.count()) == ("Before", 1)
    assert (entry.actor_id, entry.target, entry.target_id) == (by.pk, "catalog.service", service.pk)
    assert entry.data["command"] == "probe.rename"


def test_invalid_input_undoes_the_command_and_is_no_refusal():
    service, by = factories.service(name="Before"), factories.person()
    with pytest.raises(Invalid) as raised:
        probes.rename(service, by=by, name="x" * 500)
    assert "name" in raised.value.fields
    assert refusals() == []
    service.refresh_from_db()
    assert service.name == "Before"


def test_crash_undoes_the_command():
    service = factories.service(name="Before")
    with pytest.raises(ZeroDivisionError):
        probes.rename(service, by=factories.person(), name="After", fail=ZeroDivisionError)
    service.refresh_from_db()
    assert (service.name, service.history.count()) == ("Before", 1)


def test_nested_refusal_is_recorded_once_and_undoes_everything():
    service, by = factories.service(name="Before"), factories.person()
    other = factories.service(name="Other")
    with pytest.raises(NotAllowed):
        probes.outer(
            service,
            by=by,
            inner=lambda: probes.rename(other, by=by, name="Inner", fail=NotAllowed),
        )
    service.refresh_from_db()
    other.refresh_from_db()
    assert (service.name, other.name) == ("Before", "Other")
    assert [entry.data["command"] for entry in refusals()] == ["probe.outer"]


def test_tolerated_inner_refusal_undoes_the_inner_part_only():
    service, by = factories.service(name="Before"), factories.person()
    other = factories.service(name="Other")
    probes.outer(
        service,
        by=by,
        tolerate=True,
        inner=lambda: probes.rename(other, by=by, name="Inner", fail=NotAllowed),
    )
    service.refresh_from_db()
    other.refresh_from_db()
    assert (service.name, other.name) == ("Outer", "Other")


def test_command_after_a_refused_one_reports_again():
    """The mark of the running command is taken away when it ends badly."""
    service, by = factories.service(), factories.person()
    for _ in range(2):
        with pytest.raises(NotAllowed):
            probes.rename(service, by=by, name="x", fail=NotAllowed)
    assert len(refusals()) == 2


def test_lost_race_is_a_conflict_and_recorded():
    service, by = factories.service(), factories.person()
    with pytest.raises(Conflict):
        probes.lost(service, by=by)
    assert [entry.data["code"] for entry in refusals()] == ["conflict"]


def test_stale_record_loses_against_the_newer_one():
    ticket = factories.ticket()
    stale = Ticket.objects.get(pk=ticket.pk)
    worker = factories.responder()
    tickets.triage(ticket, by=worker)
    with pytest.raises(WrongState):
        tickets.triage(stale, by=worker)
    stale.mark_triaged()
    with pytest.raises(ConcurrentTransition), transaction.atomic():
        stale.save()
    assert ticket.history.filter(state="triaged").count() == 1


def test_actor_of_the_command_wins_over_the_one_of_the_door():
    door, by = factories.person(), factories.person()
    service = factories.service()
    with context.use(user=door, origin=context.PORTAL):
        probes.rename(service, by=by, name="After")
    assert service.history.first().history_user_id == by.pk
    assert context.current().user is None


def test_nested_command_has_its_own_actor_and_gives_it_back():
    one, two = factories.person(), factories.person()
    service, other = factories.service(), factories.service()
    probes.outer(service, by=one, inner=lambda: probes.rename(other, by=two, name="Inner"))
    assert other.history.first().history_user_id == two.pk
    assert service.history.first().history_user_id == one.pk


def test_version_counts_up_and_an_older_one_is_refused():
    ticket = factories.ticket()
    locked = lock(ticket)
    assert save(locked, reason="x").version == ticket.version + 1
    ensure_current(locked, None)
    ensure_current(locked, locked.version)
    with pytest.raises(Conflict):
        ensure_current(locked, ticket.version)


def test_every_command_is_known_by_name():
    assert all("." in name for name in registry)
    assert {"ticket.raise", "ticket.resolve", "message.resend", "user.deactivate"} <= set(registry)


def test_failing_listener_does_not_turn_a_refusal_into_success(monkeypatch):
    def broken(refusal):
        raise RuntimeError("the trail cannot be written")

    monkeypatch.setattr(commands, "refusal_listeners", [broken])
    service = factories.service(name="Before")
    with pytest.raises((NotAllowed, RuntimeError)):
        probes.rename(service, by=factories.person(), name="x", fail=NotAllowed)
    service.refresh_from_db()
    assert service.name == "Before"


# The state field


def test_state_is_not_assigned():
    ticket = factories.ticket()
    with pytest.raises(AttributeError):
        ticket.state = Ticket.State.CLOSED


def test_failed_refresh_leaves_the_state_protected():
    """The library's mixin switches protection off for the whole process when a refresh fails."""
    gone = factories.ticket()
    missing = Ticket(pk=10**9)
    with pytest.raises((ObjectDoesNotExist, AttributeError)):
        missing.refresh_from_db()
    with pytest.raises(AttributeError):
        gone.state = Ticket.State.CLOSED


def test_every_state_machine_reloads_without_the_hole():
    from django.apps import apps

    for model in apps.get_models():
        assert not issubclass(model, FSMModelMixin) or issubclass(model, StateMachine), model
        has_state = any(isinstance(field, FSMField) for field in model._meta.fields)
        if has_state and not model.__name__.startswith("Historical"):
            assert issubclass(model, StateMachine), model


def test_reload_brings_the_state_and_leaves_it_protected(django_assert_num_queries):
    ticket = factories.ticket()
    seen = Ticket.objects.get(pk=ticket.pk)
    tickets.triage(ticket, by=factories.responder())
    with django_assert_num_queries(1):
        seen.refresh_from_db()
    assert seen.state == Ticket.State.TRIAGED
    with pytest.raises(AttributeError):
        seen.state = Ticket.State.CLOSED
    seen.mark_started(seen.opened_at)
    seen.save()


def test_reload_of_another_field_leaves_the_state_as_it_was():
    ticket = factories.ticket()
    seen = Ticket.objects.get(pk=ticket.pk)
    tickets.triage(ticket, by=factories.responder())
    seen.refresh_from_db(fields=["title"])
    assert seen.state == Ticket.State.NEW
    seen.mark_cancelled(seen.opened_at)
    with pytest.raises(ConcurrentTransition), transaction.atomic():
        seen.save()


def test_reload_never_unprotects_the_field_itself(monkeypatch):
    """Other threads share the field: they would see it unprotected meanwhile."""
    ticket, seen = factories.ticket(), []
    field = Ticket._meta.get_field("state")
    reload = models.Model.refresh_from_db

    def watched(self, *args, **kwargs):
        seen.append(field.protected)
        reload(self, *args, **kwargs)
        seen.append(field.protected)

    monkeypatch.setattr(models.Model, "refresh_from_db", watched)
    ticket.refresh_from_db()
    assert seen == [True, True]


def test_row_is_locked_alone():
    """Joined rows are not locked with it: the lock names its own table."""
    service = factories.service(customer=factories.customer())
    assert lock(service) == Service.objects.get(pk=service.pk)
