"""Invented people, one for each role and a few colleagues, with generated passwords and teams."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.utils import timezone
from django.utils.text import slugify

from itsm.catalog.models import Customer
from itsm.demo.making import make
from itsm.people import roles
from itsm.people.models import ContactMethod, Membership, Team, User

#: Addresses under .example belong to nobody (RFC 2606).
_DOMAIN = "demo.example"

#: Without characters that are taken for one another.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demo data. `customer`: slug of the customer whose person it is."""

    username: str
    first_name: str
    last_name: str
    time_zone: str
    role: str
    customer: str = ""


PEOPLE = (
    Person("mele", "Mele", "Taufa", "Pacific/Auckland", roles.REQUESTER),
    Person("amara", "Amara", "Okafor", "Europe/London", roles.RESPONDER),
    Person("tomasz", "Tomasz", "Wieczorek", "Europe/Warsaw", roles.COMMANDER),
    Person("leilani", "Leilani", "Kealoha", "Pacific/Honolulu", roles.COMMUNICATIONS),
    Person("priya", "Priya", "Raghunathan", "Asia/Kolkata", roles.CHANGE_MANAGER),
    Person("sven", "Sven", "Lindqvist", "Europe/Stockholm", roles.CAB_REVIEWER),
    Person("hana", "Hana", "Kobayashi", "Asia/Tokyo", roles.BUSINESS),
    Person("yusuf", "Yusuf", "Demir", "Europe/Istanbul", roles.SECURITY),
    Person("chloe", "Chloé", "Marchand", "Europe/Paris", roles.ENGINEERING),
    Person("ngaio", "Ngaio", "Parata", "Pacific/Auckland", roles.OPS_MANAGER),
    Person("ingrid", "Ingrid", "Sørensen", "Europe/Oslo", roles.AUDITOR),
    Person("rewi", "Rewi", "Henare", "Pacific/Auckland", roles.CUSTOMER, "kauri-grid"),
    Person("diego", "Diego", "Fuentes", "America/Santiago", roles.RESPONDER),
    Person("meiling", "Mei-Ling", "Zhou", "Asia/Singapore", roles.RESPONDER),
    Person("kwame", "Kwame", "Mensah", "Africa/Accra", roles.RESPONDER),
    Person("fatima", "Fatima", "Al-Sayed", "Asia/Dubai", roles.RESPONDER),
)

_MEMBER, _LEAD, _MANAGER = Membership.Role.MEMBER, Membership.Role.LEAD, Membership.Role.MANAGER

#: Team → what it does, and who is in it as what.
TEAMS: Mapping[str, tuple[str, Mapping[str, Membership.Role]]] = {
    "Cloud Platform": (
        "Accounts, compute, storage and messaging that everything else runs on.",
        {"amara": _LEAD, "diego": _MEMBER, "meiling": _MEMBER, "chloe": _MANAGER},
    ),
    "Payments Operations": (
        "Payments, billing and card authorisation.",
        {"kwame": _LEAD, "fatima": _MEMBER, "tomasz": _MANAGER},
    ),
    "Digital Channels": (
        "Portals, maps and apps that customers use.",
        {"amara": _MEMBER, "meiling": _LEAD, "chloe": _MANAGER},
    ),
    "Data Platform": (
        "Readings, reports and screening.",
        {"meiling": _LEAD, "amara": _MEMBER, "chloe": _MANAGER},
    ),
    "Identity and Access": (
        "Sign-in, certificates and permissions.",
        {"fatima": _LEAD, "kwame": _MEMBER, "tomasz": _MANAGER},
    ),
    "Network Operations": (
        "Lines, names, VPN and messages to operators.",
        {"diego": _LEAD, "meiling": _MEMBER, "tomasz": _MANAGER},
    ),
    "Service Desk": (
        "First contact for everybody.",
        {"kwame": _MEMBER, "mele": _MEMBER, "ngaio": _MANAGER},
    ),
}


def new_password() -> str:
    """Three groups of four: easy to type, 59 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))


def load_people(customers: Mapping[str, Customer]) -> tuple[dict[str, User], dict[str, str]]:
    """Everybody by user name, and their passwords, which are kept nowhere in the database."""
    groups = {group.name: group for group in Group.objects.filter(name__in=roles.ALL)}
    users, passwords = {}, {}
    for number, person in enumerate(PEOPLE):
        passwords[person.username] = new_password()
        customer = customers.get(person.customer)
        user = _user(person, passwords[person.username], customer)
        user.groups.add(groups[person.role])
        _contact_methods(user, number)
        users[person.username] = user
    return users, passwords


def _user(person: Person, password: str, customer: Customer | None) -> User:
    user = User(
        username=person.username,
        first_name=person.first_name,
        last_name=person.last_name,
        email=f"{person.username}@{_DOMAIN}",
        time_zone=person.time_zone,
        customer=customer,
    )
    user.set_password(password)
    return make(user)


def _contact_methods(user: User, number: int) -> None:
    """Verified ones, so that on-call has somebody to wake. The numbers are reserved for fiction."""
    phone, now = f"+447700900{number:03d}", timezone.now()
    kinds = ContactMethod.Kind
    ways = ((kinds.EMAIL, user.email), (kinds.PHONE, phone), (kinds.SMS, phone))
    for kind, address in ways:
        make(ContactMethod(user=user, kind=kind, address=address, verified_at=now))


def load_teams(users: Mapping[str, User]) -> dict[str, Team]:
    teams = {}
    for name, (description, members) in TEAMS.items():
        slug = slugify(name)
        team = Team(name=name, slug=slug, description=description, email=f"{slug}@{_DOMAIN}")
        teams[name] = make(team)
        for username, role in members.items():
            make(Membership(team=team, user=users[username], role=role))
    return teams
