"""`gateway send` and `gateway status` against a served gateway: decisions, refusals, exit codes."""

import re
from pathlib import Path

import pytest

from gateway.cli.remote import RemoteGateway
from gateway.cli.screen import Screen
from gateway.cli.sending import Sending, Wish
from tests.cli.conftest import SAMPLES, Run
from tests.documents import Doc, Message, Objekt, Part
from tests.live import Gateway
from tests.secrets import PDF

FOUR = SAMPLES / "02-four-recipients"
ONE = SAMPLES / "01-one-recipient"
PDFS = {folder: sorted(folder.glob("*.pdf")) for folder in (ONE, FOUR)}


@pytest.fixture
def send(run: Run, gateway: Gateway) -> Run:
    """`gateway send` to the served gateway."""
    return lambda *arguments: run("send", *arguments, "--url", gateway.url)


def conversation_in(output: str) -> str:
    """The conversationId that a command has shown."""
    found = re.search(r"conversation ([0-9a-f-]{36})", output)
    assert found, output
    return found[1]


@pytest.mark.usefixtures("worker")
def test_sends_to_the_end(send: Run, run: Run, gateway: Gateway) -> None:
    """Confirmed, the unreachable left out, uploaded, committed, followed until delivered: 0; and status shows it again."""
    result = send(FOUR / "arkivmelding.xml", *PDFS[FOUR], "--confirm", "NAME_MISMATCH", "--select-ready", "--wait")
    assert result.exit_code == 0, result.output
    for words in ("uploaded høringsbrev.pdf", "committed: 2 on the way, 2 left out", "0192:311000071  LEVERT"):
        assert words in result.output
    status = run("status", conversation_in(result.output), "--url", gateway.url)
    assert status.exit_code == 0
    assert status.output.count("delivered") == 2
    assert status.output.count("left out") == 2


def test_what_stands_in_the_way_is_told_and_nothing_is_sent(send: Run, gateway: Gateway) -> None:
    """Problems with their mend, exit code 1, and where the draft is that waits."""
    result = send(FOUR / "arkivmelding.xml", *PDFS[FOUR])
    assert result.exit_code == 1
    for words in ("NAME_MISMATCH (part 3)", "CHANNEL_NOT_ENABLED (part 4)", "how: ", "nothing of it has been sent"):
        assert words in result.output
    assert gateway.call("GET", f"/out/messages/{conversation_in(result.output)}").json()["state"] == "draft"


def test_a_dry_run_keeps_nothing(send: Run, gateway: Gateway) -> None:
    """The prototypes are shown; there is no conversation afterwards."""
    result = send(ONE / "arkivmelding.xml", "--dry-run")
    assert (result.exit_code, "0192:311000020" in result.output) == (0, True)
    assert gateway.call("GET", f"/out/messages/{conversation_in(result.output)}").status_code == 404


def test_a_missing_document_is_told(send: Run) -> None:
    """One of two documents given: DOCUMENT_MISSING names the other, and nothing is sent."""
    result = send(ONE / "arkivmelding.xml", PDFS[ONE][0])
    last = result.output.rpartition("not ready")[2]
    assert (result.exit_code, last.count("DOCUMENT_MISSING"), PDFS[ONE][1].name in last) == (1, 1, True)


def test_a_recipient_can_be_named(send: Run, tmp_path: Path) -> None:
    """PART=NAME=ID reaches the gateway; a name that is not the part's is stopped; what is no such thing is refused."""
    file = tmp_path / "arkivmelding.xml"
    file.write_bytes(Message(parts=(Part(name="Fjordvik = tilsyn", identifier=None),)).xml())
    named = send(file, "--dry-run", "--recipient", "1=Fjordvik = tilsyn=0192:311000020").output
    assert "FJORDVIK TILSYN" in named
    assert "PART_MISMATCH" not in named
    assert "PART_MISMATCH" in send(file, "--dry-run", "--recipient", "1=Lia Snekkeri AS=0192:311000020").output
    assert send(file, "--dry-run", "--recipient", "1=0192:311000020").exit_code == 2


def test_confidentiality_can_be_raised_and_lowered(send: Run) -> None:
    """An unclear ground is decided by the option: either way SHIELDING_UNCLEAR is gone in the end."""
    folder = SAMPLES / "04-undecided-shielding"
    for option, process in (("--confidential", "taushetsbelagt"), ("--not-confidential", "administrasjon")):
        result = send(folder / "arkivmelding.xml", option)
        assert "SHIELDING_UNCLEAR" not in result.output.rpartition("not ready")[2]
        assert process


