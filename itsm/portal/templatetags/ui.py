"""The parts that every page is made of, as template tags. Usage: docs/design.md.

Cells come from `itsm.portal.cells`; larger parts are templates in `templates/components/`; parts
that hold other parts are block tags.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.forms import BaseForm, BoundField
from django.template import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from itsm.core.context import current
from itsm.core.text import render_markdown
from itsm.portal import cells, differences, marks, spans
from itsm.portal.events import event

register = template.Library()

for _cell in (
    cells.icon,
    cells.state_chip,
    cells.priority_chip,
    cells.level_chip,
    cells.label_chip,
    cells.label_chips,
    cells.tone_chip,
    cells.ref,
    cells.when,
    cells.moment,
    cells.time_of_day,
    cells.clock,
    cells.person,
    cells.avatar,
    cells.word_diff,
):
    register.simple_tag(_cell)


@register.filter
def span(length: timedelta | float | None) -> str:
    """A length of time in words: `1 h 12 min`."""
    return cells.DASH if length is None or length == "" else spans.span(length)


@register.filter
def day_name(at: datetime) -> str:
    """`Thu 12 Mar 2026`, the heading of a day in a timeline."""
    return spans.stamp(at).partition(",")[0]


@register.filter
def markdown(source: object) -> SafeString:
    """Markdown written by people as sanitised HTML; stand it in a `.prose`."""
    return render_markdown(str(source or ""))


register.simple_tag(event)


# The shell


@register.simple_tag
def css_link(name: str) -> SafeString:
    """A style sheet of `static/css/`."""
    return format_html('<link rel="stylesheet" href="{}">', static(f"css/{name}.css"))


@register.simple_tag
def request_id() -> str:
    """The reference of this request in logs and trail, even where a template has no request."""
    return current().request_id


@register.simple_tag
def utc_and_local() -> dict[str, str]:
    """The time of the top bar: UTC, and the reader's own when it is another one."""
    now = timezone.now()
    local = timezone.localtime(now)
    same = local.utcoffset() == timedelta(0)
    return {
        "utc": f"{now:%H:%M}",
        "local": "" if same else f"{local:%H:%M}",
        "zone": f"{local:%Z}",
    }


# Lists


@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(context: Context, field: str, label: str, css: str = "") -> dict[str, Any]:
    """A column head that sorts by `field` through `?sort=` and keeps the filters."""
    request = context["request"]
    order = request.GET.get("sort", context.get("default_sort", ""))
    up, down = order == field, order == f"-{field}"
    query = request.GET.copy()
    for key in ("cursor", "page", "after", "before"):
        query.pop(key, None)
    query["sort"] = f"-{field}" if up else field
    return {"label": label, "css": css, "up": up, "down": down, "url": f"?{query.urlencode()}"}


@register.inclusion_tag("components/pager.html")
def pager(page: Any) -> dict[str, Any]:
    """First, previous, next. `page` has first_url, previous_url, next_url and text."""
    return {"page": page}


@register.inclusion_tag("components/filter_bar.html", takes_context=True)
def filter_bar(
    context: Context,
    *,
    form: BaseForm | None = None,
    search: str = "q",
    active: Sequence[Any] = (),
    saved: Sequence[Any] = (),
    save_url: str = "",
    exports: Sequence[Any] = (),
) -> dict[str, Any]:
    """Search and filters in the address, saved views, export."""
    request = context["request"]
    return {
        "request": request,
        "csrf_token": context.get("csrf_token"),
        "form": form,
        "search": search,
        "search_value": request.GET.get(search, ""),
        "sort": request.GET.get("sort", ""),
        "query": request.GET.urlencode(),
        "active": active,
        "saved": saved,
        "save_url": save_url,
        "exports": exports,
    }


# Forms and actions


@register.inclusion_tag("components/field.html")
def field(
    bound: BoundField, *, label: str = "", optional: bool = False, plain: bool = False
) -> dict[str, Any]:
    """Label, help, error and control of one form field; `plain` drops help and placeholder."""
    widget = bound.field.widget
    if plain:
        widget.attrs.pop("placeholder", None)
        bound.help_text = ""
    return {
        "field": bound,
        "label": label or bound.label,
        "optional": optional and not bound.field.required,
        "check": getattr(widget, "input_type", "") == "checkbox" and not bound.use_fieldset,
    }


@register.inclusion_tag("components/error_summary.html")
def error_summary(form: BaseForm) -> dict[str, Any]:
    """What has to be put right, each with a link to its field."""
    return {"form": form}


@register.inclusion_tag("components/action.html", takes_context=True)
def action(
    context: Context,
    label: str,
    url: str = "",
    *,
    method: str = "post",
    kind: str = "",
    icon: str = "",
    reason: str = "",
    who: str = "",
    next: str = "",  # noqa: A002 (the name of the form field)
) -> dict[str, Any]:
    """A button that posts, or a link. With a reason it is disabled and says why and who helps."""
    return {
        "csrf_token": context.get("csrf_token"),
        "label": label,
        "url": url,
        "method": method,
        "kind": kind,
        "icon": icon,
        "reason": reason,
        "who": who,
        "next": next,
        "id": f"why-{zlib.crc32(f'{label}{url}{reason}'.encode()):x}",
    }


