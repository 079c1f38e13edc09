"""Rules: who may, and what else must hold. A rule is a named function that gives a sentence.

A rule takes `(by, record)` and returns the reason against it as one sentence, or `""` when it
holds. The same rule answers the command (which raises) and the page (which shows the sentence on
the disabled button), so the two cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from itsm.core.errors import NotAllowed

if TYPE_CHECKING:
    from itsm.people.models import User

Rule = Callable[["User", Any], str]


def ensure(rule: Rule, by: User, record: Any) -> None:
    """Raise NotAllowed (403) with the rule's sentence unless the rule holds."""
    if reason := rule(by, record):
        raise NotAllowed(reason)


def first_reason(by: User, record: Any, *rules: Rule) -> str:
    """The first reason against, or "" when all rules hold."""
    return next((reason for rule in rules if (reason := rule(by, record))), "")
