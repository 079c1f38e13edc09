"""What the adapters read out of bodies: pure, no database."""

import datetime as dt

import pytest

from incidents.intake.adapters import adapters
from incidents.intake.readings import NotReadable

NOW = dt.datetime(2030, 5, 1, 12, tzinfo=dt.UTC)


def alertmanager(*alerts, **body):
    return adapters["alertmanager"]({"alerts": list(alerts), "status": "firing"} | body, {}, NOW)


def generic(body, **mapping):
    return adapters["generic"](body, mapping, NOW)


def am_alert(**fields):
    labels = {"alertname": "DiskFull", "instance": "db-1:9100", "severity": "critical"}
    return {
        "status": "firing",
        "labels": labels,
        "annotations": {},
        "startsAt": "2030-05-01T11:00:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": "c0ffee",
    } | fields


def test_alertmanager_alert_is_read_whole():
    item = am_alert(
        annotations={"summary": "Disk  full\non db-1", "description": "Since noon"},
        generatorURL="http://prometheus.example/graph",
        labels={
            "alertname": "DiskFull",
            "severity": "page",
            "service": "Billing_API",
            "env": "prd",
        },
    )
    (reading,) = alertmanager(item).readings
    assert reading.key == "c0ffee"
    assert reading.title == "Disk full on db-1"
    assert reading.firing
    assert reading.severity == "page"
    assert reading.services == ("billing_api", "billing-api")
    assert reading.environment == "prod"
    assert reading.source_url == "http://prometheus.example/graph"
    assert reading.annotations["description"] == "Since noon"


def test_nanoseconds_and_offsets_are_understood():
    (reading,) = alertmanager(am_alert(startsAt="2030-05-01T13:00:00.123456789+02:00")).readings
    assert reading.starts_at == dt.datetime(2030, 5, 1, 11, 0, 0, 123456, tzinfo=dt.UTC)


def test_each_alert_has_its_own_status_whatever_the_body_says():
    batch = alertmanager(am_alert(status="resolved"), am_alert(status="firing"), status="firing")
    assert [reading.firing for reading in batch.readings] == [False, True]


@pytest.mark.parametrize(
    ("ends_at", "firing"),
    [
        ("0001-01-01T00:00:00Z", True),
        ("2030-05-01T11:59:00Z", False),
        ("2031-01-01T00:00:00Z", True),
    ],
)
def test_alert_without_a_status_is_judged_by_its_end(ends_at, firing):
    (reading,) = alertmanager(am_alert(status=None, endsAt=ends_at)).readings
    assert reading.firing is firing


def test_year_one_is_no_end_and_no_start():
    (reading,) = alertmanager(am_alert(startsAt="0001-01-01T00:00:00+14:00")).readings
    assert (reading.starts_at, reading.ended_at) == (NOW, NOW)


def test_start_ahead_of_our_clock_is_now():
    (reading,) = alertmanager(am_alert(startsAt="9999-12-31T23:59:59-12:00")).readings
    assert reading.starts_at == NOW


def test_fingerprint_missing_means_the_labels_in_any_order():
    one = am_alert(fingerprint=None, labels={"a": "1", "b": "2"})
    two = am_alert(fingerprint="", labels={"b": "2", "a": "1"})
    three = am_alert(fingerprint="", labels={"b": "2", "a": "9"})
    keys = [reading.key for reading in alertmanager(one, two, three).readings]
    assert keys[0] == keys[1] != keys[2]


def test_title_falls_back_to_name_and_instance():
    (named,) = alertmanager(am_alert()).readings
    (bare,) = alertmanager(am_alert(labels={"alertname": "DiskFull"})).readings
    (none,) = alertmanager(am_alert(labels={})).readings
    assert named.title == "DiskFull on db-1:9100"
    assert bare.title == "DiskFull"
    assert none.title == "Alert without a name"


def test_unicode_and_length_are_kept_within_bounds():
    (reading,) = alertmanager(am_alert(annotations={"summary": "支払い 🚒 " * 100})).readings
    assert len(reading.title) == 200
    assert reading.title.startswith("支払い 🚒")


