"""The command as a whole: help texts, version, and how failures are told."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from gateway import __version__
from gateway.cli.commands import COMMANDS, gateway
from tests.cli.conftest import ROOT, Run


def commands() -> dict[str, click.Command]:
    """Every command, subcommands too, by what is typed."""
    context = click.Context(gateway)
    found: dict[str, click.Command] = {}
    for name in COMMANDS:
        command = gateway.get_command(context, name)
        assert command is not None
        found[name] = command
        if isinstance(command, click.Group):
            found |= {f"{name} {inner}": each for inner, each in command.commands.items()}
    return found


def test_version(run: Run) -> None:
    """`gateway --version` prints it."""
    assert run("--version").output == f"gateway {__version__}\n"


def test_help_lists_every_command_with_its_own_words(run: Run) -> None:
    """The short words of the table are those of each command's own help."""
    output = re.sub(r"\s+", " ", run("--help").output)
    for name, (_, words) in COMMANDS.items():
        assert f"{name} {words}" in output
        assert (commands()[name].help or "").startswith(words)


def test_help_imports_no_command() -> None:
    """`gateway --help` loads nothing but click."""
    script = (
        "import sys; from gateway.cli.commands import gateway\ntry: gateway.main(['--help'])\nexcept SystemExit: pass\n"
    )
    script += "print(sorted(name for name in sys.modules if name.startswith('gateway.')), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, cwd=ROOT, check=True, timeout=60)
    assert done.stderr.decode().strip() == "['gateway.cli', 'gateway.cli.commands']"


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_explains_itself(run: Run, name: str) -> None:
    """Help with a sentence or more; an example wherever there is something to type."""
    result = run(*name.split(), "--help")
    assert result.exit_code == 0
    command = commands()[name]
    assert isinstance(command, click.Group) or "Example" in result.output
    undescribed = [each.name for each in command.params if isinstance(each, click.Option) and not each.help]
    assert undescribed == []


def test_an_unknown_command_is_told(run: Run) -> None:
    """A misspelt command is exit code 2 and a word on help."""
    result = run("servee")
    assert (result.exit_code, "--help" in result.output) == (2, True)


def test_faults_of_the_settings_are_told_all_at_once(run: Run, tmp_path: Path) -> None:
    """Each with its line and key, without a traceback; exit code 2."""
    lines = [
        'organisations = ["311000011"]',
        "[server]",
        'port = "many"',
        "[dpo]",
        'hurl = "http://127.0.0.1/"',
        "[sever]",
    ]
    (tmp_path / "gateway.toml").write_text("\n".join(lines))
    result = run("db", "upgrade", "--data", tmp_path)
    assert result.exit_code == 2
    for place in ("line 1, organisations", "line 3, [server] port", "line 5, [dpo] hurl", "line 6, [sever]"):
        assert place in result.output
    assert "mend: " in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", [("serve", "--no-worker"), ("worker",)])
def test_missing_settings_are_told(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    """Without any settings, server and worker say what they lack and how to get going; exit code 2."""
    result = run(*command, "--data", tmp_path / "data")
    assert result.exit_code == 2
    for name in ("organisations", "[keys] keystore", "[maskinporten]", "[registry]", "[dpo]", "mend: "):
        assert name in result.output


def test_a_bug_keeps_its_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no error of ours is not dressed up as one."""
    monkeypatch.setattr("gateway.cli.validate._check", lambda *_: 1 / 0)
    assert isinstance(run("validate", __file__).exception, ZeroDivisionError)


def test_the_database_is_brought_to_this_version(run: Run, tmp_path: Path) -> None:
    """`gateway db upgrade` makes the tables, and may be run twice."""
    for _ in range(2):
        result = run("db", "upgrade", "--data", tmp_path)
        assert (result.exit_code, "gateway.db is at this version" in result.output) == (0, True)
    assert (tmp_path / "gateway.db").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("url", ["foo", "", "ftp://127.0.0.1", "http://", "http://[::1"])
def test_an_address_that_is_none_is_told_as_that(run: Run, url: str) -> None:
    """And not as a gateway that does not run."""
    result = run("status", "x", "--url", url)
    assert (result.exit_code, "is no address of a gateway" in result.stderr) == (2, True)


@pytest.mark.parametrize("command", ["status", "retry", "cancel", "inbox show"])
def test_an_empty_id_is_refused(run: Run, command: str) -> None:
    """Nobody is asked about it."""
    result = run(*command.split(), "", "--url", "http://127.0.0.1:9")
    assert (result.exit_code, "the ID is empty" in result.output) == (2, True)