# Parts of pages


@register.inclusion_tag("components/empty.html")
def empty_state(
    title: str, text: str = "", *, icon: str = "", action: str = "", url: str = "", css: str = ""
) -> dict[str, Any]:
    """Nothing here yet: what to do first."""
    return {"title": title, "text": text, "icon": icon, "action": action, "url": url, "css": css}


@register.inclusion_tag("components/stat.html")
def stat(
    label: str, value: object, url: str = "", *, unit: str = "", note: str = "", tone: str = ""
) -> dict[str, Any]:
    """A number that opens the records behind it."""
    return {
        "label": label,
        "value": value,
        "url": url,
        "unit": unit,
        "note": note,
        "tone": tone,
    }


@register.inclusion_tag("components/progress.html")
def progress(
    value: float | None, maximum: float = 100, *, label: str = "", note: str = "", tone: str = ""
) -> dict[str, Any]:
    """How far long work is; without a value it only says that it runs."""
    return {"value": value, "maximum": maximum, "label": label, "note": note, "tone": tone}


@register.inclusion_tag("components/step_rail.html")
def step_rail(steps: Iterable[Any]) -> dict[str, Any]:
    """The eight steps: number, name, state, label, url, current (and note)."""
    return {"steps": [(step, marks.mark_of(_state(step))) for step in steps]}


def _state(step: Any) -> str:
    return str(step["state"] if isinstance(step, Mapping) else step.state)


@register.inclusion_tag("components/diff.html")
def diff(
    before: str, after: str, *, before_title: str = "", after_title: str = ""
) -> dict[str, Any]:
    """Two versions of a text: side by side on wide screens, one column on narrow ones."""
    return {
        "rows": differences.rows(before, after),
        "before_title": before_title,
        "after_title": after_title,
        "same": before == after,
    }


@register.simple_block_tag
def panel(
    content: str,
    title: str,
    *,
    count: object = "",
    css: str = "",
    id: str = "",  # noqa: A002 (the attribute)
    level: int = 2,
) -> SafeString:
    """A titled part of a page."""
    number = format_html(' <span class="count">{}</span>', count) if count not in {"", None} else ""
    anchor = format_html(' id="{}"', id) if id else ""
    return format_html(
        '<section class="panel {}"{}><div class="panel-head"><h{}>{}{}</h{}></div>'
        '<div class="panel-body">{}</div></section>',
        css,
        anchor,
        level,
        title,
        number,
        level,
        content,
    )


@register.simple_block_tag
def fact(content: str, label: str) -> SafeString:
    """One line of a `<dl class="facts">`."""
    return format_html('<div class="facts-pair"><dt>{}</dt><dd>{}</dd></div>', label, content)


@register.simple_block_tag
def alert(content: str, kind: str = "info", title: str = "", *, css: str = "") -> SafeString:
    """A box of kind info, good, warn or danger (or a level of Django's messages)."""
    mark = marks.ALERTS.get(kind, marks.ALERTS["info"])
    head = format_html('<p class="alert-title">{}</p>', title) if title else ""
    return format_html(
        '<div class="alert tone-{} {}">{}<div class="alert-body">{}{}</div></div>',
        mark.tone,
        css,
        cells.symbol(mark.icon),
        head,
        content,
    )


@register.simple_block_tag
def menu(
    content: str, label: str, *, icon: str = "", css: str = "", button: str = ""
) -> SafeString:
    """A button that opens a panel in place, without JavaScript too."""
    return format_html(
        '<details class="menu {}" data-menu><summary class="button {}">{}{}{}</summary>'
        '<div class="menu-panel">{}</div></details>',
        css,
        button,
        cells.symbol(icon) if icon else "",
        label,
        cells.symbol("chevron-down"),
        content,
    )


@register.simple_block_tag
def disclosure(content: str, label: str, *, open: bool = False) -> SafeString:  # noqa: A002
    """More, for who wants it."""
    return format_html(
        '<details class="disclosure"{}><summary>{}{}</summary>'
        '<div class="disclosure-body">{}</div></details>',
        mark_safe(" open") if open else "",
        cells.symbol("chevron-right"),
        label,
        content,
    )


@register.simple_block_tag
def record_header(
    content: str, reference: object, title: object, *, parent: str = "", parent_url: str = ""
) -> SafeString:
    """The sticky head of a record: reference, chips and clocks (the content), title."""
    trail = format_html('<a class="ref" href="{}">{}</a> / ', parent_url, parent) if parent else ""
    return format_html(
        '<div class="record-head"><div class="record-marks"><span class="ref">{}{}</span>{}</div>'
        "<h1>{}</h1></div>",
        trail,
        reference,
        content,
        title,
    )
