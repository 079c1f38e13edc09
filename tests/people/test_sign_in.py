"""One sign-in door: who comes in, who is kept out, and what the trail says of it."""

import re
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from itsm.audit.models import AuditEvent
from itsm.people import actions, roles
from itsm.people.models import User
from tests import factories

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"
LOGIN = "/accounts/login/"
FAILURES = 5


@pytest.fixture(autouse=True)
def forget_limits():
    cache.clear()
    yield
    cache.clear()


def try_in(client, login, password=PASSWORD, path=LOGIN, **extra):
    return client.post(path, {"login": login, "password": password}, **extra)


def is_in(client):
    return "_auth_user_id" in client.session


def kinds():
    return list(AuditEvent.objects.order_by("pk").values_list("kind", flat=True))


@pytest.mark.parametrize("spell", [str, str.upper, lambda text: f" {text} "])
@pytest.mark.parametrize("field", ["username", "email"])
def test_sign_in_by_name_or_address_however_it_is_spelt(field, spell, client):
    person = factories.person()
    assert try_in(client, spell(getattr(person, field))).status_code == 302
    assert is_in(client)
    entry = AuditEvent.objects.get(kind=AuditEvent.Kind.SIGNED_IN)
    assert (entry.actor_id, entry.address, entry.origin) == (person.pk, "127.0.0.1", "portal")


def test_wrong_password_is_recorded_without_it(client):
    person = factories.person()
    assert try_in(client, person.username, "guess-the-secret").status_code == 200
    assert not is_in(client)
    entry = AuditEvent.objects.get(kind=AuditEvent.Kind.SIGN_IN_FAILED)
    assert entry.data["username"] == person.username
    assert "guess-the-secret" not in str(AuditEvent.objects.values())


def test_unknown_name_gets_the_same_answer_as_a_wrong_password(client):
    person = factories.person()
    one, two = (
        re.sub(r"[A-Za-z0-9]{64}|\d\d:\d\d|" + re.escape(name), "", page.content.decode())
        for name, page in (
            (person.username, try_in(client, person.username, "bad")),
            ("nobody-here", try_in(client, "nobody-here", "bad")),
        )
    )
    assert one == two


def lock_out(client, login, **extra):
    for _ in range(FAILURES):
        answer = try_in(client, login, "bad", **extra)
    return answer


def test_lockout_after_failures_is_429_and_in_the_trail(client):
    person = factories.person()
    answer = lock_out(client, person.username)
    assert answer.status_code == 429
    assert answer["Retry-After"] == "900"
    assert try_in(client, person.username).status_code == 429
    assert not is_in(client)
    assert "locked_out" in kinds()


def test_lockout_counts_every_spelling_of_one_person(client):
    person = factories.person()
    for login in (person.username, person.email, person.username.upper(), person.email.upper()):
        try_in(client, login, "bad")
    assert try_in(client, f" {person.username} ", "bad").status_code == 429


def test_lockout_is_for_this_person_from_this_address_only(client):
    person, other = factories.person(), factories.person()
    lock_out(client, person.username, REMOTE_ADDR="203.0.113.1")
    elsewhere = Client()
    assert try_in(elsewhere, person.username, REMOTE_ADDR="203.0.113.2").status_code == 302
    neighbour = Client()
    assert try_in(neighbour, other.username, REMOTE_ADDR="203.0.113.1").status_code == 302
    assert try_in(Client(), person.username, REMOTE_ADDR="203.0.113.1").status_code == 429


def test_lockout_counts_the_address_behind_the_proxy(client, settings):
    settings.TRUSTED_PROXIES = 1
    person = factories.person()
    lock_out(client, person.username, headers={"X-Forwarded-For": "198.51.100.1"})
    answer = try_in(client, person.username, headers={"X-Forwarded-For": "198.51.100.2"})
    assert answer.status_code == 302


def test_success_forgets_earlier_failures(client):
    person = factories.person()
    for _ in range(FAILURES - 1):
        try_in(client, person.username, "bad")
    assert try_in(client, person.username).status_code == 302
    for _ in range(FAILURES - 1):
        answer = try_in(Client(), person.username, "bad")
    assert answer.status_code == 200


def test_ops_manager_unlocks(client):
    person, manager = factories.person(), factories.person(roles.OPS_MANAGER)
    lock_out(client, person.email)
    assert actions.unlock(person, by=manager) > 0
    assert try_in(client, person.username).status_code == 302
    entry = AuditEvent.objects.get(kind=AuditEvent.Kind.UNLOCKED)
    assert (entry.actor_id, entry.target_id) == (manager.pk, person.pk)


