"""The admin site: who may enter, one sign-in door, and a sidebar made from what is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.templatetags.static import static
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from unfold.sites import UnfoldAdminSite

from itsm.core.commands import Refusal, refusal_listeners
from itsm.core.errors import NotAllowed

#: The permission to come in at all. What somebody may do inside is asked record by record.
ENTER = "people.administer_user"

#: The groups of the sidebar, in order. The last holds what is also seen on its record's page.
PARTS = "Parts of records"
GROUPS = ("Work", "Catalog", "Policies", "People", "Trail", "Jobs", PARTS)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the admin that is no model's: its path, title and place in the sidebar."""

    path: str
    name: str
    title: str
    icon: str
    group: str
    view: Callable[[HttpRequest], HttpResponse]
    permission: str
    explains: str = ""


class PortalAdminSite(UnfoldAdminSite):
    """The ops managers' side of the portal; auditors may look.

    Entry follows from a permission, hence from the groups of the person, and not from a flag that
    somebody has to remember to take away. Sign-in is the portal's own.
    """

    index_title = "Admin"
    pages: list[Page]

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.pages = []

    def has_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(
            user.is_authenticated
            and user.is_active
            and not user.is_machine
            and user.has_perm(ENTER)
        )

    def add_page(self, page: Page) -> None:
        if page.name not in {known.name for known in self.pages}:
            self.pages.append(page)

    def extra_urls(self) -> list[URLPattern]:
        return [
            path(page.path, self.admin_view(_guarded(page)), name=page.name) for page in self.pages
        ]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """A stranger is sent to sign in; somebody who may not is refused, and that is recorded."""
        inner = super().admin_view(view, cacheable)

        def door(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            leaving = request.path == reverse(f"{self.name}:logout")
            if request.user.is_authenticated and not leaving and not self.has_permission(request):
                raise _refusal(request, "The admin is for ops managers and auditors.")
            try:
                return inner(request, *args, **kwargs)
            except PermissionDenied as denied:
                raise _refusal(request, "Your groups do not allow this.") from denied

        door.csrf_exempt = getattr(inner, "csrf_exempt", False)  # type: ignore[attr-defined]
        return update_wrapper(door, view)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """There is one sign-in: the portal's, with its lock-out and its trail."""
        if request.user.is_authenticated:
            if not self.has_permission(request):
                raise _refusal(request, "The admin is for ops managers and auditors.")
            return redirect(f"{self.name}:index")
        after = request.GET.get("next") or reverse(f"{self.name}:index")
        return redirect_to_login(after, resolve_url(settings.LOGIN_URL))

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        return redirect("account_change_password")


def _guarded(page: Page) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(page.permission):
            raise PermissionDenied
        return page.view(request)

    return view


def _refusal(request: HttpRequest, sentence: str) -> NotAllowed:
    """The error to raise, told to the trail as any refused command is."""
    error = NotAllowed(sentence, hint="An ops manager can say who may, or change your groups.")
    by: Any = request.user
    what = f"admin.{'open' if request.method in {'GET', 'HEAD'} else 'write'} {request.path}"
    for listen in refusal_listeners:
        listen(Refusal(what[:200], by, None, error))
    return error


def environment(request: HttpRequest) -> list[str] | None:
    """The badge in the header: the embedded database is for a trial."""
    return ["TRIAL", "warning"] if connection.vendor == "sqlite" else None


def stylesheet(request: HttpRequest) -> str:
    """Our own parts in the theme's colours."""
    return static("css/admin.css")


def favicon(request: HttpRequest) -> str:
    return static("img/mark.svg")


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Every registered model and page under its group: nothing is registered and unreachable."""
    site: Any = admin.site
    groups: dict[str, list[dict[str, Any]]] = {name: [] for name in GROUPS}
    for model, model_admin in site._registry.items():
        if not model_admin.has_view_or_change_permission(request):
            continue
        opts = model._meta
        groups[getattr(model_admin, "group", "Work")].append(
            {
                "title": capfirst(opts.verbose_name_plural),
                "icon": getattr(model_admin, "icon", "description"),
                "link": reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"),
                "explains": getattr(model_admin, "explains", "") or _what_it_is(model),
                "place": getattr(model_admin, "place", 50),
            }
        )
    for page in site.pages:
        if request.user.has_perm(page.permission):
            groups[page.group].append(
                {
                    "title": page.title,
                    "icon": page.icon,
                    "link": reverse(f"admin:{page.name}"),
                    "explains": page.explains,
                    "place": 0,
                }
            )
    return [
        {
            "title": name,
            "separator": True,
            "collapsible": name == PARTS,
            "items": sorted(items, key=_by_place),
        }
        for name, items in groups.items()
        if items
    ]


def _by_place(item: dict[str, Any]) -> tuple[int, str]:
    return item["place"], item["title"]


def _what_it_is(model: Any) -> str:
    """What the thing is in the real world: the first paragraph of its model's docstring."""
    return " ".join((model.__doc__ or "").split("\n\n")[0].replace("`", "").split())
