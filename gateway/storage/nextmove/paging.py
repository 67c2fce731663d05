"""A page of a query by its number, as the door under /api asks for it, with the count of all that there is.

In come a query and a `Stretch`, out come rows and a total. Called by the other modules of this folder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func

from gateway.errors import Invalid
from gateway.language import say
from gateway.storage.engine import Connection

LARGEST_SIZE = 2000


@dataclass(frozen=True, slots=True)
class Order:
    """By which property, and whether the largest comes first."""

    property: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which page (from 0), how long, in which order."""

    page: int = 0
    size: int = 10
    orders: tuple[Order, ...] = ()

    @property
    def offset(self) -> int:
        """How many come before it."""
        return self.page * self.size


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks: a client sees what it has sent, and what has come to its organisations."""

    client_id: str
    organisations: tuple[str, ...] = ()


def read_page(
    connection: Connection, query: Select[Any], *, stretch: Stretch, names: Mapping[str, ColumnElement[Any]]
) -> tuple[Sequence[Row[Any]], int]:
    """The rows of a page and how many rows there are in all; `Invalid` for an order by what is no property."""
    total = connection.scalar(query.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)) or 0
    ordered = query.order_by(None).order_by(*_ordering(stretch.orders, names))
    return connection.execute(ordered.limit(stretch.size).offset(stretch.offset)).all(), total


def _ordering(orders: Sequence[Order], names: Mapping[str, ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    unknown = next((order.property for order in orders if order.property not in names), None)
    if unknown is not None:
        raise Invalid(
            say("there is no property {name!r} to sort by", name=unknown),
            code="SORT",
            mend=say("Sort by one of these: {names}.", names=", ".join(sorted(names))),
        )
    wanted = [names[order.property].desc() if order.descending else names[order.property].asc() for order in orders]
    # What is equal in all of them comes in the order in which it happened, so that no page shows a row of another.
    return [*wanted, names["id"].asc()]