def test_admin_has_no_door_of_its_own(client):
    manager = factories.person(roles.OPS_MANAGER)
    page = client.get("/admin/login/?next=/admin/")
    assert page.status_code == 302
    assert page.url.startswith(LOGIN)
    posted = client.post("/admin/login/", {"username": manager.username, "password": PASSWORD})
    assert posted.url.startswith(LOGIN)
    assert not is_in(client)
    response = client.post(page.url, {"login": manager.username, "password": PASSWORD})
    assert response.url == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_lockout_holds_for_the_admin_too(client):
    manager = factories.person(roles.OPS_MANAGER)
    lock_out(client, manager.username, path=f"{LOGIN}?next=/admin/")
    assert try_in(client, manager.username, path=f"{LOGIN}?next=/admin/").status_code == 429


@pytest.mark.parametrize(
    "kept_out",
    [
        pytest.param({"is_active": False}, id="deactivated"),
        pytest.param({"kind": User.Kind.MACHINE}, id="machine"),
        pytest.param({"kind": User.Kind.MACHINE, "is_superuser": True}, id="powerful machine"),
    ],
)
def test_kept_out_with_the_right_password(kept_out, client):
    person = factories.person(roles.OPS_MANAGER, **kept_out)
    answer = try_in(client, person.username)
    assert answer.status_code == 200
    assert not is_in(client)
    assert kinds()[-1] == "sign_in_failed"


def test_the_portals_own_identity_has_no_password(client):
    for password in ("", "!", "system"):
        try_in(client, "system", password)
    assert not is_in(client)


def test_session_gets_a_new_key_at_sign_in(client):
    person = factories.person()
    client.get(LOGIN)
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies["sessionid"] = planted = session.session_key
    try_in(client, person.username)
    assert client.cookies["sessionid"].value != planted


def test_session_of_somebody_who_became_a_machine_ends(client):
    person = factories.person()
    try_in(client, person.username)
    assert client.get("/").status_code == 200
    person.kind = User.Kind.MACHINE
    person.save()
    assert client.get("/").status_code == 302


def test_other_sessions_end_when_the_password_changes(client):
    person = factories.person()
    other = Client()
    try_in(client, person.username)
    try_in(other, person.username)
    person.set_password("something else entirely")
    person.save()
    assert other.get("/").status_code == 302


def test_sign_out_needs_a_post(client):
    person = factories.person()
    try_in(client, person.username)
    client.get(reverse("account_logout"))
    assert is_in(client)
    client.post(reverse("account_logout"))
    assert not is_in(client)
    assert kinds()[-1] == "signed_out"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.test/",
        "//evil.test/",
        "/\\evil.test",
        "\\\\evil.test",
        "javascript:alert(1)",
        "http:///evil.test",
        "/%09/evil.test",
        "https:evil.test",
        "\thttps://evil.test",
    ],
)
def test_next_does_not_lead_away(target, client):
    person = factories.person()
    answer = client.post(LOGIN, {"login": person.username, "password": PASSWORD, "next": target})
    assert answer.status_code == 302
    assert not urlsplit(answer.url).netloc
    assert answer.url.startswith("/")
    assert not answer.url.startswith(("//", "/\\"))


def test_next_leads_on_inside(client):
    person = factories.person()
    answer = client.post(
        LOGIN, {"login": person.username, "password": PASSWORD, "next": "/tickets/"}
    )
    assert answer.url == "/tickets/"


def test_nobody_registers(client):
    answer = client.get("/accounts/signup/")
    assert b"password1" not in answer.content
    client.post(
        "/accounts/signup/",
        {"email": "eve@evil.test", "username": "eve", "password1": PASSWORD, "password2": PASSWORD},
    )
    assert not User.objects.get_queryset().filter(username="eve").exists()


def test_cookie_is_out_of_reach_of_scripts_and_other_sites(client):
    person = factories.person()
    try_in(client, person.username)
    cookie = client.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_sign_in_needs_the_csrf_token():
    person = factories.person()
    client = Client(enforce_csrf_checks=True)
    assert try_in(client, person.username).status_code == 403


def test_password_is_stored_with_argon2(settings):
    from django.contrib.auth.hashers import get_hasher

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    person = factories.person()
    assert person.password.startswith("argon2")
    assert get_hasher("default").algorithm == "argon2"
