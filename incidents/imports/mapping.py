"""What an importer knows of another system, as data: columns, states, priorities, dates."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping as Map
from dataclasses import dataclass, field

from incidents.imports.problems import Unusable

#: Every field an event can carry. A mapping names the columns that hold them.
TEXTS = (
    "title",
    "description",
    "who",
    "group",
    "person",
    "made_sla",
    "category",
    "subcategory",
    "symptom",
    "item",
    "caller",
    "opened_by",
    "contact",
    "location",
    "problem",
    "change",
    "caused_by",
    "vendor",
    "code",
    "resolved_by",
)
MOMENTS = ("opened_at", "resolved_at", "closed_at")
COUNTS = ("modification", "reassignments")


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a state of the other system leads: our ticket state, and on whom it waits."""

    state: str
    waiting_on: str = ""


@dataclass(frozen=True, slots=True)
class Mapping:
    """One system's export. Keys of value maps are compared without regard to case.

    `columns`: our field → the names its column may have, first found wins. `matrix`: impact and
    urgency → priority, as that system computes it. `unknown_states`: the marker that the system
    itself writes for "not known", which keeps the previous state.
    """

    name: str
    system: str
    columns: Map[str, tuple[str, ...]]
    required: tuple[str, ...]
    states: Map[str, Goal]
    grades: Map[str, str]
    priorities: Map[str, int]
    matrix: Map[tuple[str, str], int]
    levels: Map[int, int]
    policy_note: str
    unknown_states: frozenset[str] = frozenset()
    categories: Map[str, str] = field(default_factory=dict)
    date_formats: tuple[str, ...] = ("%Y-%m-%d %H:%M:%S",)
    missing: frozenset[str] = frozenset({""})

    def goal(self, state: str) -> Goal | None:
        return self.states.get(state.casefold())


def names() -> list[str]:
    """The mappings there are: one module each in `incidents.imports.mappings`."""
    package = importlib.import_module("incidents.imports.mappings")
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def named(name: str) -> Mapping:
    """Raises Unusable with the known names when there is no such mapping."""
    if name not in names():
        raise Unusable(f"There is no mapping “{name}”. Known: {', '.join(names())}.")
    found = importlib.import_module(f"incidents.imports.mappings.{name}").MAPPING
    if not isinstance(found, Mapping):
        raise TypeError(f"MAPPING of {name} is not a Mapping")
    return found
