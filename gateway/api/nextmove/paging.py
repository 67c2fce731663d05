"""Pages: the query's `page`, `size` and `sort`, and the envelope around what is found.

In come the arguments of a request, out comes a `Stretch`; in come a page's entries and a total, out goes the body. Called
by every list of this folder. What cannot be read counts as not said, as there. Reference §1.3.
"""

import re
from collections.abc import Sequence

from flask import request

from gateway.storage.nextmove.paging import LARGEST_SIZE, Order, Stretch

_NUMBER = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_LARGEST = 2**31 - 1
_DIRECTIONS = ("asc", "desc")


def read_stretch(*usual: Order) -> Stretch:
    """The page that is asked for; `usual` is the order where none is named."""
    size = _number("size", 10)
    orders = tuple(order for text in request.args.getlist("sort") for order in _orders(text))
    return Stretch(max(_number("page", 0), 0), min(size, LARGEST_SIZE) if size > 0 else 10, orders or usual)


def envelope(content: Sequence[object], total: int, *, stretch: Stretch) -> dict[str, object]:
    """A page with everything that is said of it."""
    pages = -(-total // stretch.size)
    sort = {"sorted": bool(stretch.orders), "unsorted": not stretch.orders, "empty": not stretch.orders}
    return {
        "content": content,
        "pageable": {
            "sort": sort,
            "pageNumber": stretch.page,
            "pageSize": stretch.size,
            "offset": stretch.offset,
            "paged": True,
            "unpaged": False,
        },
        "totalElements": total,
        "totalPages": pages,
        "last": stretch.page + 1 >= pages,
        "first": stretch.page == 0,
        "size": stretch.size,
        "number": stretch.page,
        "sort": sort,
        "numberOfElements": len(content),
        "empty": not content,
    }


def _number(name: str, usual: int) -> int:
    text = request.args.get(name, "")
    number = int(text) if _NUMBER.fullmatch(text) else usual
    return number if abs(number) <= _LARGEST else usual


def _orders(text: str) -> list[Order]:
    words = [word.strip() for word in text.split(",") if word.strip() and word.strip().lower() != "ignorecase"]
    descending = bool(words) and words[-1].lower() == "desc"
    if words and words[-1].lower() in _DIRECTIONS:
        words.pop()
    return [Order(word, descending) for word in words]
