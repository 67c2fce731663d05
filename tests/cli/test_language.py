"""The command line speaks the language of the locale, or of `--lang`; help texts and the demo are English."""

import os
import signal
from pathlib import Path

import click
import pytest

from gateway.cli.remote import RemoteGateway
from gateway.cli.screen import Screen
from gateway.cli.tongue import locale_language, with_language
from gateway.language import Language, say
from tests.cli.conftest import SAMPLES, Run, started
from tests.live import Gateway

ONE = SAMPLES / "01-one-recipient"
FOUR = SAMPLES / "02-four-recipients"
NORWEGIAN = {"LC_ALL": "nb_NO.UTF-8"}


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "nb_NO.UTF-8"}, "nb"),
        ({"LANG": "nn_NO"}, "nb"),
        ({"LANG": "no_NO.ISO8859-1"}, "nb"),
        ({"LANG": "nb"}, "nb"),
        ({"LANG": "nb.UTF-8"}, "nb"),
        ({"LANG": "nb_NO.UTF-8@euro"}, "nb"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "nb_NO.UTF-8"}, "nb"),
        ({"LANG": "nb_NO.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "nb_NO.UTF-8", "LC_MESSAGES": "nb_NO.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "nb_NO.UTF-8", "LC_ALL": ""}, "nb"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_CTYPE": "nb_NO.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_locale_decides(environment: dict[str, str], language: str) -> None:
    """LC_ALL before LC_MESSAGES before LANG; what is set to nothing is passed over; English for whatever is not Norwegian."""
    assert locale_language(environment) == language


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        ((), {}, Language.ENGLISH),
        ((), NORWEGIAN, Language.BOKMAAL),
        (("--lang", "en"), NORWEGIAN, Language.ENGLISH),
        (("--lang", "nb"), {"LC_ALL": "C"}, Language.BOKMAAL),
    ],
)
def test_the_option_goes_before_the_locale(
    arguments: tuple[str, ...], environment: dict[str, str], language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command gets the language that is asked for, else the locale's."""
    heard: list[Language] = []

    @click.command()
    @with_language
    def command(language: Language) -> None:
        heard.append(language)

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    command.main(list(arguments), standalone_mode=False)
    assert heard == [language]


def test_another_language_is_refused(run: Run) -> None:
    """And those that there are, are named."""
    result = run("db", "upgrade", "--lang", "sv")
    assert (result.exit_code, "'en', 'nb'" in result.output) == (2, True)


@pytest.mark.parametrize("command", [("serve", "--no-worker"), ("worker",), ("client", "list"), ("db", "upgrade")])
def test_faults_of_the_settings_are_told_in_bokmaal(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    """By the locale and by the option; English by the option where the locale is Norwegian."""
    (tmp_path / "gateway.toml").write_text("[sever]\n")
    for told in (
        run(*command, "--data", tmp_path, env=NORWEGIAN),
        run(*command, "--data", tmp_path, "--lang", "nb"),
    ):
        assert told.exit_code == 2
        assert "  løsning: " in told.stderr
        assert "  mend: " not in told.stderr
    english = run(*command, "--data", tmp_path, "--lang", "en", env=NORWEGIAN)
    assert (english.exit_code, "  mend: " in english.stderr, "løsning" in english.stderr) == (2, True, False)


def test_the_server_s_own_process_speaks_the_language(tmp_path: Path) -> None:
    """`gateway serve --lang nb` hands it on to the process that opens the settings."""
    (tmp_path / "gateway.toml").write_text("[sever]\n")
    errors = tmp_path / "errors"
    with started("serve", "--data", tmp_path, "--lang", "nb", stderr=errors) as process:
        assert process.wait(30) == 2
    assert "  løsning: " in errors.read_text()


def test_a_draft_that_is_not_ready_is_told_in_bokmaal(run: Run, gateway: Gateway) -> None:
    """What the gateway says and what the command says, table and mends; codes stay."""
    result = run("send", FOUR / "arkivmelding.xml", "--url", gateway.url, "--lang", "nb")
    assert result.exit_code == 1
    for words in (
        "ikke klar, så ingenting er sendt:",
        "rett opp: DOCUMENT_MISSING høringsbrev.pdf er nevnt i arkivmeldingen og er ikke lastet opp",
        "    slik: Last den opp med PUT til …/documents/høringsbrev.pdf.",
        "bekreft: NAME_MISMATCH (part nr. 3) ",
        "mottaker",
        "blir stående som det er til det utløper",
    ):
        assert words in result.output
    for words in ("how: ", "not ready", "recipient ", "conversation "):
        assert words not in result.output


def test_what_goes_well_is_told_in_bokmaal(run: Run, gateway: Gateway) -> None:
    """Uploaded, committed, and what the statuses say."""
    sent = run("send", ONE / "arkivmelding.xml", *sorted(ONE.glob("*.pdf")), "--url", gateway.url, env=NORWEGIAN)
    assert sent.exit_code == 0, sent.output
    assert sent.output.count("lastet opp ") == 2
    assert "sendt inn: 1 på vei, 0 utelatt" in sent.output
    identifier = sent.output.rpartition("gateway status ")[2].strip()
    assert "på vei" in run("status", identifier, "--url", gateway.url, env=NORWEGIAN).output
    assert "under way" in run("status", identifier, "--url", gateway.url).output


def test_refusals_are_told_in_bokmaal(run: Run, gateway: Gateway) -> None:
    """The gateway's, in the language that it was asked for; and our own, where nobody answers."""
    xml = SAMPLES / "08-five-faults" / "arkivmelding.xml"
    refused = run("send", xml, "--url", gateway.url, "--lang", "nb")
    assert refused.exit_code == 1
    assert "avvist: " in refused.output
    assert "  linje 13: XSD " in refused.output
    assert "Ingenting ble sendt, og det er ikke lagret noe utkast." in refused.output
    silent = run("status", "x", "--url", "http://127.0.0.1:9", "--lang", "nb")
    assert silent.exit_code == 2
    assert (
        "det kommer ikke noe svar fra http://127.0.0.1:9 (ingen lytter der, eller forbindelsen ble brutt)"
        in silent.output
    )
    assert "  løsning: Kjører gatewayen der (gateway serve)? Sjekk --url." in silent.output


def test_logins_are_told_in_bokmaal(run: Run, data: Path) -> None:
    """Made, listed, removed, not there: words in bokmål, the key alone on stdout."""
    add = ("client", "add", "fagsystem", "--organisation", "0192:311000012", "--data", data, "--lang", "nb")
    made = run(*add)
    assert made.stderr.startswith("nøkkelen til fagsystem (vises bare denne ene gangen):")
    assert len(made.stdout.split()) == 1
    assert "  siden " in run("client", "list", "--data", data, "--lang", "nb").output
    assert "kan ikke logge inn lenger" in run("client", "remove", "fagsystem", "--data", data, "--lang", "nb").output
    missing = run("client", "remove", "fagsystem", "--data", data, "--lang", "nb")
    assert (missing.exit_code, "det finnes ingen innlogging som heter fagsystem" in missing.stderr) == (1, True)
    wrong = run("client", "add", "x", "--organisation", "0192:311000011", "--data", data, "--lang", "nb")
    assert (wrong.exit_code, "check digit" in wrong.stderr) == (2, False)


def test_help_is_english(run: Run) -> None:
    """Whatever the locale."""
    output = run("send", "--help", env=NORWEGIAN).output
    assert "Send an arkivmelding with its documents through a running gateway." in output
    assert "--lang [en|nb]" in output


def test_the_demo_is_english(tmp_path: Path) -> None:
    """Its failures, too, whatever the locale: a data folder with settings of somebody else's."""
    (tmp_path / "gateway.toml").write_text("[server]\n")
    errors = tmp_path / "errors"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LC_ALL", "nb_NO.UTF-8")
        with started("demo", "--data", tmp_path, stderr=errors) as process:
            assert process.wait(60) == 2
    assert "  mend: Give the sandbox another folder with --data." in errors.read_text()


def test_the_gateway_is_asked_for_the_language() -> None:
    """Accept-Language goes with every request; English where nothing else is said, as in the demo."""
    asked = [
        RemoteGateway("http://x")._session.headers,
        RemoteGateway("http://x", language=Language.BOKMAAL)._session.headers,
    ]
    assert [each["Accept-Language"] for each in asked] == ["en", "nb"]


def test_a_screen_tells_phrases_only(capsys: pytest.CaptureFixture[str]) -> None:
    """A name or a code that is a word of the catalogue stays as it is; a phrase in a table is told."""
    screen = Screen(rich=False, language=Language.BOKMAAL)
    screen.table((say("recipient"), "recipient"), [(say("ready"), "ready")])
    screen.say("left out")
    assert capsys.readouterr().out.split("\n") == ["mottaker  recipient", "klar      ready", "left out", ""]


def test_ctrl_c_is_told_in_bokmaal(run: Run, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted while checking, and while uploading."""

    def interrupt(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gateway.cli.validate._check", stop)
    assert "stoppet\n" in run("validate", __file__, env=NORWEGIAN).output
    monkeypatch.setattr(RemoteGateway, "upload", interrupt)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    result = run("send", ONE / "arkivmelding.xml", *sorted(ONE.glob("*.pdf")), "--url", gateway.url, "--lang", "nb")
    assert (result.exit_code, "\nstoppet\n" in result.output) == (130, True)
