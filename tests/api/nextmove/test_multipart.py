"""`POST /api/messages/out/multipart` over HTTP: everything in one form, or nothing of it."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.api.nextmove.multipart import FILE_LIMIT
from gateway.app import build_door
from gateway.delivery.submission import Caller
from gateway.storage.nextmove import forms
from tests.api.nextmove.asking import CONSTRAINT, OWN, ask, refused
from tests.api.nextmove.sending import WHOLE, XML, form, fresh, message_id_of, scope_of, statuses_of
from tests.documents import SENDER, Message, gradering
from tests.journeys.following import wait_for
from tests.live import Gateway
from tests.message.sbds import HEADER, changed, minimal
from tests.secrets import DOCUMENT_MARK

PATH = "/api/messages/out/multipart"
UNREADABLE = "org.springframework.http.converter.HttpMessageNotReadableException"
NO_PART = "org.springframework.web.multipart.support.MissingServletRequestPartException"


def post(gateway: Gateway, files: Any) -> requests.Response:
    """One form."""
    return gateway.call("POST", PATH, files=files)


@pytest.mark.parametrize("kind", ["application/json", "text/plain; charset=UTF-8", None])
def test_in_one_form_to_delivered(gateway: Gateway, worker: None, kind: str | None) -> None:
    """Whatever the SBD's part calls itself; the answer is the SBD with what was left out, and it is on its way."""
    answer = post(gateway, form(minimal(), *WHOLE, kind=kind))
    assert answer.status_code == 200, answer.text
    message_id = message_id_of(answer.json())
    assert scope_of(answer.json())["instanceIdentifier"]
    wait_for(lambda: "LEVERT" in statuses_of(gateway, message_id))
    assert statuses_of(gateway, message_id)[:2] == ["OPPRETTET", "SENDT"]


def test_the_part_is_the_title_and_the_file_the_name(gateway: Gateway) -> None:
    """Types as said, or by the name; a field that is no file is passed over; the SBD is no attachment, even with a file name."""
    files = [
        ("note", (None, "passed over")),
        ("sbd", ("sbd.json", json.dumps(minimal()), "application/json")),
        *form(minimal(), *WHOLE, ("Kart over tomta", "kart", b"x", "image/png"))[1:],
    ]
    answer = post(gateway, files)
    assert answer.status_code == 200, answer.text
    classic = build_door(gateway.assembly).extensions["gateway-rooms"].classic
    kept = classic.documents(message_id_of(answer.json()), Caller("local", "local", (SENDER,)))
    assert [(each.title, each.filename, each.mime) for each in kept] == [
        ("Arkivmelding", "arkivmelding.xml", "application/xml"),
        ("Vedtak", "vedtak.pdf", "application/pdf"),
        ("Kart over tomta", "kart", "image/png"),
    ]


def test_norwegian_letters_in_latin_1(gateway: Gateway) -> None:
    """In the SBD's part, as some libraries send text."""
    sbd = fresh()
    sbd[HEADER]["businessScope"]["scope"].append({"type": "SenderRef", "instanceIdentifier": "Blåbær"})
    content = json.dumps(sbd, ensure_ascii=False).encode("latin-1")
    files = [("sbd", (None, content, "text/plain; charset=ISO-8859-1")), *form(sbd, *WHOLE)[1:]]
    answer = post(gateway, files)
    assert scope_of(answer.json(), "SenderRef")["instanceIdentifier"] == "Blåbær"


def test_a_file_of_the_limit_and_one_byte_more(gateway: Gateway) -> None:
    """5 MiB are taken; beyond them the refusal names the file and points to the other way."""
    whole = (*WHOLE, ("Stor", "stor.bin", b"x" * FILE_LIMIT, "application/octet-stream"))
    assert post(gateway, form(fresh(), *whole)).status_code == 200
    more = (*WHOLE, ("Stor", "stor.bin", b"x" * (FILE_LIMIT + 1), "application/octet-stream"))
    body = refused(post(gateway, form(fresh(), *more)), 400, f"{OWN}MultipartFileToLargeException")
    assert "stor.bin" in body["message"]
    assert "5242880" in body["message"]


def test_two_files_of_one_name(gateway: Gateway) -> None:
    """400, and the name."""
    answer = post(gateway, form(fresh(), *WHOLE, WHOLE[1]))
    assert "vedtak.pdf" in refused(answer, 400, f"{OWN}DuplicateFilenameException")["message"]


@pytest.mark.parametrize(
    ("files", "exception"),
    [
        ((), "MissingFileException"),
        (WHOLE[1:], "MissingArkivmeldingException"),
        (WHOLE[:1], "MissingArkivmeldingFileException"),
    ],
)
def test_what_fails_leaves_nothing(gateway: Gateway, files: tuple[Any, ...], exception: str) -> None:
    """No conversation, no status, no draft: the same id can be used again, and is."""
    sbd = fresh()
    refused(post(gateway, form(sbd, *files)), 400, OWN + exception)
    assert statuses_of(gateway, message_id_of(sbd)) == []
    assert ask(gateway, f"/messages/out?messageId={message_id_of(sbd)}")["content"] == []
    answer = post(gateway, form(sbd, *WHOLE))
    assert answer.status_code == 200, answer.text
    refused(post(gateway, form(sbd, *WHOLE)), 400, f"{OWN}MessageAlreadyExistsException")


