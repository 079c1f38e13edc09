"""The timeline: only added to, corrected by striking, and the word of record on moments."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from incidents.actions import facts, incident
from incidents.models import Incident, TimelineEntry
from itsm.core.errors import Invalid, NotAllowed, WrongState
from itsm.people import roles
from tests import factories

pytestmark = pytest.mark.django_db

MINUTE = dt.timedelta(minutes=1)


def _entry(made: Incident, stamp: str) -> TimelineEntry:
    found: TimelineEntry = made.timeline.get(stamp=stamp, corrected_by=None)
    return found


def test_database_refuses_to_change_or_delete_an_entry() -> None:
    made = factories.incident()
    for change in (
        lambda: made.timeline.update(text="Nothing happened"),
        lambda: made.timeline.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    assert made.timeline.count() == 2


def test_each_step_is_on_the_timeline_with_its_moment() -> None:
    made = factories.incident("closed")
    stamps = {e.stamp: e.at for e in made.timeline.exclude(stamp="")}
    assert set(stamps) == {"detected", "classified", "acknowledged", "mitigated", "resolved"}
    for stamp in ("detected", "acknowledged", "mitigated", "resolved"):
        assert stamps[stamp] == getattr(made, f"{stamp}_at")


def test_note_tells_when_it_happened() -> None:
    by, at = factories.responder(), timezone.now() - dt.timedelta(hours=2)
    made = factories.incident()
    note = facts.note(made, by=by, text=" Rolled back ", at=at)
    assert (note.text, note.at, note.by, note.source) == ("Rolled back", at, by, "person")
    assert note.recorded_at > at
    assert made.timeline.first() == note


@pytest.mark.parametrize(("text", "ahead"), [("", 0), ("  ", 0), ("Later", 5), ("NUL \x00", 0)])
def test_note_that_cannot_be_written(text: str, ahead: int) -> None:
    made = factories.incident()
    with pytest.raises(Invalid):
        facts.note(made, by=factories.responder(), text=text, at=timezone.now() + ahead * MINUTE)
    assert made.timeline.count() == 2


def test_note_of_a_machine_is_marked_as_one() -> None:
    machine = factories.machine(roles.RESPONDER)
    assert facts.note(factories.incident(), by=machine, text="Scaled out").source == "portal"


def test_correction_strikes_the_entry_and_keeps_it() -> None:
    by = factories.responder()
    made = factories.incident()
    wrong = facts.note(made, by=by, text="Rolled back at 14:02")
    right = facts.correct(wrong, by=by, text="Rolled back at 14:05", reason="Wrong minute")
    assert (right.kind, right.corrects, right.at) == ("correction", wrong, wrong.at)
    assert right.data == {"reason": "Wrong minute"}
    wrong.refresh_from_db()
    assert (wrong.text, wrong.corrected_by) == ("Rolled back at 14:02", right)
    with pytest.raises(WrongState, match="correct its correction"):
        facts.correct(wrong, by=by, text="Third", reason="Again")
    again = facts.correct(right, by=by, text="Rolled back at 14:06", reason="The log")
    assert again.corrects == right


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [("", None, "Why"), ("Other", None, " "), ("Other", dt.timedelta(days=1), "Why")],
)
def test_correction_that_says_too_little(text: str, at: dt.timedelta | None, reason: str) -> None:
    by = factories.responder()
    wrong = facts.note(factories.incident(), by=by, text="Rolled back")
    with pytest.raises(Invalid):
        facts.correct(
            wrong, by=by, text=text, at=timezone.now() + at if at else None, reason=reason
        )
    assert not TimelineEntry.objects.filter(corrects=wrong).exists()


def test_corrected_moment_moves_the_incident_and_the_clock_of_its_ticket() -> None:
    by = factories.commander()
    made = factories.incident("resolved", by=by)
    assert made.mitigated_at
    assert made.resolved_at
    earlier = made.mitigated_at + (made.resolved_at - made.mitigated_at) / 2
    facts.correct(_entry(made, "resolved"), by=by, at=earlier, reason="The log")
    made = Incident.objects.get(pk=made.pk)
    assert made.resolved_at == made.ticket.restored_at == earlier
    assert made.history.first().history_change_reason == "Resolved corrected: The log"
    assert _entry(made, "resolved").kind == "correction"


def test_corrected_acknowledgement_moves_the_response() -> None:
    by = factories.commander()
    made = factories.incident("acknowledged", by=by)
    assert made.acknowledged_at
    middle = made.detected_at + (made.acknowledged_at - made.detected_at) / 2
    facts.correct(_entry(made, "acknowledged"), by=by, at=middle, reason="Answered by phone")
    made = Incident.objects.get(pk=made.pk)
    assert made.acknowledged_at == made.ticket.responded_at == middle


def test_correcting_a_correction_of_a_moment_moves_it_again() -> None:
    by = factories.commander()
    made = factories.incident(by=by)
    first = facts.correct(
        _entry(made, "detected"), by=by, at=made.detected_at - MINUTE, reason="The log"
    )
    facts.correct(first, by=by, at=made.detected_at - 2 * MINUTE, reason="The other log")
    assert Incident.objects.get(pk=made.pk).detected_at == made.detected_at - 2 * MINUTE


def test_moment_takes_a_commander_and_its_words_do_not() -> None:
    by = factories.responder()
    made = factories.incident("acknowledged")
    entry = _entry(made, "acknowledged")
    with pytest.raises(NotAllowed, match="commander"):
        facts.correct(entry, by=by, at=made.detected_at, reason="Earlier")
    facts.correct(entry, by=by, text="Acknowledged by phone", reason="Clearer")
    assert Incident.objects.get(pk=made.pk).acknowledged_at == made.acknowledged_at


def test_moment_cannot_overtake_its_neighbour() -> None:
    by = factories.commander()
    made = factories.incident("resolved", by=by)
    with pytest.raises(Invalid, match="Resolved would be earlier"):
        facts.correct(
            _entry(made, "resolved"), by=by, at=made.detected_at - MINUTE, reason="The log"
        )
    assert Incident.objects.get(pk=made.pk).resolved_at == made.resolved_at


def test_moment_of_an_earlier_resolution_no_longer_moves_anything() -> None:
    by = factories.commander()
    made = factories.incident("resolved", by=by)
    earlier = _entry(made, "resolved")
    made = factories.resolve_incident(incident.reopen(made, by=by, reason="Back"), by=by)
    facts.correct(earlier, by=by, at=earlier.at - MINUTE / 600, reason="The log")
    assert Incident.objects.get(pk=made.pk).resolved_at == made.resolved_at
