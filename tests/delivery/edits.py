"""Edits of the drafts on the desk, and what comes of them."""

from itertools import count

import pytest

from gateway.delivery.choosing import Course, choose_routes
from gateway.delivery.editing import Revision, revise
from gateway.delivery.submission import Edit, PrototypeEdit, View
from gateway.errors import Refused
from gateway.message.processes import ADMINISTRASJON
from gateway.message.prototype import Choice
from tests.delivery.desk import NOW, ROUTING, Register, view_of
from tests.documents import Message


def change(view: View, *edits: PrototypeEdit, **whole: object) -> Revision:
    """The edit applied, new ids counted from n-1."""
    numbers = count(1)
    edit = Edit(prototypes=edits, actor="saksbehandler-7", **whole)  # type: ignore[arg-type]
    return revise(view, edit, now=NOW, new_id=lambda: f"n-{next(numbers)}")


def again(message: Message, revision: Revision, **more: object) -> View:
    """The view after the registry has been asked about what the edit changed."""
    course = Course(ADMINISTRASJON, confidential=False)
    asked = choose_routes(
        [each for each in revision.choices if each.message_id in revision.ask],
        course,
        registry=Register(),
        settings=ROUTING,
    )
    answered = {each.message_id: each for each in asked}
    return view_of(message, choices=tuple(answered.get(each.message_id, each) for each in revision.choices), **more)  # type: ignore[arg-type]


def one(revision: Revision, message_id: str = "m-1") -> Choice:
    """One choice of it."""
    return next(each for each in revision.choices if each.message_id == message_id)


def refused(view: View, *edits: PrototypeEdit, **whole: object) -> Refused:
    """Why an edit is refused."""
    with pytest.raises(Refused) as caught:
        change(view, *edits, **whole)
    assert caught.value.mend
    return caught.value


def choices_in(view: View) -> tuple[Choice, ...]:
    """The choices of a view."""
    return tuple(each.choice for each in view.prototypes)
