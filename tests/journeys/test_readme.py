"""The README keeps what it promises: its tour works when pasted, its tables name every problem and every setting."""

import ast
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import gateway as package
from gateway.config.form import SECTIONS
from gateway.resources import shipped
from gateway.sandbox.server import Sandbox
from tests.live import served_process

README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.fixture
def paste(tmp_path: Path, sandbox: Sandbox, run_log: Path) -> Callable[[str], str]:
    """Runs lines of the README in one shell, against a gateway of their own; what they print."""

    def run(lines: str) -> str:
        # Nobody has a login here, so the key is not looked at; the demo gives a real one.
        lines = lines.replace("sleep 3", "sleep 6").replace('-H "Authorization: Bearer $GATEWAY_KEY" ', "")
        with served_process(sandbox, tmp_path / "data", run_log.parent / "readme.stderr") as (url, _):
            names = {"GATEWAY_URL": url, "SANDBOX_URL": sandbox.url, "SAMPLES": str(shipped("samples"))}
            ran = subprocess.run(
                ["bash", "-eu", "-c", lines],
                cwd=tmp_path,
                env={**os.environ, **names},
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    return run


def told(pattern: str) -> str:
    """The one block of shell that begins so."""
    (lines,) = re.findall(rf"```sh\n({pattern}.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    return str(lines)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the tour uses curl")
def test_the_tour_works_when_pasted(tmp_path: Path, paste: Callable[[str], str]) -> None:
    """Every line of it, in one shell; at its end the message has been read and the recipient found it valid."""
    printed = paste(told(r"api\(\)"))
    posted = json.loads((tmp_path / "posted.json").read_text(encoding="utf-8"))
    message_id = posted["prototypes"][0]["messageId"]
    assert "DOCUMENT_MISSING" in printed
    assert "taushetsbelagt" in printed
    for status in ("OPPRETTET", "SENDT", "MOTTATT", "LEVERT", "LEST"):
        assert f'"status": "{status}"' in printed
    assert message_id in printed.rpartition('"answers"')[0]
    assert '"signature": "valid"' in printed


@pytest.mark.skipif(shutil.which("curl") is None, reason="the tour uses curl")
def test_the_way_of_an_existing_client_works_when_pasted(paste: Callable[[str], str]) -> None:
    """Created, filled, sent and followed under /api, to the end."""
    (api, *_) = told(r"api\(\)").splitlines()
    printed = paste("\n".join([api, told("# Create it: the SBD")]))
    for status in ("OPPRETTET", "SENDT", "MOTTATT", "LEVERT", "LEST"):
        assert f'"status" : "{status}"' in printed
    assert '"exception"' not in printed


def test_every_problem_is_in_the_table() -> None:
    """A code that can be met in an answer can be found in the README."""
    text = README.read_text(encoding="utf-8")
    codes = set()
    for path in Path(package.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem" and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    codes.add(str(first.value))
    assert {code for code in codes if f"`{code}`" not in text} == set()


def test_every_setting_is_in_the_table() -> None:
    """And the table names none that there is not."""
    text = README.read_text(encoding="utf-8")
    written: set[tuple[str, str]] = set()
    for line in text.splitlines():
        for section, keys in re.findall(r"^\| `\[+([a-z._]+)\]+ ([a-z_, ]+)`", line):
            written |= {(section.split(".")[0], key.strip()) for key in keys.split(",")}
        if line.startswith("| `[[shielding."):
            written |= {("shielding", "secrecy"), ("shielding", "no_secrecy")}
        if line.startswith("| `[[intake.processes]]"):
            written |= {("intake", "processes")}
    known = {(name, key) for name, schema in SECTIONS.items() for key in schema.fields}
    extra = {("intake", key) for key in ("process", "klasse", "arkivdel")}
    assert known - written == set()
    assert written - known - extra == set()