def test_an_arkivmelding_that_does_not_hold(gateway: Gateway) -> None:
    """400 with its faults and their lines; nothing is left."""
    broken = (("a", "arkivmelding.xml", XML.replace(b"<tidspunkt>", b"<tid>", 1), "text/xml"), WHOLE[1])
    sbd = fresh()
    assert post(gateway, form(sbd, *broken)).status_code == 400
    classified = Message(gradering=gradering("Begrenset")).xml()
    wrong = (("a", "arkivmelding.xml", classified, "text/xml"), WHOLE[1])
    body = refused(post(gateway, form(sbd, *wrong)), 400, CONSTRAINT)
    assert body["errors"]
    assert "line " in body["message"]
    assert ask(gateway, f"/messages/out?messageId={message_id_of(sbd)}")["content"] == []


def test_forms_that_cannot_be_meant(gateway: Gateway) -> None:
    """No SBD, two of them, no JSON in it, a list in it, no form at all, a form that is cut off."""
    refused(post(gateway, form(minimal(), *WHOLE)[1:]), 400, NO_PART)
    refused(post(gateway, [form(minimal())[0]] * 2), 400, NO_PART)
    refused(post(gateway, form("{", *WHOLE)), 400, UNREADABLE)
    refused(post(gateway, form("[]", *WHOLE)), 400, CONSTRAINT)
    media = "org.springframework.web.HttpMediaTypeNotSupportedException"
    refused(gateway.call("POST", PATH, json=minimal()), 415, media)
    cut = gateway.call("POST", PATH, data=b"--x\r\n", headers={"Content-Type": "multipart/form-data; boundary=x"})
    refused(cut, 400, UNREADABLE)
    bare = gateway.call("POST", PATH, data=b"--x\r\n", headers={"Content-Type": "multipart/form-data"})
    refused(bare, 400, UNREADABLE)


def test_the_sbd_is_checked_as_ever(gateway: Gateway) -> None:
    """The same violations as step by step."""
    sbd = changed(minimal(), HEADER, "documentIdentification", "instanceIdentifier", to=f"x{uuid.uuid4()}")
    body = refused(post(gateway, form(sbd, *WHOLE)), 400, CONSTRAINT)
    assert [each["code"] for each in body["errors"]] == ["UUID"]


def test_what_a_crash_has_left_gives_way(gateway: Gateway) -> None:
    """A form that was broken off between its creation and its sending is repeated as it is, and sent once."""
    sbd = fresh()
    message_id, nextmove = message_id_of(sbd), build_door(gateway.assembly).extensions["gateway-rooms"].nextmove
    caller = Caller("local", "local", (SENDER,))
    nextmove.sending.classic.create(sbd, caller, complete=False, keep=nextmove.sending._begin_form)
    answer = post(gateway, form(sbd, *WHOLE))
    assert answer.status_code == 200, answer.text
    assert statuses_of(gateway, message_id) == ["OPPRETTET"]
    with gateway.assembly.database.reading() as connection:
        assert not forms.is_begun(connection, message_id)
    refused(post(gateway, form(sbd, *WHOLE)), 400, f"{OWN}MessageAlreadyExistsException")


def test_a_draft_that_no_form_has_made_stays(gateway: Gateway) -> None:
    """Neither one of our own door nor one that was begun step by step is thrown away for a form with its id."""
    for path in ("/out/messages", "/api/messages/out"):
        sbd = fresh()
        assert gateway.call("POST", path, json=sbd).status_code in (200, 201)
        refused(post(gateway, form(sbd, *WHOLE)), 400, f"{OWN}MessageAlreadyExistsException")
        assert gateway.call("GET", f"/out/messages/{message_id_of(sbd)}").json()["state"] == "draft"


@pytest.mark.parametrize("files", [WHOLE, WHOLE[:1], (*WHOLE, WHOLE[1])])
def test_nothing_of_a_form_lies_about(gateway: Gateway, files: tuple[Any, ...]) -> None:
    """Its files are sealed while it is read, and afterwards there are those of what was sent and no others."""
    folder = gateway.assembly.settings.data / "documents"

    def lying() -> set[Path]:
        return {path for path in folder.rglob("*") if path.is_file()}

    before = lying()
    sent = post(gateway, form(fresh(), *files)).status_code == 200
    assert len(lying() - before) == (2 if sent else 0)
    assert not any(DOCUMENT_MARK.encode() in path.read_bytes() for path in lying())
