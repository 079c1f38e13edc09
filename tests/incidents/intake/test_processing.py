"""What becomes of alerts: counted up, opened, joined, raised, dropped, resolved."""

import datetime as dt
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from incidents.intake import memory
from incidents.models import (
    Alert,
    AlertGroup,
    DeadLetter,
    DropCount,
    Incident,
    RoutingRule,
    TimelineEntry,
)
from itsm.people.system import system_user
from itsm.tickets.models import Ticket
from itsm.timers.models import Timer
from tests import factories
from tests.incidents.intake.conftest import firing, made, resolved, statements

pytestmark = pytest.mark.django_db


def rule(**fields):
    memory.forget()
    return RoutingRule.objects.create(**({"name": "Rule", "position": 50} | fields))


def test_new_alert_opens_incident_with_history_timeline_and_timers(generic):
    service = factories.service(slug="checkout")
    generic.send(
        firing(
            severity="critical", service="checkout", environment="prod", url="http://m.example/1"
        )
    )
    alert, incident = Alert.objects.get(), Incident.objects.get()
    assert (alert.outcome, alert.incident) == (Alert.Outcome.OPENED, incident)
    assert "Everything else" in str(alert.rule)
    assert (incident.ticket.title, incident.ticket.service) == ("Disk full on disk", service)
    assert incident.ticket.environment == "prod"
    assert incident.ticket.source == Ticket.Source.ALERT
    for record in (incident, incident.ticket):
        row = record.history.get()
        assert (row.history_user_id, row.history_origin) == (system_user().pk, "api")
        assert row.history_request_id
    entry = incident.timeline.get()
    assert (entry.stamp, entry.source) == ("detected", "monitor")
    assert Timer.objects.of(incident).filter(kind="incident.announce").exists()


def test_history_row_equals_the_record(generic):
    generic.send(firing())
    for record in (Incident.objects.get(), Ticket.objects.get()):
        row = record.history.get()
        for field in record._meta.concrete_fields:
            assert getattr(row, field.attname) == getattr(record, field.attname), field.name


def test_repeat_counts_up_and_brings_the_latest_words(generic):
    generic.send(firing(starts_at="2025-01-01T00:00:00Z"))
    later = "2025-01-02T00:00:00Z"
    receipt = generic.send(firing(title="Disk quite full", severity="page", starts_at=later))
    alert = Alert.objects.get()
    assert (receipt["updated"], receipt["opened"]) == (1, 0)
    assert (alert.count, alert.title, alert.severity) == (2, "Disk quite full", "page")
    assert alert.starts_at == dt.datetime(2025, 1, 2, tzinfo=dt.UTC)
    assert Incident.objects.count() == 1


def test_same_key_twice_in_a_body_is_one_alert_counted_twice(generic):
    receipt = generic.send(firing(), firing(), firing("other"))
    assert receipt["opened"] == 2
    assert Alert.objects.get(dedup_key="disk").count == 2


def test_same_key_of_two_integrations_is_two_alerts(generic, alertmanager):
    generic.send(firing("key"))
    alertmanager.send({"labels": {"alertname": "A"}, "fingerprint": "key"})
    assert Incident.objects.count() == 2


def test_resolve_heals_an_incident_that_nobody_acknowledged(generic):
    generic.send(firing())
    receipt = generic.send(resolved())
    incident = Incident.objects.get()
    assert receipt["resolved"] == 1
    assert incident.state == Incident.State.RESOLVED
    assert Alert.objects.get().resolved_at


def test_resolve_of_an_acknowledged_incident_asks_a_person(generic):
    generic.send(firing())
    incident = factories.walk_incident(
        Incident.objects.get(), Incident.State.ACKNOWLEDGED, by=factories.commander()
    )
    generic.send(resolved())
    incident = Incident.objects.get()
    assert incident.state == Incident.State.ACKNOWLEDGED
    assert incident.timeline.filter(text__contains="cleared").exists()


def test_incident_heals_only_when_the_last_alert_has_ended(generic):
    rule(group_by=["team"])
    generic.send(firing("a", labels={"team": "db"}), firing("b", labels={"team": "db"}))
    generic.send(resolved("a"))
    assert Incident.objects.get().state == Incident.State.DETECTED
    generic.send(resolved("b"))
    assert Incident.objects.get().state == Incident.State.RESOLVED


def test_resolve_without_an_open_alert_is_accepted_and_ignored(generic):
    receipt = generic.send(resolved())
    assert (receipt["accepted"], receipt["ignored"]) == (1, 1)
    assert not Alert.objects.exists()


def test_resolve_of_an_earlier_firing_leaves_the_present_one_open(generic):
    generic.send(firing(starts_at="2025-01-02T00:00:00Z"))
    receipt = generic.send(resolved(ended_at="2025-01-01T00:00:00Z"))
    assert receipt["ignored"] == 1
    assert Alert.objects.get().is_open


def test_firing_again_after_a_resolve_opens_anew(generic):
    generic.send(firing())
    generic.send(resolved())
    assert generic.send(firing())["opened"] == 1
    assert Alert.objects.count() == Incident.objects.count() == 2


