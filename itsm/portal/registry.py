"""What domains plug into the portal from their `AppConfig.ready`: navigation, home, search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.http import HttpRequest

    from itsm.people.models import User


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """An entry of the left rail. `icon` is a symbol of static/img/icons.svg."""

    label: str
    url_name: str
    icon: str
    position: int
    prefix: str
    may_see: Callable[[User], bool] = lambda user: True


@dataclass(frozen=True, slots=True)
class HomePart:
    """A panel of the home page: a template and the function that fills it.

    `fill` answers None when the panel has nothing to say to this person. It runs on each visit, so
    it reads only what an index gives.
    """

    template: str
    position: int
    fill: Callable[[User], dict[str, Any] | None]
    side: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """One search result."""

    kind: str
    reference: str
    title: str
    url: str
    state: str = ""
    state_label: str = ""


@dataclass(frozen=True, slots=True)
class SearchSource:
    """Where search looks. `find` is given the reader and the words; `open` resolves a reference."""

    prefixes: Sequence[str]
    find: Callable[[User, str], Sequence[Hit]]
    resolve: Callable[[User, int], str | None]


@dataclass(slots=True)
class Registry:
    navigation: list[NavigationEntry] = field(default_factory=list)
    home: list[HomePart] = field(default_factory=list)
    search: list[SearchSource] = field(default_factory=list)

    def entries(self, request: HttpRequest) -> list[dict[str, Any]]:
        """The rail for this reader, the present page marked."""
        from django.urls import reverse

        user: Any = request.user
        return [
            {
                "label": entry.label,
                "url": reverse(entry.url_name),
                "icon": entry.icon,
                "active": request.path == "/"
                if entry.prefix == "/"
                else request.path.startswith(entry.prefix),
            }
            for entry in sorted(self.navigation, key=lambda e: e.position)
            if entry.may_see(user)
        ]


registry = Registry()
