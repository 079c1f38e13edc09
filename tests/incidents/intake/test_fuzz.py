"""Whatever comes in, the answer is a receipt or a problem body, and never a server error."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.incidents.intake.conftest import Sender

pytestmark = pytest.mark.django_db

NAMES = [
    *("alerts", "status", "labels", "annotations", "startsAt", "endsAt", "fingerprint", "title"),
    *("dedup_key", "severity", "service", "environment", "url", "starts_at", "ended_at"),
    *("alertname", "summary", "description", "generatorURL", "truncatedAlerts"),
]
WORDS = [
    "firing",
    "resolved",
    "critical",
    "prod",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
]
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=60)
    | st.sampled_from(WORDS)
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=12), inner, max_size=8)
    ),
    max_leaves=25,
)
alerts = st.dictionaries(st.sampled_from(NAMES), values, min_size=1)
bodies = values | st.fixed_dictionaries({"alerts": st.lists(alerts, max_size=5)})

within_a_test = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def ensure_answered(sender: Sender, content: bytes) -> None:
    response = sender.post(content)
    assert response.status_code in {200, 201, 400, 413, 422}, response.content
    assert isinstance(json.loads(response.content), dict)


@within_a_test
@given(body=bodies)
def test_any_json_is_answered(generic, alertmanager, body):
    content = json.dumps(body).encode()
    ensure_answered(generic, content)
    ensure_answered(alertmanager, content)


@within_a_test
@given(content=st.binary(max_size=300))
def test_any_bytes_are_answered(generic, content):
    ensure_answered(generic, content)