def test_repeat_after_a_person_resolved_counts_and_opens_nothing(generic):
    generic.send(firing())
    factories.walk_incident(
        Incident.objects.get(), Incident.State.RESOLVED, by=factories.commander()
    )
    assert generic.send(firing())["updated"] == 1
    assert Alert.objects.get().count == 2
    assert Incident.objects.count() == 1


def test_alert_of_a_merged_incident_follows_it(generic):
    generic.send(firing("a"), firing("b"))
    one, two = Incident.objects.order_by("pk")
    from incidents.actions import merging

    merging.merge(one, by=factories.commander(), into=two, reason="The same")
    generic.send(firing("a"))
    generic.send(resolved("a"))
    two.refresh_from_db()
    assert two.state == Incident.State.DETECTED
    generic.send(resolved("b"))
    two.refresh_from_db()
    assert two.state == Incident.State.RESOLVED


def test_both_halves_of_a_mixed_body_are_taken(generic):
    generic.send(firing("a"), firing("b"))
    receipt = generic.send(resolved("a"), firing("b"), firing("c"))
    assert (receipt["resolved"], receipt["updated"], receipt["opened"]) == (1, 1, 1)


# Routing


def test_first_matching_rule_decides(generic):
    rule(name="Late", position=60, level=4)
    early = rule(name="Early", position=40, level=3, labels={"team": "db"})
    rule(name="Off", position=1, level=0, enabled=False)
    generic.send(firing(labels={"team": "db"}))
    assert Incident.objects.get().level == 3
    assert Alert.objects.get().rule == early


@pytest.mark.parametrize(
    ("criteria", "matches"),
    [
        ({"labels": {"team": "/^d.$/"}}, True),
        ({"labels": {"team": "/^x/"}}, False),
        ({"labels": {"team": "d"}}, False),
        ({"labels": {"absent": "/^$/"}}, True),
        ({"environment": "prod"}, True),
        ({"environment": "dev"}, False),
        ({"labels": {"service": "/^pay/"}}, True),
    ],
)
def test_rule_matches_labels_patterns_and_environment(generic, criteria, matches):
    rule(level=4, **criteria)
    generic.send(firing(labels={"team": "db"}, environment="production", service="payments"))
    assert (Incident.objects.get().level == 4) is matches


def test_rule_of_one_integration_or_service_leaves_others_alone(generic):
    service, other = factories.service(slug="web"), factories.service(slug="db")
    rule(name="A", level=4, integration=generic.integration, service=service)
    generic.send(firing("a", service="web"), firing("b", service="db"))
    made("generic").send(firing("c", service=other.slug))
    levels = dict(Alert.objects.values_list("dedup_key", "incident__level"))
    assert levels["a"] == 4
    assert levels["b"] == levels["c"] != 4


def test_level_comes_from_the_monitors_word_when_the_rule_sets_none(generic):
    generic.send(firing("a", severity="info"), firing("b", severity="Page"), firing("c"))
    levels = dict(Alert.objects.values_list("dedup_key", "incident__level"))
    assert levels == {"a": 4, "b": 0, "c": 2}


def test_ticket_only_rule_raises_a_ticket_without_incident(generic):
    rule(action="ticket")
    receipt = generic.send(firing())
    alert = Alert.objects.get()
    assert receipt["tickets"] == 1
    assert (alert.outcome, alert.incident) == (Alert.Outcome.TICKET, None)
    assert alert.ticket == Ticket.objects.get(title="Disk full on disk")
    assert not Incident.objects.exists()
    assert generic.send(resolved())["resolved"] == 1


def test_drop_rule_counts_and_keeps_no_row(generic):
    drop = rule(action="drop", labels={"team": "test"})
    for _ in range(2):
        receipt = generic.send(
            firing("a", labels={"team": "test"}), firing("b", labels={"team": "test"})
        )
    assert receipt["dropped"] == 2
    assert DropCount.objects.get(rule=drop).count == 4
    assert not Alert.objects.exists()


@pytest.mark.parametrize(
    "labels", [{"alertname": "Watchdog"}, {"alertname": "X", "severity": "none"}]
)
def test_dead_mans_switch_opens_no_incident(alertmanager, labels):
    receipt = alertmanager.send({"labels": labels, "fingerprint": "f"})
    assert receipt["dropped"] == 1
    assert DropCount.objects.get().count == 1


def test_alerts_of_a_group_join_one_incident(generic):
    rule(group_by=["team"], group_minutes=30)
    generic.send(firing("a", labels={"team": "db"}, severity="info"))
    receipt = generic.send(firing("b", labels={"team": "db"}), firing("c", labels={"team": "web"}))
    assert (receipt["opened"], receipt["attached"]) == (1, 1)
    a, b, c = (Alert.objects.get(dedup_key=key) for key in "abc")
    assert a.incident == b.incident != c.incident
    assert b.outcome == Alert.Outcome.ATTACHED
    assert TimelineEntry.objects.get(text__contains="joined").incident == b.incident


