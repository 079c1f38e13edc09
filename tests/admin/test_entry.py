"""Who comes into the admin: by permission, through the portal's one sign-in door."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from itsm.audit.models import AuditEvent
from itsm.people import roles
from itsm.people.models import User
from tests import factories

ENTERS = {roles.OPS_MANAGER, roles.AUDITOR}


@pytest.mark.parametrize("group", roles.ALL)
def test_entry_follows_from_the_group(group, signed_in, db):
    response = signed_in(factories.person(group)).get("/admin/")
    assert response.status_code == (200 if group in ENTERS else 403)


def test_entry_is_not_given_by_the_staff_flag(signed_in, db):
    someone = factories.person(roles.RESPONDER, is_staff=True)
    assert signed_in(someone).get("/admin/").status_code == 403


def test_entry_ends_with_the_group(signed_in, manager):
    client = signed_in(manager)
    assert client.get("/admin/").status_code == 200
    manager.groups.clear()
    assert client.get("/admin/").status_code == 403


def test_machine_never_enters(signed_in, manager):
    client = signed_in(manager)
    manager.kind = User.Kind.MACHINE
    manager.save()
    assert client.get("/admin/").status_code == 302


def test_stranger_is_sent_to_the_portals_sign_in(client, db):
    response = client.get("/admin/tickets/ticket/", follow=True)
    assert response.redirect_chain[-1][0].startswith(reverse("account_login"))
    assert "next=%2Fadmin%2Ftickets%2Fticket%2F" in response.redirect_chain[-1][0].replace(
        "next=/admin/tickets/ticket/", "next=%2Fadmin%2Ftickets%2Fticket%2F"
    )


def test_refused_entry_is_in_the_trail(signed_in, db):
    responder = factories.responder()
    signed_in(responder).get("/admin/people/user/")
    event = AuditEvent.objects.get(kind=AuditEvent.Kind.REFUSED)
    assert (event.actor_id, event.origin) == (responder.pk, "admin")
    assert "/admin/people/user/" in event.summary


def test_sign_out_of_the_admin_needs_a_post(signed_in, manager):
    client = signed_in(manager)
    assert client.get("/admin/logout/").status_code == 405
    client.post("/admin/logout/")
    assert client.get("/admin/").status_code == 302


def test_own_password_is_changed_on_the_portals_page(signed_in, manager):
    response = signed_in(manager).get("/admin/password_change/")
    assert response.url == reverse("account_change_password")


def test_every_model_has_an_admin_page():
    from django.apps import apps

    ours = {"people", "catalog", "timers", "outbox", "audit", "portal", "tickets", "incidents"}
    models = {
        model
        for model in apps.get_models()
        if model._meta.app_label in ours and not model.__name__.startswith("Historical")
    }
    assert models <= set(admin.site._registry)


def test_every_page_is_in_the_sidebar(signed_in, db):
    chief = factories.person(is_superuser=True)
    response = signed_in(chief).get("/admin/")
    links = {
        item["link"] for group in response.context["sidebar_navigation"] for item in group["items"]
    }
    for model in admin.site._registry:
        opts = model._meta
        assert reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist") in links
    assert reverse("admin:jobs") in links


def test_sidebar_leaves_out_what_one_may_not_see(signed_in, auditor):
    auditor.groups.get().permissions.filter(codename="view_message").delete()
    response = signed_in(auditor).get("/admin/")
    links = {
        item["link"] for group in response.context["sidebar_navigation"] for item in group["items"]
    }
    assert "/admin/outbox/message/" not in links


def test_no_admin_uses_the_fsm_mixin():
    """The mixin of the FSM package runs a forbidden transition when its name is posted."""
    for model_admin in admin.site._registry.values():
        assert not any(c.__module__.startswith("django_fsm") for c in type(model_admin).__mro__)


def test_anonymous_post_changes_nothing(db):
    assert Client().post("/admin/people/user/add/", {"username": "eve"}).status_code == 302
    assert not User.objects.get_queryset().filter(username="eve").exists()
