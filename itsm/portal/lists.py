"""The frame of every list: filters in the address, stable sort, keyset pages, views, exports.

A domain's list is a subclass:

    class TicketList(RecordList):
        page = "tickets"                      # names its saved views and exports
        title = "Tickets"
        one, many = "ticket", "tickets"
        filterset_class = TicketFilter        # a django_filters.FilterSet; text search is `q`
        row_template = "tickets/_row.html"    # one <tr> of `record`; give its a.row-link an id,
                                              # so that focus survives a refresh
        columns = (
            Column("Reference", lambda t: t.reference, sort="reference"),
            Column("Title", lambda t: t.title),
        )
        orders = {"reference": Order("pk"), "due": Order("resolution_due_at")}
        default_sort = "-reference"
        presets = (("Overdue", "overdue=1"),)
        refresh_seconds = 0                   # > 0: the table renews itself by HTMX

        def records(self): return Ticket.objects.visible_to(self.request.user).for_list()

Address: `?q=&state=open&sort=-due&after=…&per=50&export=csv`. `sort=-name` is descending.
The HTMX form of the same address (target `results`) is the table alone. Queries: one for the rows
with what `records` prefetches, one for the capped count, one for saved views.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.vary import vary_on_headers
from django_filters import FilterSet

from itsm.core.errors import Invalid
from itsm.portal import exports, keyset
from itsm.portal.keyset import Order
from itsm.portal.views.saved import offered_views

__all__ = ["Column", "Order", "RecordList"]

#: Counting stops here: "1,000+" is as useful as 873,214 and costs nothing.
COUNT_CAP = 1000

_PAGING = ("after", "before", "export")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its head, its cell in an export, and the order it sorts by, if any.

    One that is not `shown` is in exports only.
    """

    label: str
    value: Callable[[Any], Any]
    sort: str = ""
    css: str = ""
    shown: bool = True


