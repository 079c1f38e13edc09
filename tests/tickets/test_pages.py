"""Pages of tickets: for owner, colleague and stranger; their cost; what they do with odd input."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from itsm.catalog.models import ServiceDependency
from itsm.people import roles
from itsm.people.models import User
from itsm.tickets.actions import comments, labels, links, scope
from itsm.tickets.actions import ticket as actions
from itsm.tickets.models import Ticket
from tests import factories

pytestmark = pytest.mark.django_db

FACTS = {"title": "New title", "type": "incident", "impact": "low", "urgency": "low"}


def text(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def page_of(ticket: Ticket, part: str = "") -> str:
    return f"/tickets/{ticket.reference}/{part}"


def signed_in(client: Client, person: User | None = None) -> User:
    person = person or factories.responder()
    client.force_login(person)
    return person


# Who sees what


@pytest.mark.parametrize("state", Ticket.State.values)
def test_detail_in_every_state(client: Client, state: str) -> None:
    worker = signed_in(client)
    ticket = factories.ticket(state, by=worker, title="Disk full")
    body = text(client, page_of(ticket))
    assert "Disk full" in body
    assert Ticket.State(state).label in body


def test_pages_are_for_those_who_may_see_the_ticket(client: Client) -> None:
    own = factories.customer()
    owner = factories.person(roles.REQUESTER, customer=own)
    ticket = factories.ticket(requester=owner, customer=own, title="Disk full")
    seen = [
        (owner, True),
        (factories.person(roles.REQUESTER, customer=own), True),
        (factories.person(roles.CUSTOMER, customer=own), True),
        (factories.person(roles.CAB_REVIEWER), True),
        (factories.person(roles.AUDITOR), True),
        (factories.person(roles.REQUESTER), False),
        (factories.person(), False),
        (factories.responder(customer=factories.customer()), False),
    ]
    for person, sees in seen:
        client.force_login(person)
        assert ("Disk full" in text(client, "/tickets/")) is sees
        for part in ("", "history/"):
            assert client.get(page_of(ticket, part)).status_code == (200 if sees else 404)
        if not sees:
            assert client.get(page_of(ticket, "edit/")).status_code == 404
            assert client.post(page_of(ticket, "start/")).status_code == 404


@pytest.mark.parametrize("address", ["/tickets/", "/tickets/new/", "/tickets/OPS-1/"])
def test_pages_ask_for_sign_in(client: Client, address: str) -> None:
    assert client.get(address).status_code == 302


def test_export_holds_what_the_reader_sees(client: Client) -> None:
    own = factories.customer()
    factories.ticket(customer=own, title="=Mine()")
    factories.ticket(title="Foreign")
    client.force_login(factories.person(roles.CUSTOMER, customer=own))
    answer = client.get("/tickets/?export=csv")
    body = b"".join(answer).decode()
    assert "'=Mine()" in body
    assert "Foreign" not in body


def test_internal_comments_are_for_colleagues(client: Client) -> None:
    owner, worker = factories.person(roles.REQUESTER), factories.responder()
    ticket = factories.ticket(by=worker, requester=owner)
    comments.add(ticket, by=worker, body="Told the customer nothing", internal=True)
    comments.add(ticket, by=worker, body="Looking at it")
    client.force_login(owner)
    body = text(client, page_of(ticket))
    assert "Looking at it" in body
    assert "nothing" not in text(client, page_of(ticket)).split('id="comments"')[1]
    assert "For colleagues only" not in body
    client.force_login(worker)
    assert "Told the customer nothing" in text(client, page_of(ticket))


def test_links_to_tickets_of_others_are_left_out(client: Client) -> None:
    worker, owner = factories.responder(), factories.person(roles.REQUESTER)
    ticket = factories.ticket(by=worker, requester=owner)
    links.add(ticket, by=worker, to=factories.ticket(by=worker, title="Secret plan"))
    client.force_login(owner)
    assert "Secret plan" not in text(client, page_of(ticket))


def test_customers_are_offered_no_names_of_others(client: Client) -> None:
    own = factories.customer()
    factories.service(name="Secret service", customer=factories.customer(name="Rival Ltd"))
    client.force_login(factories.person(roles.REQUESTER, customer=own))
    for address in ("/tickets/", "/tickets/new/"):
        body = text(client, address)
        assert "Rival Ltd" not in body
        assert "Secret service" not in body


# References


@pytest.mark.parametrize("form", ["OPS-{}", "ops-{}", "Ops-{}", "OPS-000{}"])
def test_detail_by_any_form_of_the_reference(client: Client, form: str) -> None:
    worker = signed_in(client)
    ticket = factories.ticket(by=worker)
    assert client.get(f"/tickets/{form.format(ticket.pk)}/").status_code == 200


@pytest.mark.parametrize(
    "reference",
    ["1", "OPS-", "OPS-0", "OPS-999999", "OPS-1x", "INC-2026-1", "OPS-" + "9" * 30, "OPS-1%00"],
)
def test_what_is_no_reference_is_not_found(client: Client, reference: str) -> None:
    signed_in(client)
    assert client.get(f"/tickets/{reference}/").status_code == 404


# Buttons


def test_buttons_say_why_not_and_who_helps(client: Client) -> None:
    worker, reader = factories.responder(), factories.person(roles.CAB_REVIEWER)
    ticket = factories.ticket(by=worker)
    actions.assign(ticket, by=worker, assignee=worker)
    client.force_login(reader)
    body = text(client, page_of(ticket))
    assert f"Start {ticket.reference}" in body
    assert "Only responders, incident commanders and ops managers work tickets." in body
    assert f"Ask {worker}." in body


def test_ticket_of_an_incident_points_at_it(client: Client) -> None:
    from incidents.actions.declaring import declare

    by = signed_in(client, factories.person(roles.COMMANDER))
    incident = declare(by=by, level=2, title="Checkout down")
    body = text(client, page_of(incident.ticket))
    assert f"Open {incident.reference}" in body
    assert f"{incident.reference} drives this ticket" in body


def test_every_offer_that_is_enabled_can_be_made(client: Client) -> None:
    """Buttons and commands agree, in each state and for each kind of person."""
    from itsm.tickets.actions.offers import MOVES, offers
    from tests.tickets.test_matrix import World, attempt

    for state in Ticket.State.values:
        world = World(state)
        for who, person in world.people.items():
            for offer in offers(world.ticket, person):
                if offer.name in MOVES:
                    done = attempt(world, offer.name, who) == "done"
                    assert offer.enabled == done, (state, who, offer.name, offer.reason)


# Decisions


def test_decisions_by_the_page(client: Client) -> None:
    worker = signed_in(client)
    ticket = factories.ticket(by=worker)
    for name, data in (
        ("triage", {}),
        ("start", {}),
        ("wait", {"on": "customer", "reason": "Which?"}),
        ("resume", {}),
        ("resolve", {"resolution": "Cleaned"}),
        ("reopen", {"reason": "Again"}),
        ("assign", {"assignee": str(worker.pk)}),
        ("label", {"label": str(factories.label().pk)}),
        ("comment", {"body": "Seen"}),
        ("unlabel", {"label": str(factories.label().pk)}),
        ("cancel", {"reason": "No need"}),
    ):
        answer = client.post(page_of(ticket, f"{name}/"), data)
        assert (name, answer.status_code) == (name, 302)
    ticket = Ticket.objects.get(pk=ticket.pk)
    assert (ticket.state, ticket.assignee) == ("cancelled", worker)
    row = ticket.history.order_by("-history_id")[0]
    assert (row.history_user_id, row.history_origin) == (worker.pk, "portal")


def test_scope_and_links_by_the_page(client: Client) -> None:
    worker = signed_in(client)
    ticket, other = factories.ticket(by=worker), factories.ticket(by=worker)
    account, resource = factories.account(), factories.resource()
    thing = {"kind": "resource", "name": resource.identifier}
    assert client.post(page_of(ticket, "include/"), thing).status_code == 302
    thing = {"kind": "account", "name": account.number}
    assert client.post(page_of(ticket, "include/"), thing).status_code == 302
    link = {"kind": "blocks", "to": other.reference.lower()}
    assert client.post(page_of(ticket, "link/"), link).status_code == 302
    body = text(client, page_of(ticket))
    assert account.number in body
    assert resource.identifier in body
    assert "Is blocked by" in text(client, page_of(other))
    row = str(ticket.links_from.get().pk)
    assert client.post(page_of(other, "unlink/"), {"link": row}).status_code == 302
    assert client.post(page_of(ticket, "exclude/"), thing).status_code == 302
    assert not ticket.links_from.exists()
    assert not ticket.ticket_accounts.exists()


@pytest.mark.parametrize(
    ("name", "data", "field"),
    [
        ("resolve", {"resolution": ""}, "resolution"),
        ("wait", {"on": "nobody", "reason": "Something"}, "on"),
        ("link", {"kind": "blocks", "to": "OPS-999999"}, "to"),
        ("link", {"kind": "blocks", "to": "nonsense"}, "to"),
        ("include", {"kind": "account", "name": "unknown"}, "name"),
        ("label", {"label": "999999"}, "label"),
        ("assign", {"assignee": "999999"}, "assignee"),
        ("comment", {"body": "a\x00b"}, "body"),
    ],
)
def test_form_that_cannot_be_used_is_shown_again(
    client: Client, name: str, data: dict[str, str], field: str
) -> None:
    worker = signed_in(client)
    ticket = factories.ticket("in-progress", by=worker)
    answer = client.post(page_of(ticket, f"{name}/"), data)
    assert answer.status_code == 422
    assert f"id_{name}_{field}" in answer.content.decode()


def test_lost_race_keeps_what_was_typed(client: Client) -> None:
    worker = signed_in(client)
    ticket = factories.ticket("resolved", by=worker)
    answer = client.post(page_of(ticket, "resolve/"), {"resolution": "My careful words"})
    body = answer.content.decode()
    assert answer.status_code == 409
    assert "My careful words" in body
    assert "Nothing was changed" in body


def test_decision_that_is_not_allowed_is_403(client: Client) -> None:
    signed_in(client, factories.person(roles.AUDITOR))
    ticket = factories.ticket()
    assert client.post(page_of(ticket, "start/")).status_code == 403
    assert Ticket.objects.get(pk=ticket.pk).state == "new"


def test_address_of_a_decision_leads_to_the_ticket(client: Client) -> None:
    worker = signed_in(client)
    ticket = factories.ticket(by=worker)
    answer = client.get(page_of(ticket, "start/"))
    assert answer.status_code == 302
    assert answer["Location"] == ticket.get_absolute_url()


# Raising and editing


def test_raise_by_the_page(client: Client) -> None:
    owner = signed_in(client, factories.person(roles.REQUESTER))
    answer = client.post("/tickets/new/", FACTS | {"description": "**Help**"})
    ticket = Ticket.objects.get()
    assert answer["Location"] == ticket.get_absolute_url()
    assert (ticket.requester, ticket.source, ticket.description) == (owner, "portal", "**Help**")
    assert "<strong>Help</strong>" in text(client, page_of(ticket))


def test_raise_is_refused_to_who_may_not(client: Client) -> None:
    signed_in(client, factories.person(roles.AUDITOR))
    assert client.get("/tickets/new/").status_code == 403
    assert client.post("/tickets/new/", FACTS).status_code == 403


def test_raise_with_mistakes_keeps_what_was_typed(client: Client) -> None:
    signed_in(client)
    data = FACTS | {"title": "", "description": "My careful words", "priority": "0"}
    answer = client.post("/tickets/new/", data)
    assert answer.status_code == 422
    assert "My careful words" in answer.content.decode()
    answer = client.post("/tickets/new/", data | {"title": "x"})
    assert answer.status_code == 422
    assert "say why this ticket is different" in answer.content.decode()
    assert not Ticket.objects.exists()


def test_edit_by_the_page(client: Client) -> None:
    worker = signed_in(client)
    ticket = factories.ticket(by=worker)
    data = FACTS | {"version": "1", "impact": "high", "reason": "It spreads"}
    assert client.post(page_of(ticket, "edit/"), data).status_code == 302
    changed = Ticket.objects.get(pk=ticket.pk)
    assert (changed.title, changed.priority, changed.version) == ("New title", 2, 2)
    assert ticket.history.order_by("-history_id")[0].history_change_reason == "It spreads"


def test_edit_shows_an_override_as_it_is(client: Client) -> None:
    worker = signed_in(client)
    ticket = factories.ticket(by=worker, priority=0, priority_reason="The board watches")
    body = text(client, page_of(ticket, "edit/"))
    assert '<option value="0" selected>' in body
    assert "The board watches" in body


def test_edit_after_somebody_else_keeps_what_was_typed_and_shows_both(client: Client) -> None:
    worker = signed_in(client)
    ticket = factories.ticket(by=worker, title="First")
    actions.edit(ticket, by=factories.responder(), changes={"title": "Second"})
    data = FACTS | {"version": "1", "title": "Third", "description": "My careful words"}
    answer = client.post(page_of(ticket, "edit/"), data)
    body = answer.content.decode()
    assert answer.status_code == 409
    assert 'value="Third"' in body
    assert "My careful words" in body
    assert "<del>Second</del>" in body
    assert Ticket.objects.get(pk=ticket.pk).title == "Second"
    version = re.findall(r'name="version" value="(\d+)"', body)
    assert client.post(page_of(ticket, "edit/"), data | {"version": version[0]}).status_code == 302
    assert Ticket.objects.get(pk=ticket.pk).title == "Third"


def test_edit_of_a_closed_ticket_is_refused(client: Client) -> None:
    worker = signed_in(client)
    ticket = factories.ticket("closed", by=worker)
    assert client.get(page_of(ticket, "edit/")).status_code == 409


def test_edit_by_a_reader_is_refused(client: Client) -> None:
    signed_in(client, factories.person(roles.CAB_REVIEWER))
    assert client.get(page_of(factories.ticket(), "edit/")).status_code == 403


# Hostile input


def test_script_in_markdown_stays_text(client: Client) -> None:
    worker = signed_in(client)
    bad = "<script>alert(1)</script> [x](javascript:alert(1)) ![y](http://e.example/p.png)"
    ticket = factories.ticket(by=worker, title="<script>alert(2)</script>", description=bad)
    comments.add(ticket, by=worker, body=bad)
    body = text(client, page_of(ticket)) + text(client, page_of(ticket, "history/"))
    body += text(client, "/tickets/")
    assert "<script>alert" not in body
    assert 'href="javascript' not in body
    assert 'p.png"' not in body


@pytest.mark.parametrize(
    "query",
    [
        "q=a%00b",
        "q=%ED%A0%80",
        "state=nonsense",
        "assignee=%00",
        "assignee=9999999999999999999999",
        "label=x",
        "opened_from=yesterday",
        "sort=nonsense&after=!!!",
        "after=AAAA",
        "per=7",
        "per=٣",
        "priority=9",
    ],
)
def test_odd_addresses_of_the_list_never_fail(client: Client, query: str) -> None:
    signed_in(client)
    factories.ticket()
    assert client.get(f"/tickets/?{query}").status_code in (200, 422)


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "0", "%00"])
def test_odd_addresses_of_the_history_never_fail(client: Client, before: str) -> None:
    worker = signed_in(client)
    ticket = factories.ticket(by=worker)
    assert client.get(page_of(ticket, f"history/?before={before}")).status_code == 200


def test_huge_text_is_refused_with_a_sentence(client: Client) -> None:
    worker = signed_in(client)
    ticket = factories.ticket(by=worker)
    answer = client.post(page_of(ticket, "comment/"), {"body": "x" * 500_000})
    assert answer.status_code == 422


# The list's filters


def found(client: Client, query: str) -> set[str]:
    return set(
        re.findall(r'id="ticket-\d+" href="/tickets/(OPS-\d+)/', text(client, f"/tickets/?{query}"))
    )


def test_filters_of_the_list(client: Client) -> None:
    worker = signed_in(client)
    customer, team = factories.customer(), factories.team()
    service = factories.service(customer=customer)
    disk = factories.ticket(by=worker, title="Disk full", description="The lizard", service=service)
    cpu = factories.ticket(
        "in-progress",
        by=worker,
        title="CPU at 100 %",
        type="problem",
        impact="high",
        urgency="high",
        opened_at=factories.hours_ago(72),
    )
    done = factories.ticket("closed", by=worker, title="Disk swapped")
    actions.assign(disk, by=worker, team=team, assignee=worker)
    labels.add(disk, by=worker, label=factories.label("env:prod"))
    labels.add(cpu, by=worker, label=factories.label("env:prod"))
    labels.remove(cpu, by=worker, label=factories.label("env:prod"))
    prod = factories.label("env:prod").pk
    for query, wanted in {
        "": {disk, cpu, done},
        f"q={cpu.reference}": {cpu},
        f"q={cpu.pk}": {cpu},
        "q=disk": {disk, done},
        "q=full": set(),
        "q=lizard&assignee=me": {disk},
        "q=INC-2026-1": set(),
        "type=problem": {cpu},
        "state=open": {disk, cpu},
        "state=closed&state=new": {disk, done},
        "priority=1": {cpu},
        "priority=1&priority=4": {disk, cpu, done},
        f"service={service.pk}": {disk},
        f"customer={customer.pk}": {disk},
        f"team={team.pk}": {disk},
        "team=null": {cpu, done},
        "assignee=me": {disk},
        "assignee=none": {cpu, done},
        f"assignee={worker.pk}": {disk},
        f"label={prod}": {disk},
        "overdue=1": {cpu},
        f"opened_to={factories.hours_ago(48):%Y-%m-%d}": {cpu},
        f"opened_from={factories.hours_ago(24):%Y-%m-%d}": {disk, done},
        "sort=due": {disk, cpu},
        "sort=due&state=closed": {done},
    }.items():
        assert found(client, query) == {t.reference for t in wanted}, query


def test_paused_ticket_is_not_overdue() -> None:
    ticket = factories.ticket("waiting", opened_at=factories.hours_ago(500))
    assert ticket not in Ticket.objects.overdue()


# What it costs


def crowded(worker: User, **fields: object) -> Ticket:
    """A ticket with some of everything."""
    customer = factories.customer()
    service = factories.service(customer=customer, owner=factories.team())
    ticket = factories.ticket(
        "in-progress",
        by=worker,
        requester=factories.person(roles.REQUESTER),
        service=service,
        **fields,
    )
    actions.assign(ticket, by=worker, team=service.owner, assignee=worker)
    for text_of_label in ("env:prod", "tier:critical", "service:ec2", "service:network"):
        labels.add(ticket, by=worker, label=factories.label(text_of_label))
    for number in range(3):
        comments.add(ticket, by=factories.responder(), body=f"Comment {number}")
        links.add(ticket, by=worker, to=factories.ticket(by=worker))
        account = factories.account(customer=customer)
        scope.include(ticket, by=worker, thing=account)
        scope.include(ticket, by=worker, thing=factories.resource(account=account))
    return actions.wait(ticket, by=worker, on="customer", reason="Which?")


def cost(client: Client, address: str) -> int:
    client.get(address)  # warm: choices and policies are kept for a while
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_list_costs_the_same_for_one_and_three(client: Client) -> None:
    worker = signed_in(client)
    crowded(worker)
    one = cost(client, "/tickets/")
    crowded(worker), crowded(worker)
    assert cost(client, "/tickets/") == one <= 8
    assert cost(client, "/tickets/?state=open&assignee=me&sort=due&per=100") == one


def test_detail_costs_the_same_for_few_and_many(client: Client) -> None:
    worker = signed_in(client)
    ticket = crowded(worker)
    few = cost(client, page_of(ticket))
    ticket = actions.resume(ticket, by=worker)
    for number in range(20):
        comments.add(ticket, by=factories.responder(), body=f"More {number}")
        links.add(ticket, by=worker, to=factories.ticket(by=worker))
    ticket = actions.wait(ticket, by=worker, on="customer", reason="Which?")
    assert cost(client, page_of(ticket)) == few <= 15


def test_history_costs_the_same_for_few_and_many(client: Client) -> None:
    worker = signed_in(client)
    ticket = crowded(worker)
    few = cost(client, page_of(ticket, "history/"))
    for number in range(20):
        actions.edit(ticket, by=worker, changes={"title": f"Title {number}"})
        labels.remove(ticket, by=worker, label=factories.label("env:prod"))
        labels.add(ticket, by=worker, label=factories.label("env:prod"))
    assert cost(client, page_of(ticket, "history/")) == few <= 15


# Live part and history


def test_live_part_is_sent_only_when_it_changed(client: Client) -> None:
    worker = signed_in(client)
    ticket = factories.ticket(by=worker)
    digest = re.findall(r'X-Have": "(\w+)"', text(client, page_of(ticket)))[0]
    ask = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "live", "HTTP_X_HAVE": digest}
    assert client.get(page_of(ticket, "?seen=1"), **ask).status_code == 204
    comments.add(ticket, by=factories.responder(), body="Something new")
    answer = client.get(page_of(ticket, "?seen=1"), **ask)
    assert "Something new" in answer.content.decode()
    assert "has changed since" not in answer.content.decode()
    actions.start(ticket, by=factories.responder())
    body = client.get(page_of(ticket, "?seen=1"), **ask).content.decode()
    assert "has changed since" in body
    assert "HX-Request" in answer["Vary"]


def test_history_tells_who_why_from_where_and_what(client: Client) -> None:
    worker = signed_in(client)
    ticket = factories.ticket(by=worker, title="First")
    data = FACTS | {"version": "1", "title": "Second", "reason": "Clearer"}
    client.post(page_of(ticket, "edit/"), data)
    client.post(page_of(ticket, "label/"), {"label": str(factories.label("env:prod").pk)})
    client.post(page_of(ticket, "start/"))
    client.post(page_of(ticket, "wait/"), {"on": "customer", "reason": "Which?"})
    client.post(page_of(ticket, "resume/"))
    body = text(client, page_of(ticket, "history/"))
    for part in (
        str(worker),
        "Clearer",
        "From: Portal",
        "127.0.0.1",
        "<del>First</del>",
        "<ins>Second</ins>",
        "put on a label",
        "env:prod",
        "stopped the clock",
        "let the clock run on",
    ):
        assert part in body


def test_history_hides_addresses_from_the_requester(client: Client) -> None:
    owner, worker = factories.person(roles.REQUESTER), signed_in(client)
    ticket = factories.ticket(by=worker, requester=owner)
    client.post(page_of(ticket, "start/"))
    client.force_login(owner)
    assert "127.0.0.1" not in text(client, page_of(ticket, "history/"))


def test_history_is_paged(client: Client) -> None:
    worker = signed_in(client)
    ticket = factories.ticket(by=worker)
    for number in range(60):
        actions.edit(ticket, by=worker, changes={"title": f"Title {number}"})
    body = text(client, page_of(ticket, "history/"))
    assert "Title 59" in body
    assert "Title 5<" not in body
    older = re.findall(r'href="(\?before=\d+)"', body)[0]
    body = text(client, page_of(ticket, f"history/{older}"))
    assert "Title 58" not in body
    assert "raised the ticket" in body


# Catalog


def test_services_are_listed_and_opened(client: Client) -> None:
    signed_in(client)
    service, needed = factories.service(), factories.service()
    ServiceDependency.objects.create(service=service, needs=needed)
    assert service.name in text(client, "/catalog/services/")
    assert needed.name in text(client, service.get_absolute_url())
    assert service.name in text(client, needed.get_absolute_url())
    assert cost(client, "/catalog/services/") <= 8


def test_services_of_another_customer_are_not_there(client: Client) -> None:
    own = factories.customer()
    mine = factories.service(customer=own)
    foreign = factories.service(customer=factories.customer())
    signed_in(client, factories.person(roles.CUSTOMER, customer=own))
    body = text(client, "/catalog/services/")
    assert mine.name in body
    assert foreign.name not in body
    assert client.get(mine.get_absolute_url()).status_code == 200
    assert client.get(foreign.get_absolute_url()).status_code == 404


def test_services_are_not_for_plain_requesters(client: Client) -> None:
    signed_in(client, factories.person(roles.REQUESTER))
    assert client.get(factories.service().get_absolute_url()).status_code == 404
