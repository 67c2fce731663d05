"""Stored records come back as they were."""

import json
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import StorageUnavailable
from gateway.message.processes import Channel
from gateway.message.prototype import (
    Choice,
    Confirmation,
    IdentifiedBy,
    NameMatch,
    PartRef,
    Problem,
    Registered,
    Route,
    Weight,
)
from gateway.storage.codec import read_choice, read_confirmations, write_choice, write_confirmations

from .making import NOW, make_choice

_texts = st.text(st.characters(exclude_categories=()), max_size=8)
# `fold` means nothing where the offset is fixed, and ISO 8601 has no sign for it.
_moments = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5.5))])).map(
    lambda moment: moment.replace(fold=0)
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_maybe_text = st.none() | _texts
_whole = st.integers()
_routes = st.builds(Route, st.sampled_from(Channel), _texts, _texts, st.none() | _whole)
_problems = st.builds(Problem, _texts, st.sampled_from(Weight), _texts, _texts, _maybe_text, _whole, st.none() | _whole)
_confirmations = st.builds(Confirmation, _texts, _maybe_text, _moments)
_choices = st.builds(
    Choice,
    message_id=_texts,
    conversation_id=_texts,
    part=st.builds(PartRef, _whole, _texts, _texts),
    recipient=_maybe_text,
    identified_by=st.none() | st.sampled_from(IdentifiedBy),
    selected=st.booleans(),
    in_arkivmelding=st.booleans(),
    registered=st.none() | st.builds(Registered, _maybe_text, _texts, _maybe_text),
    name_match=st.sampled_from(NameMatch),
    route=st.none() | _routes,
    confidential=st.booleans(),
    alternatives=st.lists(_routes, max_size=2).map(tuple),
    why=st.lists(_texts, max_size=2).map(tuple),
    problems=st.lists(_problems, max_size=2).map(tuple),
    confirmations=st.lists(_confirmations, max_size=2).map(tuple),
    documents=st.none() | st.lists(_texts, max_size=2).map(tuple),
    deadline=st.none() | _moments,
    business=st.dictionaries(_texts, _json, max_size=2),
)


@given(_choices)
def test_a_choice_comes_back_exactly(choice: Choice) -> None:
    """Any choice, written to JSON text and read again, equals what it was, to the type of every member."""
    back = read_choice(json.loads(json.dumps(write_choice(choice))))
    assert back == choice
    assert repr(back) == repr(choice)


@given(st.lists(_confirmations, max_size=3))
def test_confirmations_come_back_exactly(confirmations: list[Confirmation]) -> None:
    """Confirmations, written to JSON text and read again, equal what they were."""
    assert read_confirmations(json.loads(json.dumps(write_confirmations(confirmations)))) == tuple(confirmations)


def test_a_choice_of_a_newer_gateway_can_be_read() -> None:
    """A member that this version does not know is passed over, so that two versions can run side by side."""
    choice = make_choice()
    assert read_choice({**write_choice(choice), "later": 1}) == choice


@pytest.mark.parametrize("damage", [{"message_id": None, "part": None}, {"route": {"channel": "DPX"}}])
def test_a_damaged_row_is_unavailable(damage: dict[str, object]) -> None:
    """A row that cannot be read says so, without its content."""
    with pytest.raises(StorageUnavailable, match="a stored Choice cannot be read"):
        read_choice({**write_choice(make_choice()), **damage})


def test_a_time_without_a_zone_is_not_written() -> None:
    """A naive deadline is an error when it is written, not a shifted time when it is read."""
    with pytest.raises(ValueError, match="zone"):
        write_choice(make_choice(deadline=NOW.replace(tzinfo=None)))