def test_address_with_another_scheme_is_no_link():
    (reading,) = alertmanager(am_alert(generatorURL="javascript:alert(1)")).readings
    assert reading.source_url == ""


def test_truncated_alerts_are_counted_and_resolve_nothing():
    batch = alertmanager(am_alert(), truncatedAlerts=3)
    assert batch.truncated == 3
    assert len(batch.readings) == 1


@pytest.mark.parametrize("item", [7, None, "text", [], {"labels": "no"}, {"status": "pending"}])
def test_bad_alert_is_rejected_and_the_others_are_read(item):
    batch = alertmanager(am_alert(), item, am_alert())
    assert [reading.index for reading in batch.readings] == [0, 2]
    assert [(one.index, one.item) for one in batch.rejected] == [(1, item)]


@pytest.mark.parametrize("body", [{}, {"alerts": {}}, {"alerts": None}, [], 3])
def test_body_that_is_no_notification_is_refused(body):
    with pytest.raises(NotReadable):
        adapters["alertmanager"](body, {}, NOW)


def test_least_generic_alert_has_a_title():
    (reading,) = generic({"title": "Disk full"}).readings
    assert (reading.title, reading.firing, reading.starts_at) == ("Disk full", True, NOW)
    assert reading.key


@pytest.mark.parametrize("body", [{"title": "A"}, [{"title": "A"}], {"alerts": [{"title": "A"}]}])
def test_generic_alerts_come_alone_or_in_lists(body):
    assert [reading.title for reading in generic(body).readings] == ["A"]


def test_generic_fields_are_read():
    (reading,) = generic(
        {
            "title": "Disk full",
            "dedup_key": 12345678901234567890,
            "severity": "warning",
            "service": "checkout",
            "environment": "Production",
            "description": "Soon",
            "url": "https://monitor.example/1",
            "starts_at": 1893456000,
            "labels": {"team": "db", "retries": 3, "severity": "other"},
        }
    ).readings
    assert reading.key == "12345678901234567890"
    assert reading.severity == "warning"
    assert reading.services[0] == "checkout"
    assert reading.environment == "prod"
    assert reading.starts_at == dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
    assert reading.labels == {
        "team": "db",
        "retries": "3",
        "severity": "warning",
        "service": "checkout",
        "environment": "Production",
    }


def test_mapping_finds_fields_in_a_body_of_another_shape():
    body = {"data": {"checks": [{"event": {"name": "Down"}, "id": 7, "state": "OK"}]}}
    mapping = {
        "alerts": "data.checks",
        "title": "event.name",
        "dedup_key": "id",
        "status": "state",
    }
    (reading,) = generic(body, **mapping).readings
    assert (reading.title, reading.key, reading.firing) == ("Down", "7", False)


def test_mapping_reaches_into_lists():
    (reading,) = generic({"tags": ["x", {"name": "Down"}]}, title="tags.1.name").readings
    assert reading.title == "Down"


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({}, "title"),
        ({"title": "A", "status": "perhaps"}, "perhaps"),
        ({"title": "A", "labels": [1]}, "labels"),
        ({"title": "A", "starts_at": "yesterday"}, "starts_at"),
        ("text", "object"),
    ],
)
def test_generic_error_names_what_is_wrong(item, reason):
    batch = generic([{"title": "Good"}, item])
    assert len(batch.readings) == 1
    assert batch.rejected[0].index == 1
    assert reason in batch.rejected[0].reason


def test_dedup_key_that_is_too_long_is_hashed():
    (reading,) = generic({"title": "A", "dedup_key": "k" * 5000}).readings
    assert len(reading.key) == 64


def test_same_generic_alert_without_a_key_is_the_same():
    one, two = generic([{"title": "A", "labels": {"x": 1, "y": 2}}] * 2).readings
    (other,) = generic({"title": "A", "labels": {"x": 2}}).readings
    assert one.key == two.key != other.key
