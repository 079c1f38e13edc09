"""Pages of incidents: who sees what, what a decision answers, and what a page costs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from incidents.actions import facts, incident
from incidents.models import Incident
from itsm.people import roles
from itsm.people.models import User
from tests import factories

pytestmark = pytest.mark.django_db


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _page(client: Client, made: Incident, **headers: str) -> Any:
    return client.get(made.get_absolute_url(), headers=headers or None)


def _text(answer: Any) -> str:
    return str(answer.content.decode())


def _live_digest(answer: Any) -> str:
    found = re.search(r'"X-Have": "(\w+)"', _text(answer).replace("&quot;", '"'))
    assert found
    return found[1]


# Who sees what


def test_anonymous_people_sign_in_first(client: Client) -> None:
    made = factories.incident()
    for path in ("", "history/", "acknowledge/"):
        answer = client.get(f"{made.get_absolute_url()}{path}")
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")
    assert client.get("/incidents/").status_code == 302


def _readers(made: Incident, requester: User) -> dict[str, tuple[User, bool, bool]]:
    """Who: whether they see the incident, and its timeline."""
    own, other = made.ticket.customer, factories.customer()
    return {
        "responder": (factories.responder(), True, True),
        "auditor": (factories.person(roles.AUDITOR), True, True),
        "the requester": (requester, True, False),
        "colleague of the same customer": (
            factories.person(roles.CUSTOMER, customer=own),
            True,
            False,
        ),
        "person of another customer": (
            factories.person(roles.CUSTOMER, customer=other),
            False,
            False,
        ),
        "responder of another customer": (factories.responder(customer=other), False, False),
        "another requester": (factories.person(roles.REQUESTER), False, False),
        "somebody without a group": (factories.person(), False, False),
    }


def test_pages_by_reader() -> None:
    by, requester = factories.commander(), factories.person(roles.REQUESTER)
    ticket = factories.ticket(by=by, requester=requester, customer=factories.customer())
    made = factories.incident("acknowledged", by=by, ticket=ticket)
    note = facts.note(made, by=by, text="IC: internal words")
    factories.alert(made, title="Secret host db-7")
    for who, (user, sees, internal) in _readers(made, requester).items():
        client = _signed_in(user)
        answer = _page(client, made)
        assert answer.status_code == (200 if sees else 404), who
        assert ("internal words" in _text(answer)) is internal, who
        assert ("db-7" in _text(answer)) is internal, who
        live = _page(client, made, **{"HX-Request": "true", "HX-Target": "live"})
        assert ("internal words" in _text(live)) is internal, who
        history = client.get(f"{made.get_absolute_url()}history/")
        assert history.status_code == (200 if internal else 403 if sees else 404), who
        correct = client.get(f"{made.get_absolute_url()}timeline/{note.pk}/correct/")
        assert correct.status_code == (200 if internal else 403 if sees else 404), who
        listed = _text(client.get("/incidents/"))
        assert (made.reference in listed) is sees, who
        export = b"".join(client.get("/incidents/?export=csv"))
        assert (made.reference.encode() in export) is sees, who


def test_auditor_reads_and_writes_nothing() -> None:
    made = factories.incident()
    client = _signed_in(factories.person(roles.AUDITOR))
    answer = client.post(f"{made.get_absolute_url()}acknowledge/")
    assert answer.status_code == 403
    assert "Only responders work on incidents." in _text(answer)
    assert client.get("/incidents/declare/").status_code == 403


@pytest.mark.parametrize("state", Incident.State.values)
@pytest.mark.parametrize("level", [0, 3])
def test_page_shows_every_state(state: str, level: int) -> None:
    by = factories.commander()
    made = factories.incident(state, by=by, level=level)
    text = _text(_page(_signed_in(by), made))
    assert made.get_state_display() in text
    assert made.ticket.title in text
    assert _text(_signed_in(by).get(f"{made.get_absolute_url()}history/")).count("history-entry")


@pytest.mark.parametrize("reference", ["INC-2026-99999", "OPS-1", "INC-x", "INC-2026-1e9"])
def test_unknown_reference_is_not_found(reference: str) -> None:
    assert _signed_in(factories.responder()).get(f"/incidents/{reference}/").status_code == 404


def test_short_reference_is_understood() -> None:
    made = factories.incident()
    assert (
        _signed_in(factories.responder()).get(f"/incidents/inc-2026-{made.pk}/").status_code == 200
    )


# What it says


def test_disabled_actions_say_why_and_who() -> None:
    text = _text(_page(_signed_in(factories.responder()), factories.incident()))
    assert "Only an incident commander or an ops manager decides this." in text
    assert "An incident commander or an ops manager can do it." in text
    assert "Nobody has acknowledged it yet" in text


def test_warnings_are_on_the_page() -> None:
    by = factories.commander()
    ticket = factories.ticket(by=by)
    made = factories.incident(by=by, level=1, ticket=ticket)
    assert "SEV-1 and P4 do not fit together" in _text(_page(_signed_in(by), made))
    made = factories.incident("resolved", by=by, level=1)
    assert "A post-incident review is required." in _text(_page(_signed_in(by), made))


def test_text_of_people_is_escaped() -> None:
    by = factories.commander()
    made = factories.incident(by=by, title="<script>alert(1)</script>")
    facts.note(made, by=by, text="<img src=x onerror=alert(1)>")
    factories.alert(made, title="<b>bold</b>", source_url="javascript:alert(1)")
    text = _text(_page(_signed_in(by), made))
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "<b>bold" not in text
    assert "javascript:" not in text


# The live part


def test_live_part_is_204_until_something_happens() -> None:
    by = factories.commander()
    made, client = factories.incident(by=by), _signed_in(by)
    have = _live_digest(_page(client, made))
    asked = {"HX-Request": "true", "HX-Target": "live", "X-Have": have}
    assert _page(client, made, **asked).status_code == 204
    facts.note(made, by=by, text="Something new")
    answer = _page(client, made, **asked)
    assert answer.status_code == 200
    assert "Something new" in _text(answer)
    assert 'hx-swap-oob="true"' in _text(answer)
    assert "HX-Request" in answer["Vary"]
    assert _live_digest(answer) != have


def test_live_part_says_when_the_actions_are_of_yesterday() -> None:
    by = factories.commander()
    made, client = factories.incident(by=by), _signed_in(by)
    incident.acknowledge(made, by=factories.responder())
    path = f"{made.get_absolute_url()}?seen={made.version}"
    answer = client.get(path, headers={"HX-Request": "true", "HX-Target": "live"})
    assert "The incident has moved on since you opened it." in _text(answer)


def test_list_renews_itself_without_jumping() -> None:
    client = _signed_in(factories.responder())
    factories.incident()
    have = _live_digest(client.get("/incidents/"))
    asked = {"HX-Request": "true", "HX-Target": "results", "X-Have": have}
    assert client.get("/incidents/", headers=asked).status_code == 204
    factories.incident(title="Another one")
    assert "Another one" in _text(client.get("/incidents/", headers=asked))


# Decisions


def test_incident_is_worked_from_detected_to_closed_on_the_page() -> None:
    by = factories.commander()
    made, client = factories.incident(by=by), _signed_in(by)
    resolve = {"kind": "permanent", "resolution": "Fixed", "verification": "OK", "verified": "yes"}
    steps: list[tuple[str, dict[str, str]]] = [
        ("acknowledge", {}),
        ("investigate", {"note": "Logs first"}),
        ("set_level", {"level": "3", "reason": "One user"}),
        ("set_category", {"category": "database"}),
        ("identify", {"note": "A full disk"}),
        ("mitigate", {}),
        ("note", {"text": "Disk cleaned"}),
        ("resolve", resolve | {"verified": "no"}),
        ("resolve", resolve),
        ("close", {}),
        ("reopen", {"reason": "Full again"}),
        ("cancel", {"reason": "Not ours"}),
    ]
    for name, data in steps:
        answer = client.post(f"{made.get_absolute_url()}{name}/", data)
        assert answer.status_code == 302, (name, _text(answer))
        assert answer["Location"] == made.get_absolute_url()
    made = Incident.objects.get(pk=made.pk)
    assert (made.state, made.level, made.category) == ("cancelled", 3, "database")


def test_merge_and_waiver_on_the_page() -> None:
    by = factories.commander()
    made, target = factories.incident(by=by), factories.incident(by=by)
    _signed_in(by).post(f"{made.get_absolute_url()}merge/", {"into": target.reference})
    assert Incident.objects.get(pk=made.pk).merged_into == target
    grave = factories.incident("resolved", by=by, level=0)
    _signed_in(factories.ops_manager()).post(
        f"{grave.get_absolute_url()}waive_review/", {"reason": "A drill"}
    )
    assert Incident.objects.get(pk=grave.pk).review_waived_reason == "A drill"


@pytest.mark.parametrize("into", ["INC-2026-99999", "OPS-1", "nonsense"])
def test_merge_into_what_is_not_there_keeps_the_words(into: str) -> None:
    by = factories.commander()
    made = factories.incident(by=by)
    answer = _signed_in(by).post(
        f"{made.get_absolute_url()}merge/", {"into": into, "reason": "My own words"}
    )
    assert answer.status_code == 422
    assert "My own words" in _text(answer)
    assert Incident.objects.get(pk=made.pk).state == "detected"


def test_merge_into_what_one_may_not_see() -> None:
    own = factories.customer()
    by = factories.commander(customer=own)
    made = factories.incident(by=by)
    hidden = factories.incident()
    answer = _signed_in(by).post(f"{made.get_absolute_url()}merge/", {"into": hidden.reference})
    assert answer.status_code == 422
    assert "There is no such incident." in _text(answer)


def test_lost_race_shows_a_conflict_and_keeps_the_words() -> None:
    by = factories.commander()
    made, client = factories.incident("acknowledged", by=by), _signed_in(by)
    incident.cancel(made, by=factories.commander(), reason="A test alert")
    words = {"kind": "workaround", "resolution": "My own words", "verification": "Looked"}
    answer = client.post(f"{made.get_absolute_url()}resolve/", words | {"verified": "yes"})
    assert answer.status_code == 409
    assert "My own words" in _text(answer)
    assert f"{made} is cancelled" in _text(answer)


def test_form_that_lacks_something_is_shown_again() -> None:
    by = factories.commander()
    made = factories.incident("mitigated", by=by)
    answer = _signed_in(by).post(
        f"{made.get_absolute_url()}resolve/", {"resolution": "My own words"}
    )
    assert answer.status_code == 422
    assert "My own words" in _text(answer)
    assert Incident.objects.get(pk=made.pk).state == "mitigated"


def test_address_of_a_decision_leads_to_the_incident() -> None:
    by = factories.commander()
    made, client = factories.incident(by=by), _signed_in(by)
    assert client.get(f"{made.get_absolute_url()}acknowledge/").status_code == 302
    assert client.get(f"{made.get_absolute_url()}explode/").status_code == 404
    assert Incident.objects.get(pk=made.pk).state == "detected"


def test_correction_on_the_page() -> None:
    by = factories.commander()
    made = factories.incident(by=by)
    wrong = facts.note(made, by=by, text="Rolled back at 14:02")
    path = f"{made.get_absolute_url()}timeline/{wrong.pk}/correct/"
    client = _signed_in(by)
    typed = {"text": "Rolled back at 14:05", "at": f"{wrong.at:%Y-%m-%dT%H:%M}"}
    assert client.post(path, typed).status_code == 422
    assert client.post(path, typed | {"reason": "Wrong minute"}).status_code == 302
    right = made.timeline.get(corrects=wrong)
    assert (right.text, right.at) == ("Rolled back at 14:05", wrong.at)
    assert "see the correction" in _text(_page(client, made))
    assert client.post(path, typed | {"reason": "Again"}).status_code == 409


# Declaring


def test_declaring_on_the_page() -> None:
    by, service = factories.responder(), factories.service()
    data = {
        "title": "Checkout is down",
        "level": "1",
        "service": service.pk,
        "category": "database",
    }
    answer = _signed_in(by).post("/incidents/declare/", data)
    made = Incident.objects.get()
    assert answer["Location"] == made.get_absolute_url()
    assert (made.level, made.ticket.service, made.category) == (1, service, "database")


def test_declaring_for_a_ticket_and_following_another_on_the_page() -> None:
    by = factories.responder()
    ticket, client = factories.ticket(by=by, title="Disk full"), _signed_in(by)
    assert "Disk full" in _text(client.get(f"/incidents/declare/?ticket={ticket}"))
    client.post(f"/incidents/declare/?ticket={ticket}", {"level": "2"})
    made = Incident.objects.get()
    assert made.ticket == ticket
    text = _text(client.get(f"/incidents/declare/?ticket={ticket}"))
    assert f"{made} is the incident of {ticket} already." in text
    client.post(f"/incidents/declare/?follows={made}", {"level": "2", "title": "Again"})
    assert Incident.objects.exclude(pk=made.pk).get().timeline.filter(text=f"Follows {made}")


@pytest.mark.parametrize(
    "data", [{"title": "", "level": "1"}, {"title": "My own words", "level": "9"}]
)
def test_declaring_with_something_missing(data: dict[str, str]) -> None:
    answer = _signed_in(factories.responder()).post("/incidents/declare/", data)
    assert answer.status_code == 422
    assert data["title"] in _text(answer)
    assert not Incident.objects.exists()


# The list


def test_filters_of_the_list() -> None:
    by, service = factories.commander(), factories.service()
    one = factories.incident(by=by, level=0, service=service, title="Alpha down", category="data")
    two = factories.incident("cancelled", by=by, level=3, title="Beta slow")
    three = factories.incident("acknowledged", by=by, level=1, title="Gamma flaps")
    client = _signed_in(by)

    def found(query: str) -> set[Incident]:
        text = _text(client.get(f"/incidents/?{query}"))
        return {made for made in (one, two, three) if made.reference in text}

    assert found("") == {one, two, three}
    assert found("open=1") == {one, three}
    assert found("open=0") == {two}
    assert found("state=acknowledged") == {three}
    assert found("level=0&level=3") == {one, two}
    assert found("category=data") == {one}
    assert found("category=none") == {two, three}
    assert found(f"service={service.pk}") == {one}
    assert found("assignee=none") == {one, two, three}
    assert found("assignee=me") == set()
    assert found("q=gam") == {three}
    assert found("q=flaps&open=1") == {three}
    assert found(f"q={two.reference}") == {two}
    assert found(f"q={one.ticket.reference}") == {one}
    assert found("q=%00") == set()
    day = f"{one.detected_at:%Y-%m-%d}"
    assert found(f"detected_from={day}&detected_to={day}") == {one, two, three}
    assert found("detected_to=2020-01-01") == set()
    for order in ("level", "-level", "state", "detected", "-reference"):
        assert found(f"sort={order}") == {one, two, three}


def test_list_costs_the_same_for_any_number_of_rows() -> None:
    by, service = factories.commander(), factories.service(owner=factories.team())
    client, counts = _signed_in(by), []
    for _ in range(3):
        made = factories.incident(by=by, service=service, customer=factories.customer())
        type(made.ticket).objects.filter(pk=made.ticket_id).update(assignee=by)
        client.get("/incidents/")
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/incidents/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[2] <= 8


def test_page_with_50_rows_of_history_and_timeline_costs_few_queries() -> None:
    by = factories.commander()
    made = factories.incident("identified", by=by, service=factories.service())
    for n in range(25):
        facts.set_category(made, by=by, category="database" if n % 2 else "data")
        facts.note(made, by=factories.responder(), text=f"Note {n}")
    for _ in range(3):
        factories.alert(made)
        factories.incident(by=by, service=made.ticket.service)
    client = _signed_in(by)
    for path in ("", "history/"):
        client.get(f"{made.get_absolute_url()}{path}")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{made.get_absolute_url()}{path}").status_code == 200
        assert len(queries) <= 15, path


def test_decisions_cost_few_queries() -> None:
    made = factories.incident("acknowledged", level=2)
    by = User.objects.get(pk=factories.commander().pk)
    with CaptureQueriesContext(connection) as queries:
        factories.resolve_incident(made, by=by)
    assert len([q for q in queries if "SAVEPOINT" not in q["sql"]]) <= 15
