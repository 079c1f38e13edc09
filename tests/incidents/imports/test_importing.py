"""Whole runs: what is written, that nothing is written twice, and that a dead run is taken up."""

import datetime as dt
import re

import pytest
from django.apps import apps
from django.db import models

from incidents.imports import records
from incidents.models import Incident, TimelineEntry
from itsm.people.models import Team, User
from itsm.tickets.models import ClockPause, PriorityPolicy, StateChange, Ticket
from tests import factories
from tests.incidents.imports.exports import bring_in, export, life, row, utc

pytestmark = pytest.mark.django_db

Counts = dict[str, int]


def counts() -> Counts:
    """Rows of every table."""
    models_: list[type[models.Model]] = list(apps.get_models())
    return {m._meta.label: m._default_manager.count() for m in models_}


def cases(count: int) -> list[dict[str, str]]:
    return [dict(r) for n in range(1, count + 1) for r in life(f"INC{n:07d}", day=n % 20 + 1)]


def test_a_dry_run_tells_and_writes_nothing(tmp_path):
    path = export(tmp_path, cases(3))
    before = counts()
    report = bring_in(path, execute=False)
    assert counts() == before
    assert (report.cases, report.events, report.standings["new"]) == (3, 18, 3)
    assert report.states["Active"] == 6
    assert not report.problems_file.exists()
    assert "Nothing was written: add --execute" in report.as_text()


def test_a_case_becomes_ticket_and_incident_with_true_times(tmp_path):
    bring_in(export(tmp_path, life("INC0000045", category="Category 5", u_symptom="Symptom 7")))
    ticket = Ticket.objects.get(source="import", source_ref="INC0000045")
    assert (ticket.title, ticket.type) == ("Category 5: Symptom 7", "incident")
    assert (ticket.state, ticket.priority, ticket.priority_reason) == ("closed", 3, "")
    assert ticket.opened_at == utc(1, 8)
    assert ticket.responded_at == utc(1, 8, 10)
    assert ticket.resolved_at == ticket.restored_at == utc(1, 11, 30)
    assert ticket.closed_at == utc(2, 11, 30)
    assert ticket.resolution_due_at is None
    incident = ticket.incident
    assert (incident.state, incident.level) == ("closed", 3)
    assert (incident.detected_at, incident.acknowledged_at) == (utc(1, 8), utc(1, 8, 10))
    assert incident.acknowledged_by is None
    assert incident.closed_at == utc(2, 11, 30)


def test_state_changes_and_pauses_have_the_times_of_the_log(tmp_path):
    bring_in(export(tmp_path, life("INC0000045")))
    changes = StateChange.objects.values_list("to_state", "waiting_on", "at")
    assert list(changes) == [
        ("in-progress", "", utc(1, 8, 10)),
        ("waiting", "customer", utc(1, 9)),
        ("in-progress", "", utc(1, 10)),
        ("resolved", "", utc(1, 11, 30)),
        ("closed", "", utc(2, 11, 30)),
    ]
    assert list(ClockPause.objects.values_list("started_at", "ended_at")) == [
        (utc(1, 9), utc(1, 10))
    ]


def test_the_timeline_is_of_the_import_and_ends_with_its_receipt(tmp_path):
    bring_in(export(tmp_path, life("INC0000045", opened_by="Opened by  8")))
    entries = list(TimelineEntry.objects.all())
    assert {entry.source for entry in entries} == {"import"}
    assert entries[0].text == "Opened in ServiceNow as INC0000045 — Opened by 8"
    assert entries[-1].text.startswith("Imported from export.csv: 6 events up to 2026-03-02 11:30")


def test_history_tells_file_and_line(tmp_path):
    bring_in(export(tmp_path, cases(2)))
    for model in (Ticket, Incident):
        reasons = model.history.values_list("history_change_reason", "history_type")
        assert set(reasons) == {
            ("Imported from export.csv, line 2", "+"),
            ("Imported from export.csv, line 8", "+"),
        }
    assert set(Ticket.history.values_list("history_user_id", flat=True)) == {
        User.objects.get(username="system").pk
    }


def test_a_second_run_changes_nothing(tmp_path):
    path = export(tmp_path, cases(4))
    bring_in(path)
    before, rows = counts(), list(Ticket.objects.values())
    report = bring_in(path)
    assert counts() == before
    assert list(Ticket.objects.values()) == rows
    assert (report.standings["already there"], report.events_to_write) == (4, 0)


def test_interleaved_and_unsorted_rows_are_one_case_each(tmp_path):
    rows = cases(3)
    bring_in(export(tmp_path, rows, name="tidy.csv"))
    tidy = list(StateChange.objects.values_list("ticket__source_ref", "to_state", "at"))
    report = bring_in(export(tmp_path, reversed(rows[1::2] + rows[::2]), name="mixed.csv"))
    assert report.standings["already there"] == 3
    Ticket.objects.update(source_ref=models.functions.Concat(models.Value("x"), "source_ref"))
    bring_in(export(tmp_path, reversed(rows[1::2] + rows[::2]), name="mixed.csv"))
    mixed = StateChange.objects.exclude(ticket__source_ref__startswith="x")
    assert list(mixed.values_list("ticket__source_ref", "to_state", "at")) == tidy


