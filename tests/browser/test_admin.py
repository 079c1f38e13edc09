"""The ops managers' side in a real browser: its looser content policy, its theme, a decision."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from itsm.people import roles
from itsm.tickets.models import PriorityPolicy, Ticket
from tests.factories import person, ticket
from tests.services.browser import accessibility_faults

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = [
    "/admin/",
    "/admin/jobs/",
    "/admin/tickets/ticket/",
    "/admin/tickets/ticket/{ticket}/change/",
    "/admin/tickets/ticket/{ticket}/history/",
    "/admin/tickets/ticket/{ticket}/decide/resolve/",
    "/admin/tickets/prioritypolicy/{policy}/change/",
    "/admin/tickets/prioritypolicy/{policy}/decide/new-version/",
    "/admin/people/user/add/",
    "/admin/catalog/service/import/",
    "/admin/audit/auditevent/",
]


@pytest.mark.parametrize("width", [1440, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_admin_works_in_every_size_and_light(page, portal, sign_in, scheme, width):
    manager = person(roles.OPS_MANAGER)
    keys = {
        "ticket": ticket(Ticket.State.IN_PROGRESS, by=manager).pk,
        "policy": PriorityPolicy.objects.get().pk,
    }
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    sign_in(manager)
    for path in PAGES:
        address = path.format(**keys)
        answer = page.goto(portal.url + address)
        assert answer.status == 200, address
        expect(page.locator("#main")).to_be_visible()
        wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wider <= 0, f"{address} is {wider} px too wide"


def test_admin_decides_through_its_buttons(page, portal, sign_in):
    manager = person(roles.OPS_MANAGER)
    made = ticket(Ticket.State.IN_PROGRESS, by=manager)
    sign_in(manager)
    page.goto(f"{portal.url}/admin/tickets/ticket/{made.pk}/change/")
    expect(page.get_by_role("button", name=re.compile("Triage"))).to_be_disabled()
    page.get_by_text("Why some are not possible now").click()
    expect(page.get_by_text("which does not lead there").first).to_be_visible()
    page.get_by_role("link", name=re.compile("Resolve OPS")).click()
    page.get_by_label("What was done").fill("Cleaned up")
    page.get_by_role("button", name=re.compile("Resolve OPS")).click()
    expect(page.get_by_text(f"{made.reference} is resolved.")).to_be_visible()
    assert Ticket.objects.get(pk=made.pk).state == Ticket.State.RESOLVED


#: Faults of the theme's frame: it has no main landmark and no first heading.
FRAME = ("landmark-one-main", "page-has-heading-one", "region")


@pytest.mark.parametrize("path", ["/admin/jobs/", "/admin/tickets/ticket/{ticket}/decide/resolve/"])
def test_our_own_pages_of_the_admin_are_accessible(page, portal, sign_in, path):
    manager = person(roles.OPS_MANAGER)
    made = ticket(Ticket.State.IN_PROGRESS, by=manager)
    sign_in(manager)
    page.goto(portal.url + path.format(ticket=made.pk))
    page.evaluate("document.body.replaceChildren(document.querySelector('#content'))")
    faults = [fault for fault in accessibility_faults(page) if not fault.startswith(FRAME)]
    assert faults == []
