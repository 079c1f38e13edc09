"""Lists as CSV and XLSX: streamed, guarded against formulas, and entered in the trail."""

from __future__ import annotations

import csv
import datetime as dt
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, cast

from django.db.models import QuerySet
from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from openpyxl import Workbook

from itsm.audit.models import AuditEvent
from itsm.audit.trail import record
from itsm.core.cells import safe_cell
from itsm.core.errors import TooLarge

#: A sheet beyond this is of no use to a person; CSV has no limit.
XLSX_ROWS = 100_000


class _Line:
    """A file for the csv writer that hands each line back."""

    def write(self, text: str) -> str:
        return text


def safe(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; times as ISO 8601 UTC."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="seconds")
    if isinstance(value, bool | int | float):
        return value
    return safe_cell(str(value))


def export(
    kind: str,
    page: str,
    queryset: QuerySet[Any],
    heads: Sequence[str],
    cells: Callable[[Any], Iterable[Any]],
) -> HttpResponseBase:
    """The rows of `queryset` as a download of `kind` ("csv" or "xlsx")."""
    name = f"{page}-{timezone.now():%Y%m%d-%H%M}.{kind}"
    lines = _lines(queryset, heads, cells)
    response = _as_xlsx(queryset, lines) if kind == "xlsx" else _as_csv(lines)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    record(AuditEvent.Kind.EXPORTED, f"List {page} as {kind.upper()}", page=page)
    return response


def _lines(
    queryset: QuerySet[Any], heads: Sequence[str], cells: Callable[[Any], Iterable[Any]]
) -> Iterator[list[Any]]:
    yield list(heads)
    for row in queryset.iterator(chunk_size=1000):
        yield [safe(value) for value in cells(row)]


def _as_csv(lines: Iterator[list[Any]]) -> HttpResponseBase:
    writer = csv.writer(cast("Any", _Line()))
    body = (str(writer.writerow(line)) for line in lines)
    return StreamingHttpResponse(body, content_type="text/csv; charset=utf-8")


def _as_xlsx(queryset: QuerySet[Any], lines: Iterator[list[Any]]) -> HttpResponseBase:
    if queryset.order_by()[: XLSX_ROWS + 1].count() > XLSX_ROWS:
        raise TooLarge(
            f"A sheet holds at most {XLSX_ROWS:,} rows here.",
            hint="Narrow the filter, or take the CSV export, which has no limit.",
        )
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for line in lines:
        sheet.append(line)
    target = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    book.save(target)
    target.seek(0)
    return FileResponse(
        target,
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )
