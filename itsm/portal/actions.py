"""Keeping and dropping saved views of lists."""

from __future__ import annotations

from itsm.core.commands import command, save
from itsm.core.errors import Invalid, NotAllowed
from itsm.people.models import User
from itsm.portal.models import SavedView


@command("view.save")
def save_view(page: str, *, by: User, name: str, query: str) -> SavedView:
    """Keep a list's query under a name; the same name again replaces the person's own view."""
    name = " ".join(name.split())
    if not name:
        raise Invalid("Give the view a name.", fields={"name": ["Give the view a name."]})
    view = SavedView.objects.filter(owner=by, page=page, name=name).first()
    view = view or SavedView(owner=by, page=page, name=name)
    view.query = query
    return save(view)


@command("view.delete")
def delete_view(view: SavedView, *, by: User) -> None:
    """Drop a view; a shared one can be dropped by its owner only."""
    if view.owner_id != by.pk:
        raise NotAllowed("Only its owner deletes a saved view.")
    view.delete()