def test_worst_alert_of_a_new_group_opens_and_the_others_join(generic):
    rule(group_by=["team"])
    receipt = generic.send(
        firing("a", labels={"team": "db"}, severity="info"),
        firing("b", labels={"team": "db"}, severity="page"),
    )
    assert (receipt["opened"], receipt["attached"]) == (1, 1)
    incident = Incident.objects.get()
    assert (incident.level, incident.ticket.title) == (0, "Disk full on b")


@pytest.mark.parametrize(("minutes", "joins"), [(29, True), (31, False)])
def test_group_is_joined_within_its_window_only(generic, minutes, joins):
    rule(group_by=["team"], group_minutes=30)
    generic.send(firing("a", labels={"team": "db"}))
    AlertGroup.objects.update(last_seen_at=timezone.now() - dt.timedelta(minutes=minutes))
    receipt = generic.send(firing("b", labels={"team": "db"}))
    assert receipt["attached"] == joins
    assert Incident.objects.count() == (1 if joins else 2)


def test_group_whose_incident_is_over_opens_a_new_one(generic):
    rule(group_by=["team"])
    generic.send(firing("a", labels={"team": "db"}))
    factories.walk_incident(
        Incident.objects.get(), Incident.State.CANCELLED, by=factories.commander()
    )
    assert generic.send(firing("b", labels={"team": "db"}))["opened"] == 1


def test_defaults_of_the_integration_fill_what_the_alert_leaves_out():
    service = factories.service()
    sender = made("generic", service=service, environment="staging")
    sender.send(firing())
    ticket = Incident.objects.get().ticket
    assert (ticket.service, ticket.environment) == (service, "staging")


def test_retired_service_is_not_matched(generic):
    factories.service(slug="old", retired_at=timezone.now())
    generic.send(firing(service="old"))
    assert Incident.objects.get().ticket.service is None


def test_service_is_found_by_the_most_telling_label(alertmanager):
    wanted = factories.service(slug="payments")
    factories.service(slug="node")
    labels = {"alertname": "A", "job": "node", "app": "Payments"}
    alertmanager.send({"labels": labels, "fingerprint": "f"})
    assert Incident.objects.get().ticket.service == wanted


# What cannot be taken in


def test_bad_alert_of_a_batch_is_a_dead_letter_and_the_others_are_committed(generic):
    receipt = generic.send(firing("a"), {"status": "firing"}, firing("c"))
    assert (receipt["accepted"], receipt["opened"]) == (2, 2)
    assert receipt["rejected"] == [
        {"index": 1, "reason": "It needs a title, or at least a dedup_key."}
    ]
    letter = DeadLetter.objects.get()
    assert letter.body == {"status": "firing"}
    assert letter.integration == generic.integration


POISON = {
    "postgresql": """
        create function refuse_poison() returns trigger language plpgsql as $$ begin
        if new.title = 'Poison' then raise exception using errcode = 'check_violation'; end if;
        return new; end $$;
        create trigger refuse_poison before insert on tickets_ticket
        for each row execute function refuse_poison()""",
    "sqlite": """
        create trigger refuse_poison before insert on tickets_ticket when new.title = 'Poison'
        begin select raise(abort, 'poison'); end""",
}


def test_alert_that_the_database_refuses_loses_no_other(generic):
    with connection.cursor() as cursor:
        cursor.execute(POISON[connection.vendor])
    receipt = generic.send(firing("a"), firing("b", title="Poison"), firing("c"))
    assert receipt["opened"] == 2
    assert [one["index"] for one in receipt["rejected"]] == [1]
    assert set(Alert.objects.values_list("dedup_key", flat=True)) == {"a", "c"}
    assert DeadLetter.objects.get().body["title"] == "Poison"


def test_long_dead_letter_is_cut(generic):
    generic.send(firing(), {"description": "x" * 30_000})
    assert list(DeadLetter.objects.get().body) == ["cut_to"]


# How much it costs


@pytest.mark.parametrize(("new", "most"), [(True, 8), (False, 4)])
def test_statements_for_one_alert_of_a_warm_process(generic, new, most):
    factories.service(slug="checkout")
    generic.send(firing("warm", service="checkout"))
    with CaptureQueriesContext(connection) as captured:
        generic.send(firing("new" if new else "warm", service="checkout"))
    found = statements(captured.captured_queries)
    assert len(found) <= most, found


def test_statements_do_not_grow_with_the_batch(generic):
    generic.send(firing("warm"))
    counts = []
    for size in (2, 40):
        with CaptureQueriesContext(connection) as captured:
            generic.send(*(firing(f"{size}-{n}") for n in range(size)))
        counts.append(len(statements(captured.captured_queries)))
    assert counts[0] == counts[1]
    assert Incident.objects.count() == 43


def test_receipt_lists_references_once(generic):
    rule(group_by=["team"])
    receipt = generic.send(*(firing(key, labels={"team": "x"}) for key in "abc"))
    assert receipt["incidents"] == [Incident.objects.get().reference]
    assert TimelineEntry.objects.count() == 3
    assert json.dumps(receipt)
