"""Rows written in bulk are the rows that the model layer would have written."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from itsm.catalog.models import Service
from itsm.core import context
from itsm.core.inserts import append, insert, insert_rows, together
from itsm.people.models import Team
from tests import factories

pytestmark = pytest.mark.django_db


def teams(*names: str) -> list[Team]:
    return [Team(name=name, slug=name.lower()) for name in names]


def test_records_get_their_keys_in_order_and_can_be_saved_again():
    made = teams("Zebra", "Ant", "Mole")
    insert(made, reason="Imported")
    assert [Team.objects.get(pk=team.pk).name for team in made] == ["Zebra", "Ant", "Mole"]
    made[0].description = "Stripes"
    made[0].save()
    assert Team.objects.count() == 3


def test_history_tells_who_why_and_from_where():
    person = factories.person()
    made = teams("A", "B")
    with context.use(user=person, origin=context.API, request_id="r-1", address="192.0.2.7"):
        insert(made, reason="Ünïcode “reason”")
    for team in made:
        row = team.history.get()
        assert (row.name, row.slug, row.history_type) == (team.name, team.slug, "+")
        assert (row.history_user_id, row.history_origin) == (person.pk, "api")
        assert (row.history_request_id, row.history_address) == ("r-1", "192.0.2.7")
        assert row.history_change_reason == "Ünïcode “reason”"


def test_record_is_as_the_model_layer_writes_it():
    by_hand, quick = factories.service(), Service(name="Quick", slug="quick")
    quick.owner = factories.team()
    insert([quick], reason="Made")
    read = Service.objects.get(pk=quick.pk)
    assert (read.tier, read.owner, read.retired_at) == (by_hand.tier, quick.owner, None)


def test_number_of_statements_does_not_grow_with_the_rows():
    counts = []
    for names in (["A"], ["B", "C", "D"]):
        with CaptureQueriesContext(connection) as captured:
            insert(teams(*names), reason="Made")
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 2


def test_nothing_is_written_for_no_records():
    with CaptureQueriesContext(connection) as captured:
        insert([], reason="Made")
        append([])
        insert_rows(Team, [])
    assert not captured.captured_queries


def test_breach_of_a_constraint_is_an_error_unless_it_may_be_left_out():
    factories.team(name="A", slug="a")
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(teams("A"))
    rows = [{"name": name, "slug": name.lower(), "description": "", "email": ""} for name in "AB"]
    insert_rows(Team, rows, ignore_conflicts=True)
    assert Team.objects.count() == 2


def test_writes_of_a_block_go_together_at_its_end():
    with CaptureQueriesContext(connection) as captured:
        with together():
            append(teams("A", "B"))
            append([Service(name="S", slug="s")])
            assert not captured.captured_queries
        assert len(captured) == (1 if connection.vendor == "postgresql" else 2)
    assert (Team.objects.count(), Service.objects.count()) == (2, 1)


def test_block_that_fails_writes_nothing():
    def fail() -> None:
        with transaction.atomic(), together():
            append(teams("A"))
            insert(teams("C", "C"))

    with pytest.raises(IntegrityError):
        fail()
    assert not Team.objects.exists()
    append(teams("B"))
    assert Team.objects.get().name == "B"