def test_events_of_one_minute_go_by_their_modification_number(tmp_path):
    same = "1/3/2026 09:00"
    rows = [
        row("Resolved", same, sys_mod_count="3"),
        row("New", same, sys_mod_count="1"),
        row("Active", same, sys_mod_count="2"),
    ]
    bring_in(export(tmp_path, rows))
    assert Ticket.objects.get().state == "resolved"
    assert [c.to_state for c in StateChange.objects.all()] == ["in-progress", "resolved"]


def test_a_run_that_dies_keeps_whole_batches_and_is_taken_up(tmp_path, monkeypatch):
    path, reached = export(tmp_path, cases(7)), []
    real = records.receipt

    def dies_in_the_third_batch(*args, **kwargs):
        reached.append(1)
        if len(reached) == 5:
            raise RuntimeError("power cut")
        return real(*args, **kwargs)

    monkeypatch.setattr(records, "receipt", dies_in_the_third_batch)
    with pytest.raises(RuntimeError, match="power cut"):
        bring_in(path, batch=2)
    assert Ticket.objects.count() == Incident.objects.count() == 4
    monkeypatch.undo()
    report = bring_in(path, batch=2)
    assert (report.standings["already there"], report.standings["new"]) == (4, 3)
    assert Ticket.objects.count() == Incident.objects.count() == 7
    assert TimelineEntry.objects.filter(text__startswith="Imported from").count() == 7


def test_a_newer_export_appends_later_events_only(tmp_path):
    rows = life("INC0000045")
    bring_in(export(tmp_path, rows[:3]))
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.waiting_on) == ("waiting", "customer")
    assert ClockPause.objects.get().ended_at is None
    changes = list(StateChange.objects.values())
    report = bring_in(export(tmp_path, rows, name="newer.csv"))
    assert (report.standings["later events"], report.events_to_write) == (1, 3)
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.version) == ("closed", 2)
    assert ticket.incident.state == "closed"
    assert ClockPause.objects.get().ended_at == utc(1, 10)
    assert list(StateChange.objects.values())[:2] == changes
    assert StateChange.objects.count() == 5
    reason = "Imported from newer.csv, line 7"
    assert Ticket.history.latest().history_change_reason == reason
    assert bring_in(export(tmp_path, rows, name="newer.csv")).standings["already there"] == 1


def test_in_two_exports_the_records_are_as_in_one(tmp_path):
    rows = life("INC0000001", category="Disk") + life("INC0000002", category="Disk")
    bring_in(export(tmp_path, rows[:9], name="first.csv"))
    bring_in(export(tmp_path, rows, name="second.csv"))
    one, two = Ticket.objects.order_by("source_ref").select_related("incident")
    ours = ("pk", "source_ref", "version", "updated_at", "description")
    for a, b in ((one, two), (one.incident, two.incident)):
        fields = [f.name for f in a._meta.fields if f.name not in ("id", "ticket", *ours)]
        assert [getattr(a, f) for f in fields] == [getattr(b, f) for f in fields]


def test_a_ticket_that_people_worked_on_here_is_left_alone(tmp_path):
    rows = life("INC0000045")
    bring_in(export(tmp_path, rows[:2]))
    by = factories.responder()
    from itsm.tickets.actions import ticket as tickets

    tickets.edit(Ticket.objects.get(), by=by, changes={"title": "Ours now"}, reason="Clearer")
    before = counts()
    report = bring_in(export(tmp_path, rows, name="newer.csv"))
    assert (report.standings["edited here"], report.events_to_write) == (1, 0)
    assert counts() == before
    assert Ticket.objects.get().title == "Ours now"


def test_rows_with_errors_are_listed_and_the_others_imported(tmp_path):
    rows = [*life("INC0000001"), row(at="not a date", number="INC0000002"), *life("INC0000003")]
    report = bring_in(export(tmp_path, rows))
    assert (report.errors, report.exit_status) == (1, 1)
    assert Ticket.objects.count() == 2
    assert "line 8, sys_updated_at “not a date”: is not a date" in report.as_text()
    lines = report.problems_file.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("error,8,sys_updated_at,not a date,")


def test_all_problems_are_in_the_file_and_no_cell_is_a_formula(tmp_path):
    bad = [row(at=f"=cmd|{n}", number=f"INC{n:07d}") for n in range(30)]
    report = bring_in(export(tmp_path, bad))
    assert (report.errors, len(report.shown)) == (30, 20)
    lines = report.problems_file.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 31
    assert all(",'=cmd|" in line for line in lines[1:])


def test_values_that_are_not_mapped_are_counted(tmp_path):
    rows = [row("Mystery", number="INC1"), row(impact="4 - None", number="INC2")]
    report = bring_in(export(tmp_path, rows), execute=False)
    assert report.unmapped == {"state: Mystery": 1, "impact: 4 - None": 1}


