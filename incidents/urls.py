from __future__ import annotations

from typing import Any

app_name = "incidents"

urlpatterns: list[Any] = []
