"""The cloud accounts of the invented customer Kauri Grid, and the instances in them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from itsm.catalog.models import Account, Customer, Environment, Resource
from itsm.core.inserts import insert
from itsm.demo.making import REASON, make

PROD, STAGING, DEV, DR = Environment.PROD, Environment.STAGING, Environment.DEV, Environment.DR

#: Name and environment of the accounts of Kauri Grid, and how many instances run in each.
ACCOUNTS: Sequence[tuple[str, Environment, int]] = (
    ("payments-prod", PROD, 12),
    ("payments-staging", STAGING, 6),
    ("metering-prod", PROD, 14),
    ("metering-staging", STAGING, 7),
    ("portal-prod", PROD, 9),
    ("portal-staging", STAGING, 5),
    ("billing-prod", PROD, 11),
    ("billing-staging", STAGING, 5),
    ("identity-prod", PROD, 6),
    ("platform-prod", PROD, 10),
    ("platform-dev", DEV, 6),
    ("data-prod", PROD, 8),
    ("data-dev", DEV, 5),
    ("apps-dev", DEV, 4),
    ("shared-services", PROD, 4),
    ("recovery", DR, 2),
    ("outage-map-prod", PROD, 3),
)

#: Instances that were launched after the customer wrote the list: all of the last account's, and
#: these many of others.
LATE = {"outage-map-prod": 3, "portal-prod": 2, "metering-prod": 1, "data-dev": 1}


def load_accounts(customer: Customer) -> list[Account]:
    return [
        make(
            Account(
                number=f"7000{number:02d}0180{number:02d}",
                name=name,
                customer=customer,
                environment=environment,
                regulated=name.startswith(("payments-prod", "metering-prod")),
            )
        )
        for number, (name, environment, _) in enumerate(ACCOUNTS, start=1)
    ]


def load_instances(accounts: Sequence[Account]) -> list[Resource]:
    """117 instances; an id follows from account and number, so that every load has the same."""
    counts = [count for _, _, count in ACCOUNTS]
    instances = [
        Resource(
            identifier=_instance_id(account, number),
            name=f"{account.name}-{number:02d}",
            kind="compute",
            account=account,
            environment=account.environment,
        )
        for account, count in zip(accounts, counts, strict=True)
        for number in range(1, count + 1)
    ]
    insert(instances, reason=REASON)
    return instances


def _instance_id(account: Account, number: int) -> str:
    digest = hashlib.sha256(f"{account.number}/{number}".encode()).hexdigest()
    return f"i-0{digest[:16]}"


def is_late(instance: Resource) -> bool:
    """Launched after the customer wrote the list."""
    account = instance.account.name
    count = next(count for name, _, count in ACCOUNTS if name == account)
    return int(instance.name.rsplit("-", 1)[1]) > count - LATE.get(account, 0)
