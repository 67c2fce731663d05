"""`gateway inbox` and `gateway reply` against a served gateway: what is shown, saved, acknowledged and answered."""

import zipfile
from pathlib import Path
from uuid import uuid4

import pytest

from tests.api.incoming import FILES, store_incoming
from tests.certificates import issue
from tests.cli.conftest import Run
from tests.delivery.parcels import ROOT, SENDER
from tests.documents import DPO, Message, Part
from tests.live import Gateway
from tests.secrets import PDF


@pytest.fixture
def inbox(run: Run, gateway: Gateway) -> Run:
    """`gateway inbox` to the served gateway."""
    return lambda *arguments: run("inbox", *arguments, "--url", gateway.url)


def unreadable(gateway: Gateway) -> str:
    """A message that no key of ours opens."""
    return store_incoming(gateway, to=issue(ROOT, "311000017", "Vi før"))


def test_lists_what_waits_and_what_could_not_be_read(inbox: Run, gateway: Gateway) -> None:
    """Each state by itself, or all of them; nothing is locked by it."""
    waiting, sealed = store_incoming(gateway), unreadable(gateway)
    listed = inbox("list", "--limit", 500)
    assert listed.exit_code == 0, listed.output
    assert (waiting in listed.output, sealed in listed.output) == (True, False)
    assert SENDER in listed.output
    other = inbox("list", "--state", "unreadable", "--limit", 500).output
    assert (waiting in other, sealed in other, "UNDECRYPTABLE" in other) == (False, True, True)
    everything = inbox("list", "--state", "all", "--limit", 500).output
    assert waiting in everything
    assert sealed in everything
    assert "more: --limit" in inbox("list", "--state", "all", "--limit", 1).output
    assert gateway.call("GET", f"/in/messages/{waiting}").json()["lock"] is None


def test_shows_one_with_its_signature_documents_and_history(inbox: Run, gateway: Gateway) -> None:
    """And for what is not handed on, why, and what to do."""
    shown = inbox("show", store_incoming(gateway)).output
    for words in (SENDER, "waiting", "signed by", "vedtak.pdf, 15 bytes", "INNKOMMENDE_MOTTATT", "MOTTATT: queued"):
        assert words in shown, shown
    refused = inbox("show", unreadable(gateway)).output
    for words in ("unreadable (UNDECRYPTABLE)", "not handed on: ", "mend: "):
        assert words in refused, refused
    assert inbox("show", uuid4()).exit_code == 1


def test_saves_every_document_and_replaces_nothing(inbox: Run, gateway: Gateway, tmp_path: Path) -> None:
    """Byte for byte, private; a second time is refused before anything is written."""
    message_id = store_incoming(gateway)
    folder = tmp_path / "innkommet"
    done = inbox("save", message_id, "--to", folder)
    assert done.exit_code == 0, done.output
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())
    (folder / "arkivmelding.xml").unlink()
    again = inbox("save", message_id, "--to", folder)
    assert (again.exit_code, "is there already" in again.output) == (2, True)
    assert not (folder / "arkivmelding.xml").exists()


def test_saves_the_container_as_it_was_signed(inbox: Run, gateway: Gateway, tmp_path: Path) -> None:
    """One file; what was refused leaves none."""
    message_id = store_incoming(gateway)
    assert inbox("save", message_id, "--asice", "--to", tmp_path).exit_code == 0
    with zipfile.ZipFile(tmp_path / f"{message_id}.asice") as package:
        assert package.read("vedtak.pdf") == FILES["vedtak.pdf"]
    sealed = unreadable(gateway)
    assert inbox("save", sealed, "--asice", "--to", tmp_path).exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == [f"{message_id}.asice"]


def test_no_package_is_no_empty_file(inbox: Run, gateway: Gateway, tmp_path: Path) -> None:
    """A kvittering carries none: that is said, and nothing is written that looks like one."""
    message_id = store_incoming(gateway, {})
    done = inbox("save", message_id, "--asice", "--to", tmp_path)
    assert (done.exit_code, "carries no package" in done.output) == (0, True)
    assert list(tmp_path.iterdir()) == []


def test_acknowledges_once_and_sets_aside_what_nobody_can_read(inbox: Run, gateway: Gateway) -> None:
    """The words say what the sender is told."""
    message_id, sealed = store_incoming(gateway), unreadable(gateway)
    for _ in range(2):
        done = inbox("ack", message_id)
        assert (done.exit_code, "LEVERT" in done.output) == (0, True)
    aside = inbox("ack", sealed)
    assert (aside.exit_code, "set aside" in aside.output) == (0, True)
    receipts = gateway.call("GET", f"/in/messages/{message_id}").json()["receipts"]
    assert [each["status"] for each in receipts] == ["MOTTATT", "LEVERT"]
    assert gateway.call("GET", f"/in/messages/{sealed}").json()["receipts"] == []


def test_answers_by_the_id_of_what_came_in(run: Run, gateway: Gateway, tmp_path: Path) -> None:
    """The recipient is whoever sent that; an id that never came in is refused."""
    message_id = store_incoming(gateway, sender=DPO, wire=DPO)
    (tmp_path / "arkivmelding.xml").write_bytes(Message(parts=(Part("Fjordvik tilsyn", None),)).xml())
    (tmp_path / "vedtak.pdf").write_bytes(PDF)
    files = (tmp_path / "arkivmelding.xml", tmp_path / "vedtak.pdf")
    sent = run("reply", message_id, *files, "--url", gateway.url)
    assert sent.exit_code == 0, sent.output
    assert f"{DPO} by DPO" in sent.output
    refused = run("reply", uuid4(), *files, "--url", gateway.url)
    assert (refused.exit_code, "has not come in" in refused.output) == (1, True)
