"""Forms of the admin: each save leaves who, when, why and from where; nobody overwrites another."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.utils import timezone

from incidents.models import Incident, RoutingRule, SeverityLevel, SeverityPolicy
from itsm.audit.models import AuditEvent
from itsm.catalog.models import BusinessCalendar, Customer, Service, ServiceDependency
from itsm.core.errors import Invalid, NotAllowed
from itsm.core.policies import follow
from itsm.people import roles
from itsm.people.models import Membership, User
from itsm.tickets.models import PriorityPolicy, PriorityRule, PriorityTarget
from tests import factories
from tests.admin.addresses import url
from tests.rows import incident


def submitted(response):
    """What the form on the page would post, unchanged."""
    data = {}
    form = response.context["adminform"].form
    forms = [form, *(f for s in response.context["inline_admin_formsets"] for f in s.formset.forms)]
    managers = [s.formset.management_form for s in response.context["inline_admin_formsets"]]
    for one in [*forms, *managers]:
        for bound in one:
            value = bound.value()
            if hasattr(bound.field.widget, "decompress"):
                for n, part in enumerate(bound.field.widget.decompress(value)):
                    data[f"{bound.html_name}_{n}"] = part if part is not None else ""
            elif isinstance(value, list):
                data[bound.html_name] = [getattr(v, "pk", v) for v in value]
            elif value is not None and value is not False:
                data[bound.html_name] = value
    return data


def edit(client, record, **changes):
    address = url(type(record), "change", record.pk)
    return client.post(address, submitted(client.get(address)) | changes)


def test_save_leaves_who_why_and_from_where(signed_in, manager):
    service = factories.service()
    edit(signed_in(manager), service, name="Payments", change_reason="Renamed by the owner")
    row = service.history.first()
    assert (row.name, row.history_change_reason) == ("Payments", "Renamed by the owner")
    assert (row.history_user_id, row.history_origin) == (manager.pk, "admin")
    assert row.history_request_id


def test_save_without_a_change_writes_no_history(signed_in, manager):
    service = factories.service()
    before = service.history.count()
    assert edit(signed_in(manager), service, change_reason="Just looking").status_code == 302
    assert service.history.count() == before


def test_second_editor_does_not_overwrite_the_first(signed_in, manager):
    service = factories.service()
    address = url(Service, "change", service.pk)
    opened = submitted(signed_in(manager).get(address))
    edit(signed_in(manager), service, name="First")
    late = signed_in(manager).post(address, opened | {"name": "Second"})
    assert late.status_code == 200
    assert "Somebody else saved this record" in late.content.decode()
    assert "Second" in late.content.decode()
    service.refresh_from_db()
    assert service.name == "First"


def test_history_page_tells_who_when_why_from_where_and_what(signed_in, manager):
    customer = factories.customer(name="Northwind")
    service = factories.service(name="Old name")
    edit(
        signed_in(manager),
        service,
        name="New name",
        customer=customer.pk,
        change_reason="Sold",
    )
    page = signed_in(manager).get(url(Service, "history", service.pk)).content.decode()
    for expected in (
        str(manager),
        "Old name",
        "New name",
        "Northwind",
        "Sold",
        "Admin",
        "127.0.0.1",
    ):
        assert expected in page


def test_long_history_is_paged_and_its_pages_join(signed_in, manager):
    service = factories.service()
    for number in range(30):
        service.name = f"Name {number}"
        service.save()
    client = signed_in(manager)
    first = client.get(url(Service, "history", service.pk)).context["entries"]
    second = client.get(url(Service, "history", service.pk), {"p": 2}).context["entries"]
    assert len(first) == 25
    assert len(second) == 6
    assert (first[-1].changes[0].before, second[0].changes[0].after) == ("Name 4", "Name 4")


def test_history_never_holds_a_password(signed_in, manager):
    someone = factories.person()
    someone.set_password("another very long secret")
    someone.save()
    page = signed_in(manager).get(url(User, "history", someone.pk)).content.decode()
    assert "password" not in {f.name for f in User.history.model._meta.fields}
    assert someone.password not in page


def test_inline_rows_have_history_with_the_same_reason(signed_in, manager):
    service, needed = factories.service(), factories.service()
    edit(
        signed_in(manager),
        service,
        **{
            "dependencies-TOTAL_FORMS": 1,
            "dependencies-0-needs": needed.pk,
            "dependencies-0-service": service.pk,
            "change_reason": "Found in the outage",
        },
    )
    row = ServiceDependency.objects.get()
    assert row.history.first().history_change_reason == "Found in the outage"
    edit(signed_in(manager), service, **{"dependencies-0-DELETE": "on", "change_reason": "Gone"})
    gone = ServiceDependency.history.first()
    assert (gone.history_type, gone.history_change_reason) == ("-", "Gone")
    assert gone.history_user_id == manager.pk


def test_names_that_others_refer_to_stay(signed_in, manager):
    service = factories.service(slug="payments")
    edit(signed_in(manager), service, slug="stolen", name="X")
    service.refresh_from_db()
    assert service.slug == "payments"


def test_routing_rule_is_edited_and_checked(signed_in, manager):
    rule = RoutingRule.objects.order_by("-pk")[0]
    broken = edit(signed_in(manager), rule, labels='{"team": "/[/"}')
    assert "cannot be read" in broken.content.decode()
    assert edit(signed_in(manager), rule, position=9999).status_code == 302
    assert rule.history.first().history_user_id == manager.pk


def test_calendar_is_edited_with_its_hours(signed_in, manager):
    calendar = BusinessCalendar.objects.get()
    changed = edit(signed_in(manager), calendar, **{"hours-0-closes": "18:00:00"})
    assert changed.status_code == 302
    assert calendar.hours.all()[0].closes == dt.time(18)


# Policies


@pytest.mark.parametrize("model", [PriorityPolicy, SeverityPolicy])
def test_policy_in_force_is_read_only(model, signed_in, manager):
    policy = model.objects.get()
    client = signed_in(manager)
    assert client.get(url(model, "change", policy.pk)).context["has_change_permission"] is False
    assert client.post(url(model, "change", policy.pk), {"note": "x"}).status_code == 403
    assert client.get(url(model, "add")).status_code == 403


def values(part, policy):
    """The rows of a version without what makes them its own."""
    rows = part.objects.filter(policy=policy).order_by("pk").values()
    return [{k: v for k, v in row.items() if k not in {"id", "policy_id"}} for row in rows]


@pytest.mark.parametrize("model", [PriorityPolicy, SeverityPolicy])
def test_new_version_copies_every_row(model: Any, signed_in, manager):
    old = model.objects.get()
    tomorrow = timezone.now() + dt.timedelta(days=1)
    data = {
        "effective_from_0": f"{tomorrow:%Y-%m-%d}",
        "effective_from_1": "09:00:00",
        "note": "Faster",
    }
    response = signed_in(manager).post(url(model, "decide", old.pk, "new-version"), data)
    assert response.status_code == 302
    new = model.objects.exclude(pk=old.pk).get()
    policy_parts: list[Any] = [PriorityRule, PriorityTarget]
    for part in policy_parts if model is PriorityPolicy else [SeverityLevel]:
        assert values(part, old) == values(part, new) != []
        rows = part.objects.filter(policy=new)
        assert all(row.history.first().history_user_id == manager.pk for row in rows)
    assert new.history.first().history_change_reason == "Faster"
    assert not new.is_frozen
    assert model.objects.in_force().pk == old.pk


def test_version_is_edited_until_it_is_in_force(signed_in, manager):
    old = PriorityPolicy.objects.get()
    start = timezone.now() + dt.timedelta(hours=2)
    new = follow(old, by=manager, effective_from=start, note="Faster")
    row = new.targets.order_by("priority")[0]
    done = edit(
        signed_in(manager), new, **{"targets-0-resolve_minutes": 10, "change_reason": "Why"}
    )
    assert done.status_code == 302
    row.refresh_from_db()
    assert row.resolve_minutes == 10
    PriorityPolicy.objects.filter(pk=new.pk).update(effective_from=timezone.now())
    assert signed_in(manager).post(url(PriorityPolicy, "change", new.pk), {}).status_code == 403


def test_version_is_not_moved_into_the_past(signed_in, manager):
    old = PriorityPolicy.objects.get()
    new = follow(old, by=manager, effective_from=timezone.now() + dt.timedelta(hours=2), note="n")
    response = edit(
        signed_in(manager), new, effective_from_0="2020-01-01", effective_from_1="00:00:00"
    )
    assert "still to come" in response.content.decode()
    with pytest.raises(Invalid):
        follow(old, by=manager, effective_from=timezone.now() - dt.timedelta(minutes=1))


def test_only_ops_managers_make_versions(signed_in, auditor):
    policy = PriorityPolicy.objects.get()
    soon = timezone.now() + dt.timedelta(hours=1)
    for by in (auditor, factories.responder(), factories.machine(roles.OPS_MANAGER)):
        with pytest.raises(NotAllowed):
            follow(policy, by=by, effective_from=soon)
    assert PriorityPolicy.objects.count() == 1


def test_running_record_keeps_its_version(manager):
    made = incident(manager)
    new = follow(made.policy, by=manager, effective_from=timezone.now(), note="Now")
    assert SeverityPolicy.objects.in_force().pk == new.pk
    assert Incident.objects.get(pk=made.pk).policy_id != new.pk


# People


def test_person_is_added_without_a_password(signed_in, manager):
    group = Group.objects.get(name=roles.RESPONDER)
    data = {
        "username": "ana",
        "first_name": "Ana",
        "email": "ana@example.test",
        "kind": "person",
        "time_zone": "Europe/Lisbon",
        "groups": [group.pk],
        "change_reason": "Joined the team",
    }
    assert signed_in(manager).post(url(User, "add"), data).status_code == 302
    ana = User.objects.get(username="ana")
    assert not ana.has_usable_password()
    assert ana.is_in(roles.RESPONDER)
    assert ana.history.first().history_change_reason == "Joined the team"
    grant = AuditEvent.objects.get(kind=AuditEvent.Kind.GRANTED, target_id=ana.pk)
    assert (grant.actor_id, grant.origin) == (manager.pk, "admin")
    assert grant.data["names"] == [roles.RESPONDER]


def test_groups_are_revoked_with_an_entry(signed_in, manager):
    someone = factories.person(roles.RESPONDER, roles.CAB_REVIEWER)
    edit(
        signed_in(manager),
        someone,
        groups=[Group.objects.get(name=roles.RESPONDER).pk],
    )
    entry = AuditEvent.objects.get(kind=AuditEvent.Kind.REVOKED)
    assert entry.data["names"] == [roles.CAB_REVIEWER]


def test_nobody_grants_to_themselves(signed_in, manager):
    group = Group.objects.get(name=roles.CAB_REVIEWER)
    edit(signed_in(manager), manager, groups=[group.pk], first_name="Mia")
    manager = User.objects.get(pk=manager.pk)
    assert (manager.first_name, manager.is_in(roles.CAB_REVIEWER)) == ("Mia", False)


@pytest.mark.parametrize("field", ["is_superuser", "is_staff", "is_active", "password", "kind"])
def test_power_is_not_a_form_field(field, signed_in, manager):
    someone = factories.person()
    before = getattr(someone, field)
    edit(
        signed_in(manager),
        someone,
        **{field: "machine" if field == "kind" else "1"},
        first_name="Z",
    )
    someone = User.objects.get(pk=someone.pk)
    assert (getattr(someone, field), someone.first_name) == (before, "Z")


def test_deactivated_person_is_out_at_once(signed_in, manager):
    someone = factories.person(roles.OPS_MANAGER)
    theirs = signed_in(someone)
    assert theirs.get("/admin/").status_code == 200
    address = url(User, "decide", someone.pk, "deactivate")
    assert signed_in(manager).post(address, {}).status_code == 422
    assert signed_in(manager).post(address, {"reason": "Left"}).status_code == 302
    assert theirs.get("/admin/").status_code == 302
    row = someone.history.first()
    assert (row.is_active, row.history_change_reason) == (False, "Left")
    back = url(User, "decide", someone.pk, "reactivate")
    signed_in(manager).post(back, {"reason": "Came back"})
    assert User.objects.get(pk=someone.pk).is_active


def test_nobody_deactivates_themselves_or_the_portal(signed_in, manager):
    for user in (manager, User.objects.get(username="system")):
        address = url(User, "decide", user.pk, "deactivate")
        assert signed_in(manager).post(address, {"reason": "x"}).status_code == 403
        assert User.objects.get(pk=user.pk).is_active


def test_set_password_link_goes_to_the_person_and_nowhere_else(signed_in, manager, client):
    from itsm.outbox.models import Message

    someone = factories.person()
    address = url(User, "decide", someone.pk, "password-link")
    response = signed_in(manager).post(address, follow=True)
    assert "/password/reset/key/" not in response.content.decode()
    assert not Message.objects.exists()
    (sent,) = mail.outbox
    assert sent.to == [someone.email]
    link = next(line for line in sent.body.splitlines() if "/password/reset/key/" in line)
    page = client.get("/" + link.split("/", 3)[3], follow=True)
    new = {"password1": "mountain river lamp", "password2": "mountain river lamp"}
    client.post(page.redirect_chain[-1][0], new)
    assert User.objects.get(pk=someone.pk).check_password("mountain river lamp")
    kinds = set(AuditEvent.objects.filter(target_id=someone.pk).values_list("kind", flat=True))
    assert {"password_link", "password_set"} <= kinds
    assert "mountain" not in str(list(AuditEvent.objects.values()))


def test_no_link_for_machines_and_people_without_address(signed_in, manager):
    for user in (factories.machine(), factories.person(email="")):
        address = url(User, "decide", user.pk, "password-link")
        assert signed_in(manager).post(address).status_code == 403
    assert not mail.outbox


def test_composed_group_is_in_the_trail(signed_in, manager):
    permission = Permission.objects.get(codename="read_ticket")
    data = {"name": "Night desk", "permissions": [permission.pk]}
    assert signed_in(manager).post(url(Group, "add"), data).status_code == 302
    entry = AuditEvent.objects.get(kind=AuditEvent.Kind.GRANTED, summary__startswith="Night desk")
    assert entry.actor_id == manager.pk


def test_membership_ends_and_is_not_rewritten(signed_in, manager):
    team = factories.team(factories.person())
    membership = Membership.objects.get(team=team)
    other = factories.person()
    ended = timezone.now() + dt.timedelta(minutes=1)
    edit(
        signed_in(manager),
        membership,
        user=other.pk,
        ended_at_0=f"{ended:%Y-%m-%d}",
        ended_at_1=f"{ended:%H:%M:%S}",
    )
    membership.refresh_from_db()
    assert membership.user_id != other.pk
    assert membership.ended_at is not None


def test_customer_form_keeps_its_message_for_a_taken_name(signed_in, manager):
    factories.customer(name="Acme")
    other = factories.customer()
    response = edit(signed_in(manager), other, name="Acme")
    assert "already exists" in response.content.decode()
    assert Customer.objects.filter(name="Acme").count() == 1