@method_decorator(vary_on_headers("HX-Request"), name="dispatch")
class RecordList(LoginRequiredMixin, View):
    """See the module's docstring."""

    page: ClassVar[str]
    title: ClassVar[str]
    one: ClassVar[str]
    many: ClassVar[str]
    filterset_class: ClassVar[type[FilterSet]]
    row_template: ClassVar[str]
    columns: ClassVar[Sequence[Column]]
    orders: ClassVar[Mapping[str, Order]]
    default_sort: ClassVar[str]
    presets: ClassVar[Sequence[tuple[str, str]]] = ()
    template_name: ClassVar[str] = "portal/list.html"
    icon: ClassVar[str] = "document"
    empty_title: ClassVar[str] = "Nothing here yet"
    empty_text: ClassVar[str] = ""
    refresh_seconds: ClassVar[int] = 0
    sizes: ClassVar[Sequence[int]] = (25, 50, 100)

    def records(self) -> QuerySet[Any]:
        """What this reader may see, with what a row shows."""
        raise NotImplementedError

    def extra_context(self) -> dict[str, Any]:
        """More for the page, e.g. `create_url` and `create_label` for whoever may create one."""
        return {}

    def get(self, request: HttpRequest) -> HttpResponseBase:
        filterset = self.filterset_class(request.GET, queryset=self.records(), request=request)
        valid = filterset.is_valid()
        found = filterset.qs if valid else filterset.queryset.none()
        kind = request.GET.get("export")
        if valid and kind in ("csv", "xlsx"):
            ordered = found.order_by(*self.order().names())
            heads = [str(column.label) for column in self.columns]
            return exports.export(kind, self.page, ordered, heads, self.cells)
        context = {"filterset": filterset, "list": self} | self.extra_context()
        context |= self.results(found)
        body = render_to_string("portal/_rows.html", context, request)
        context |= {"rows": body, "digest": hashlib.sha256(body.encode()).hexdigest()[:32]}
        if request.headers.get("HX-Target") == "results":
            return self.part(context)
        context |= self.bar(filterset)
        return TemplateResponse(request, self.template_name, context, status=200 if valid else 422)

    def part(self, context: dict[str, Any]) -> HttpResponseBase:
        """The table alone; nothing when the reader has this very table, so that nothing jumps."""
        if self.request.headers.get("X-Have") == context["digest"]:
            return HttpResponse(status=204)
        return TemplateResponse(self.request, "portal/_results.html", context)

    def cells(self, record: Any) -> list[Any]:
        return [column.value(record) for column in self.columns]

    def sort(self) -> str:
        """The asked order, or the default when it is not one of ours."""
        asked = self.request.GET.get("sort", "")
        return asked if asked.lstrip("-") in self.orders else self.default_sort

    def order(self) -> Order:
        sort = self.sort()
        return replace(self.orders[sort.lstrip("-")], descending=sort.startswith("-"))

    def size(self) -> int:
        asked = self.request.GET.get("per", "50")
        if not asked.isdigit() or int(asked) not in self.sizes:
            raise Invalid(
                "A page of a list has 25, 50 or 100 rows.", hint="Choose one of these with `per`."
            )
        return int(asked)

    def results(self, found: QuerySet[Any]) -> dict[str, Any]:
        """The table: one page of rows with its neighbours, and the capped count."""
        query = self.request.GET
        page = keyset.read_page(
            found,
            self.order(),
            size=self.size(),
            after=query.get("after", ""),
            before=query.get("before", ""),
        )
        count = found.order_by().values("pk")[: COUNT_CAP + 1].count()
        return {
            "records": page.rows,
            "filtered": any(v for k, v in query.items() if k not in ("sort", "per")),
            "default_sort": self.default_sort,
            "page": self.pages(page, count),
            "refresh_url": self.request.get_full_path(),
        }

    def pages(self, page: keyset.Page, count: int) -> dict[str, str]:
        """What the pager shows: addresses of the neighbours and a sentence."""
        total = f"{COUNT_CAP:,}+" if count > COUNT_CAP else f"{count:,}"
        noun = self.one if count == 1 else self.many
        return {
            "first_url": self.address() if page.before else "",
            "previous_url": self.address(before=page.before) if page.before else "",
            "next_url": self.address(after=page.after) if page.after else "",
            "text": f"{len(page.rows):,} of {total} {noun}" if count else "",
        }

    def address(self, **changes: str) -> str:
        """This list's query with paging dropped and `changes` made; "" drops a parameter."""
        query = self.request.GET.copy()
        for name in _PAGING:
            query.pop(name, None)
        for name, value in changes.items():
            query.pop(name, None)
            if value:
                query[name] = value
        return f"?{query.urlencode()}" if query else self.request.path

    def bar(self, filterset: FilterSet) -> dict[str, Any]:
        """Filters in force with a way to drop each, saved views, exports."""
        query = self.saved_query()
        return {
            "active": self.active_filters(filterset),
            "saved": offered_views(self.request, self.page, self.presets, query),
            "save_url": reverse("portal:save-view", args=[self.page]),
            "exports": [
                {"label": "CSV", "url": self.address(export="csv")},
                {"label": "Excel (XLSX)", "url": self.address(export="xlsx")},
            ],
        }

    def saved_query(self) -> str:
        query = self.request.GET.copy()
        for name in (*_PAGING, "per"):
            query.pop(name, None)
        return query.urlencode()

    def active_filters(self, filterset: FilterSet) -> list[dict[str, str]]:
        found = []
        for name, bound in filterset.form.fields.items():
            values = [v for v in self.request.GET.getlist(name) if v]
            labels = _labels(bound, values)
            for value, label in zip(values, labels, strict=True):
                found.append(
                    {
                        "label": str(bound.label or name.replace("_", " ").capitalize()),
                        "value": label,
                        "remove_url": self._without(name, value),
                    }
                )
        return found

    def _without(self, name: str, value: str) -> str:
        query: QueryDict = self.request.GET.copy()
        query.setlist(name, [other for other in query.getlist(name) if other != value])
        for paging in _PAGING:
            query.pop(paging, None)
        return f"?{query.urlencode()}" if query else self.request.path


def _labels(field: Any, values: Sequence[str]) -> list[str]:
    """How a person reads the values: the words of the choices where there are some."""
    choices = {
        str(key): str(label)
        for key, label in getattr(field, "choices", ())
        if not isinstance(label, list | tuple)
    }
    return [choices.get(value, value) for value in values]
