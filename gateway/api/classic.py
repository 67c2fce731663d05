"""The classic send at our own door: an SBD goes in, and the routes of `out` lead to its room from then on.

In come requests, out go the views of `delivery.classic` as JSON. Called by `api.out`. Decides nothing.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

from flask import Response

from gateway.api.arguments import JSON_LIMIT, read_json
from gateway.api.bodies import read_bytes
from gateway.api.classic_views import classic_commitment_json, classic_json
from gateway.api.keyed import KeepAnswer, answer_once
from gateway.api.login import current_caller
from gateway.api.rooms import rooms
from gateway.api.submissions import if_match, preferred_handling
from gateway.api.tongue import spoken
from gateway.delivery.classic_records import ClassicView
from gateway.storage import conversations
from gateway.storage.conversations import ConversationKind
from gateway.storage.engine import Connection


def is_classic(any_id: str) -> bool:
    """Whether the conversation that has this id began with an SBD."""
    with rooms().database.reading() as connection:
        found = conversations.resolve(connection, any_id, client_id=current_caller().client_id)
        return conversations.kind_of(connection, found) is ConversationKind.CLASSIC


def create_from_sbd(*, dry_run: bool) -> Response:
    """The answer to an SBD."""
    text = read_bytes(JSON_LIMIT)
    sbd, prefers = read_json(text), preferred_handling()
    caller = replace(current_caller(), handling=prefers or current_caller().handling)
    if dry_run:
        return _answer(classic_json(rooms().classic.derive(sbd, caller)))

    def make(keep_answer: KeepAnswer) -> Response:
        answers: list[Response] = []

        def keep(connection: Connection, view: ClassicView) -> None:
            answers.append(_created(view))
            keep_answer(connection, answers[0])

        rooms().classic.create(sbd, caller, keep=keep)
        return answers[0]

    asked = text + (f"\0{prefers}".encode() if prefers else b"")
    return answer_once(hashlib.sha256(asked).hexdigest(), make)[0]


def show_classic(any_id: str) -> Response:
    """The answer to a look at it."""
    view = rooms().classic.view(any_id, current_caller())
    return _answer(classic_json(view), version=view.conversation.version)


def commit_classic(any_id: str) -> Response:
    """The answer to a commit."""
    commitment = rooms().classic.commit(any_id, current_caller(), if_match=if_match())
    status, version = 200 if commitment.repeated else 202, commitment.view.conversation.version
    return _answer(classic_commitment_json(commitment), status, version=version)


def _created(view: ClassicView) -> Response:
    response = _answer(classic_json(view), 201, version=view.conversation.version)
    response.headers["Location"] = f"/out/messages/{view.conversation.id}"
    response.headers["Content-Language"] = spoken().value  # which is kept with the answer
    if prefers := preferred_handling():
        response.headers["Preference-Applied"] = f"handling={prefers}"
    return response


def _answer(body: Mapping[str, object], status: int = 200, *, version: int | None = None) -> Response:
    response = Response(json.dumps(body, ensure_ascii=False), status, content_type="application/json")
    if version is not None:
        response.set_etag(str(version))
    return response