def test_a_code_that_nothing_asks_for_is_remarked(send: Run) -> None:
    """Saying yes to what is no question is no failure, and does not pass unseen."""
    result = send(ONE / "arkivmelding.xml", *PDFS[ONE], "--confirm", "NOT_OUTGOING")
    assert (result.exit_code, "nothing here asks for NOT_OUTGOING" in result.output) == (0, True)


def test_faults_are_told_with_line_and_mend(send: Run) -> None:
    """A refused arkivmelding: every fault of the answer, exit code 1, no draft."""
    result = send(SAMPLES / "08-five-faults" / "arkivmelding.xml")
    assert result.exit_code == 1
    assert [line for line in (13, 22, 50, 52, 73) if f"line {line}: XSD" in result.output] == [13, 22, 50, 52, 73]
    assert result.output.count("    mend: ") == 5
    assert "no draft was kept" in result.output


def test_no_answer_is_exit_code_2(run: Run) -> None:
    """Nobody listens there: said so, with what to check."""
    for command in (("send", ONE / "arkivmelding.xml"), ("status", "x")):
        result = run(*command, "--url", "http://127.0.0.1:9")
        assert (result.exit_code, "gateway serve" in result.output) == (2, True)


def test_an_address_that_is_no_gateway_is_told(run: Run, gateway: Gateway) -> None:
    """Another server than a gateway is not believed: exit code 1 and a word on --url."""
    result = run("status", "x", "--url", gateway.sandbox.url)
    assert (result.exit_code, "Check --url" in result.output) == (1, True)


def test_an_unknown_id_is_exit_code_1(run: Run, gateway: Gateway) -> None:
    """Not found is an answer, and the answer is no."""
    assert run("status", "6a1f0c1e-6d3e-4c53-9d0b-5a8b1f0a7f10", "--url", gateway.url).exit_code == 1


def test_an_empty_and_a_large_document_arrive_whole(gateway: Gateway, tmp_path: Path) -> None:
    """Nought bytes and five million: what was uploaded is what the gateway has, and progress counts every byte."""
    documents = (Doc((Objekt("tom.txt"),)), Doc((Objekt("stor.bin"),), role="Vedlegg"))
    (tmp_path / "a.xml").write_bytes(Message(documents=documents).xml())
    (tmp_path / "tom.txt").write_bytes(b"")
    (tmp_path / "stor.bin").write_bytes(PDF * 80_000)
    remote = RemoteGateway(gateway.url)
    sending = Sending(remote, Screen(rich=False))
    sending.run(Wish(tmp_path / "a.xml", (tmp_path / "tom.txt", tmp_path / "stor.bin")))
    sizes = {each["filename"]: each["size"] for each in remote.look(sending.draft)["documents"]}
    assert sizes == {"tom.txt": 0, "stor.bin": len(PDF) * 80_000}


def test_somebody_else_s_change_is_not_committed_over(gateway: Gateway) -> None:
    """A draft that was changed after it was looked at is refused by its version."""
    remote, other = RemoteGateway(gateway.url), RemoteGateway(gateway.url)
    view = remote.post((ONE / "arkivmelding.xml").read_bytes(), options={})
    other.edit(view["conversationId"], {"actor": "en annen", "confidential": True})
    from gateway.errors import Refused

    with pytest.raises(Refused, match="changed"):
        remote.commit(view["conversationId"])


def test_ctrl_c_before_the_commit_says_what_stands(
    send: Run, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted while uploading: exit code 130, the draft is named and still there, and nothing is sent."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(RemoteGateway, "upload", interrupt)
    result = send(ONE / "arkivmelding.xml", *PDFS[ONE])
    draft = conversation_in(result.output)
    assert result.exit_code == 130
    assert f"The draft {draft} stands" in result.output
    assert gateway.call("GET", f"/out/messages/{draft}").json()["state"] == "draft"


def test_an_answer_lost_at_the_commit_is_not_taken_for_a_no(send: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the commit gets no answer, it is said that this is not known, and how to find out."""
    from gateway.errors import Unavailable

    def lose(*_: object) -> None:
        raise Unavailable("no answer")

    monkeypatch.setattr(RemoteGateway, "commit", lose)
    result = send(ONE / "arkivmelding.xml", *PDFS[ONE])
    assert result.exit_code == 2
    assert "Whether the commit was taken is not known" in result.output


def test_a_terminal_gets_tables_and_progress(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    """The same run drawn: a table with borders, ids in full, a bar for each upload."""
    sending = Sending(RemoteGateway(gateway.url), Screen(rich=True))
    assert sending.run(Wish(ONE / "arkivmelding.xml", tuple(PDFS[ONE]))) == 0
    output = capsys.readouterr().out
    assert "│ 0192:311000020 │" in output
    assert "━" * 10 in output
    assert sending.draft in output
