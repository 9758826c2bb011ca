"""The table of views: which cameras an account shows together, and how. Process: hub, command."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from convergecast.storage.database import Database

_READ = "SELECT owner, name, cameras, columns, shape, shared FROM views ORDER BY id"
_INSERT = """
INSERT INTO views (owner, name, cameras, columns, shape, shared) VALUES (?, ?, ?, ?, ?, ?)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view as it is stored.

    Attributes:
        owner: whose it is: the number of an account, or `hub`.
        name: for people.
        cameras: ids, in the order of the tiles; some may have been forgotten.
        columns: of tiles; None: as many as fill the window best.
        shape: of tiles, width / height; None: 16:9.
        shared: whether everybody sees it.
    """

    owner: str
    name: str
    cameras: tuple[str, ...]
    columns: int | None
    shape: float | None
    shared: bool


def stored_views(source: Database | sqlite3.Connection) -> list[View]:
    """Return the views of all, those of one owner in their order."""
    read = source.read if isinstance(source, Database) else source.execute
    return [_view(row) for row in read(_READ)]


def replace_views(connection: sqlite3.Connection, owner: str, views: Sequence[View]) -> None:
    """Within a change: have these be the views of an owner."""
    remove_of(connection, owner)
    for each in views:
        values = (owner, each.name, json.dumps(each.cameras), each.columns, each.shape)
        connection.execute(_INSERT, (*values, int(each.shared)))


def remove_of(connection: sqlite3.Connection, owner: str) -> None:
    """Within the removal of an account: remove its views."""
    connection.execute("DELETE FROM views WHERE owner = ?", (owner,))


def _view(row: sqlite3.Row) -> View:
    return View(
        owner=row["owner"],
        name=row["name"],
        cameras=tuple(json.loads(row["cameras"])),
        columns=row["columns"],
        shape=row["shape"],
        shared=bool(row["shared"]),
    )
