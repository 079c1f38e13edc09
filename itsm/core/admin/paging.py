"""Pages of long tables without counting them whole."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.utils.functional import cached_property


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than CAP: over millions of rows an exact count costs more than the page.

    Whoever needs row ten thousand and one filters or searches.
    """

    CAP = 10_000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[: self.CAP].count())

    @property
    def is_capped(self) -> bool:
        return self.count >= self.CAP
