"""A server that is killed in the middle of an upload or a commit: what it had answered stands, and nothing is left over."""

import time
from datetime import timedelta

import pytest
import requests

from tests.faults.client import Letter, write_letter
from tests.faults.count import deliveries_of
from tests.faults.stage import Role, Stage
from tests.faults.sweeping import files_after

_LETTER: Letter = write_letter(1)
_NAME, _CONTENT = next(iter(_LETTER.documents.items()))
_DIGEST = _LETTER.digests()[_NAME]


def post(stage: Stage) -> str:
    """A draft; where it is."""
    headers = {"Content-Type": "application/xml"}
    answer = requests.post(f"{stage.url}/out/messages", data=_LETTER.xml(), headers=headers, timeout=30)
    assert answer.status_code == 201, answer.text
    return f"{stage.url}/out/messages/{answer.json()['conversationId']}"


def put(conversation: str) -> requests.Response:
    """Its document."""
    return requests.put(f"{conversation}/documents/{_NAME}", data=_CONTENT, timeout=30)


def received(conversation: str) -> list[str]:
    """The digests of the documents that the gateway says it has."""
    documents = requests.get(conversation, timeout=30).json()["documents"]
    return [each["sha256"] for each in documents if each["received"]]


def start_to_die(stage: Stage, at: str) -> None:
    """A server that kills itself there."""
    stage.start(Role.WEB, f"{at}:1")
    stage.wait_for_web()


def start_again(stage: Stage) -> None:
    """The one that stands has killed itself; another takes its place."""
    died = stage.started[-1]
    assert died.wait(10)
    assert died.was_killed
    stage.start(Role.WEB, warm=True)
    stage.wait_for_web()


def test_killed_between_file_and_row(stage: Stage) -> None:
    """A file without a row is no document, is swept a day later, and the same upload is taken when it comes again."""
    start_to_die(stage, "file-written")
    conversation = post(stage)
    with pytest.raises(requests.ConnectionError):
        put(conversation)
    start_again(stage)
    assert received(conversation) == []
    assert len([path for path in (stage.data / "documents").rglob("*") if path.is_file()]) == 1
    left, _ = files_after(stage, timedelta(days=1, minutes=1))
    assert left == set()
    assert put(conversation).status_code == 201
    assert received(conversation) == [_DIGEST]


def test_killed_between_row_and_answer(stage: Stage) -> None:
    """The answer to an upload is lost and the document is there: the repeat is the same one, and one file is kept."""
    start_to_die(stage, "row-written")
    conversation = post(stage)
    with pytest.raises(requests.ConnectionError):
        put(conversation)
    start_again(stage)
    assert received(conversation) == [_DIGEST]
    assert put(conversation).status_code == 200
    left, kept = files_after(stage, timedelta(days=1, minutes=1))
    assert left == kept
    assert len(kept) == 1


@pytest.mark.parametrize("at", ["in-commit", "committed", "answered"])
def test_killed_around_the_commit(stage: Stage, at: str) -> None:
    """In the transaction nothing is committed; after it everything is, answered or not; and it is delivered once."""
    start_to_die(stage, at)
    conversation = post(stage)
    assert put(conversation).status_code == 201
    if at == "answered":
        assert requests.post(conversation, timeout=30).status_code == 202
    else:
        with pytest.raises(requests.ConnectionError):
            requests.post(conversation, timeout=30)
    start_again(stage)
    state = requests.get(conversation, timeout=30).json()["state"]
    assert state == ("draft" if at == "in-commit" else "committed")
    assert requests.post(conversation, timeout=30).status_code == (202 if at == "in-commit" else 200)
    stage.start(Role.WORKER, warm=True)
    statuses = requests.get(conversation.replace("/out/messages/", "/statuses/"), params={"wait": "30s"}, timeout=60)
    (message,) = statuses.json()["messages"]
    assert message["outcome"] == "delivered"
    time.sleep(0.5)  # a second copy would be fetched within this
    (delivery,) = deliveries_of(stage.sandbox.url)[message["messageId"]]
    assert delivery["copies"] == 1
    assert {"name": _NAME, "size": len(_CONTENT), "sha256": _DIGEST} in delivery["files"]