def test_a_limit_takes_the_first_cases_opened(tmp_path):
    report = bring_in(export(tmp_path, reversed(cases(5))), limit=2)
    assert report.cases == 2
    assert set(Ticket.objects.values_list("source_ref", flat=True)) == {"INC0000001", "INC0000002"}


def test_references_rise_with_the_time_of_opening(tmp_path):
    bring_in(export(tmp_path, reversed(cases(5))), batch=2)
    opened = list(Ticket.objects.order_by("pk").values_list("opened_at", flat=True))
    assert opened == sorted(opened)


def test_groups_become_teams_once_and_a_known_team_is_used(tmp_path):
    known = factories.team(name="Network")
    rows = life("INC1", assignment_group="Network") + life("INC2", assignment_group="Group 56")
    bring_in(export(tmp_path, rows))
    assert Ticket.objects.get(source_ref="INC1").team == known
    made = Team.objects.get(name="Group 56")
    assert (made.slug, made.history.get().history_change_reason) == (
        "group-56",
        "Imported from export.csv",
    )


def test_nobody_becomes_a_user(tmp_path):
    before = User.objects.count()
    bring_in(export(tmp_path, life("INC1", assigned_to="Resolver 89", resolved_by="Kim")))
    assert User.objects.count() == before
    assert Ticket.objects.get().assignee is None


def test_a_configuration_item_of_the_catalog_is_the_service(tmp_path):
    customer = factories.customer()
    service = factories.service(slug="payments", name="Payments", customer=customer)
    bring_in(export(tmp_path, life("INC1", cmdb_ci="PAYMENTS") + life("INC2", cmdb_ci="ci 9")))
    ticket = Ticket.objects.get(source_ref="INC1")
    assert (ticket.service, ticket.customer) == (service, customer)
    assert Ticket.objects.get(source_ref="INC2").service is None


def test_the_import_policy_gives_the_log_s_priority_and_is_never_in_force(tmp_path):
    before = PriorityPolicy.objects.in_force()
    bring_in(export(tmp_path, life("INC1")))
    bring_in(export(tmp_path, life("INC2")))
    policy = PriorityPolicy.objects.get(note="ServiceNow import matrix")
    assert Ticket.objects.filter(policy=policy).count() == 2
    assert policy.priority_for("medium", "medium", platform_wide=False) == 3
    assert policy.target_for(3) is not None
    assert PriorityPolicy.objects.in_force() == before
    assert PriorityPolicy.objects.in_force(dt.datetime(2016, 1, 1, tzinfo=dt.UTC)) == before


def test_a_priority_that_the_matrix_does_not_give_has_its_reason(tmp_path):
    bring_in(export(tmp_path, life("INC1", priority="1 - Critical")))
    ticket = Ticket.objects.get()
    assert ticket.priority == 1
    assert ticket.priority_reason == "As in ServiceNow, which has P3 in its matrix"


def test_a_required_review_is_waived_because_it_was_resolved_elsewhere(tmp_path):
    rows = life("INC1", impact="1 - High", urgency="1 - High", priority="1 - Critical")
    bring_in(export(tmp_path, rows))
    incident = Incident.objects.select_related("ticket", "policy").get()
    assert incident.level == 1
    assert not incident.review_is_due
    assert re.search("resolved in ServiceNow", incident.review_waived_reason)


def test_left_to_a_problem_or_closed_with_a_workaround_is_no_permanent_fix(tmp_path):
    rows = life("INC1", problem_id="PRB1") + life("INC2") + life("INC3", closed_code="Workaround")
    bring_in(export(tmp_path, rows))
    found = Incident.objects.order_by("ticket__source_ref")
    kinds = [incident.resolution_kind for incident in found]
    assert kinds == ["workaround", "permanent", "workaround"]


def test_whether_the_sla_was_made_is_told(tmp_path):
    bring_in(export(tmp_path, life("INC1", made_sla="true") + life("INC2", made_sla="false")))
    one, two = Ticket.objects.order_by("source_ref")
    assert "SLA met: yes" in one.description
    assert "SLA met: no" in two.description


def test_times_are_moved_by_a_shift(tmp_path):
    bring_in(export(tmp_path, life("INC1")), shift=dt.timedelta(days=3))
    ticket = Ticket.objects.get()
    assert (ticket.opened_at, ticket.closed_at) == (utc(4, 8), utc(5, 11, 30))


def test_an_open_case_stays_open_and_can_be_worked_on(tmp_path):
    from incidents.actions import incident as response

    bring_in(export(tmp_path, life("INC1")[:2]))
    by, made = factories.responder(), Incident.objects.get()
    assert made.state == "investigating"
    response.resolve(
        made, by=by, kind="permanent", resolution="Replaced", verification="It answers again"
    )
    assert Ticket.objects.get().state == "resolved"


def test_many_cases_take_as_many_statements_as_few(tmp_path, django_assert_max_num_queries):
    bring_in(export(tmp_path, cases(1)))
    with django_assert_max_num_queries(30):
        bring_in(export(tmp_path, cases(40)[6:], name="more.csv"))
