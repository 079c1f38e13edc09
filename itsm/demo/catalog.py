"""The catalog of the demo data: invented customers, their calendars, accounts and services."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from itsm.catalog.models import (
    Account,
    BusinessCalendar,
    BusinessHours,
    CalendarDay,
    Customer,
    Resource,
    Service,
    ServiceDependency,
    Tier,
)
from itsm.demo.estate import load_accounts, load_instances
from itsm.demo.making import make
from itsm.people.models import Team

#: Slug → name, zone of its calendar, country, region, hours.
CUSTOMERS = {
    "kauri-grid": ("Kauri Grid", "Pacific/Auckland", "NZ", "AUK", (8, 18)),
    "larkfield-bank": ("Larkfield Bank", "Europe/London", "GB", "ENG", (8, 18)),
    "oriel-telecom": ("Oriel Telecom", "Europe/Lisbon", "PT", "", (9, 18)),
}

#: Slug → name, tier, owner team, customer, what it does.
SERVICES = {
    "payment-service": (
        "Payment service",
        Tier.CRITICAL,
        "Payments Operations",
        "kauri-grid",
        "Takes card payments and direct debits, and tells billing.",
    ),
    "billing-engine": (
        "Billing engine",
        Tier.CRITICAL,
        "Payments Operations",
        "kauri-grid",
        "Computes invoices from readings and tariffs, nightly.",
    ),
    "metering-ingest": (
        "Meter readings",
        Tier.CRITICAL,
        "Data Platform",
        "kauri-grid",
        "Receives half-hourly readings from 1.1 million meters.",
    ),
    "customer-portal": (
        "Customer portal",
        Tier.IMPORTANT,
        "Digital Channels",
        "kauri-grid",
        "Usage, invoices and moving house.",
    ),
    "outage-map": (
        "Outage map",
        Tier.IMPORTANT,
        "Digital Channels",
        "kauri-grid",
        "Where power is out, and until when; most visited in storms.",
    ),
    "mobile-app-api": (
        "Mobile app API",
        Tier.IMPORTANT,
        "Digital Channels",
        "kauri-grid",
        "What the app talks to.",
    ),
    "identity-provider": (
        "Identity provider",
        Tier.CRITICAL,
        "Identity and Access",
        "kauri-grid",
        "Sign-in for staff and customers.",
    ),
    "instance-scheduler": (
        "Instance scheduler",
        Tier.IMPORTANT,
        "Cloud Platform",
        "kauri-grid",
        "Stops instances overnight and starts them in the morning.",
    ),
    "message-bus": (
        "Message bus",
        Tier.IMPORTANT,
        "Cloud Platform",
        "kauri-grid",
        "Events between services.",
    ),
    "data-warehouse": (
        "Data warehouse",
        Tier.BEST_EFFORT,
        "Data Platform",
        "kauri-grid",
        "Reports for finance and regulation.",
    ),
    "card-authorisation": (
        "Card authorisation",
        Tier.CRITICAL,
        "Payments Operations",
        "larkfield-bank",
        "Answers the card schemes within 100 ms.",
    ),
    "online-banking": (
        "Online banking",
        Tier.CRITICAL,
        "Digital Channels",
        "larkfield-bank",
        "Accounts, transfers and standing orders.",
    ),
    "fraud-screening": (
        "Fraud screening",
        Tier.IMPORTANT,
        "Data Platform",
        "larkfield-bank",
        "Holds back what looks wrong.",
    ),
    "sms-gateway": (
        "SMS gateway",
        Tier.CRITICAL,
        "Network Operations",
        "oriel-telecom",
        "Messages from applications to phones.",
    ),
    "self-care-app": (
        "Self-care app",
        Tier.IMPORTANT,
        "Digital Channels",
        "oriel-telecom",
        "Balance, top-up and roaming.",
    ),
    "vpn-gateway": (
        "VPN gateway",
        Tier.IMPORTANT,
        "Network Operations",
        "",
        "The way in for colleagues on the road.",
    ),
    "dns-resolver": (
        "Name service",
        Tier.CRITICAL,
        "Network Operations",
        "",
        "Internal names, at two sites.",
    ),
}

NEEDS = {
    "payment-service": ("identity-provider", "message-bus"),
    "billing-engine": ("metering-ingest", "message-bus", "payment-service"),
    "metering-ingest": ("message-bus",),
    "customer-portal": ("identity-provider", "billing-engine"),
    "mobile-app-api": ("identity-provider", "outage-map", "billing-engine"),
    "data-warehouse": ("message-bus", "billing-engine"),
    "online-banking": ("fraud-screening", "card-authorisation"),
    "identity-provider": ("dns-resolver",),
    "message-bus": ("dns-resolver",),
    "sms-gateway": ("dns-resolver",),
    "self-care-app": ("sms-gateway",),
}


@dataclass(frozen=True, slots=True)
class Catalog:
    """What the other parts of the demo data stand on, by slug."""

    services: Mapping[str, Service]
    accounts: Sequence[Account]
    instances: Sequence[Resource]


def load_customers(year: int) -> dict[str, Customer]:
    """By slug, each with the business hours of its own zone."""
    return {
        slug: make(Customer(name=facts[0], slug=slug, calendar=_calendar(facts, year)))
        for slug, facts in CUSTOMERS.items()
    }


def load_catalog(customers: Mapping[str, Customer], teams: Mapping[str, Team]) -> Catalog:
    services = {slug: _service(slug, teams, customers) for slug in SERVICES}
    for slug, needed in NEEDS.items():
        for other in needed:
            make(ServiceDependency(service=services[slug], needs=services[other]))
    accounts = load_accounts(customers["kauri-grid"])
    return Catalog(services, accounts, load_instances(accounts))


def _calendar(facts: tuple[str, str, str, str, tuple[int, int]], year: int) -> BusinessCalendar:
    """Working hours with the region's public holidays, and a short day of the customer's own."""
    name, zone, country, region, (opens, closes) = facts
    calendar = BusinessCalendar(
        name=f"{name} business hours", time_zone=zone, country=country, subdivision=region
    )
    make(calendar)
    for weekday in range(5):
        hours = BusinessHours(
            calendar=calendar, weekday=weekday, opens=dt.time(opens), closes=dt.time(closes)
        )
        make(hours)
    eve = dt.date(year, 12, 24)
    short = CalendarDay(
        calendar=calendar,
        date=eve,
        name="Closes at noon",
        opens=dt.time(opens),
        closes=dt.time(12),
    )
    make(short)
    return calendar


def _service(slug: str, teams: Mapping[str, Team], customers: Mapping[str, Customer]) -> Service:
    name, tier, owner, customer, description = SERVICES[slug]
    service = Service(
        name=name,
        slug=slug,
        tier=tier,
        owner=teams[owner],
        customer=customers.get(customer),
        description=description,
    )
    return make(service)
