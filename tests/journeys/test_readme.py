"""The README keeps what it promises: its tour works when pasted, its tables name every problem and every setting."""

import ast
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import gateway as package
from gateway.config.form import SECTIONS
from gateway.resources import shipped
from gateway.sandbox.server import Sandbox
from tests.live import served_process

README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.mark.skipif(shutil.which("curl") is None, reason="the tour uses curl")
def test_the_tour_works_when_pasted(tmp_path: Path, sandbox: Sandbox, run_log: Path) -> None:
    """Every line of it, in one shell; at its end the message has been read and the recipient found it valid."""
    (tour,) = re.findall(r"```sh\n(api\(\).*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    tour = tour.replace("sleep 3", "sleep 6")
    with served_process(sandbox, tmp_path / "data", run_log.parent / "readme.stderr") as (url, _):
        names = {
            "GATEWAY_URL": url,
            "GATEWAY_KEY": "none",
            "SANDBOX_URL": sandbox.url,
            "SAMPLES": str(shipped("samples")),
        }
        # Nobody has a login here, so the key is not looked at; the demo gives a real one.
        tour = tour.replace('-H "Authorization: Bearer $GATEWAY_KEY" ', "")
        ran = subprocess.run(
            ["bash", "-eu", "-c", tour],
            cwd=tmp_path,
            env={**os.environ, **names},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr
    posted = json.loads((tmp_path / "posted.json").read_text(encoding="utf-8"))
    message_id = posted["prototypes"][0]["messageId"]
    assert "DOCUMENT_MISSING" in ran.stdout
    assert "taushetsbelagt" in ran.stdout
    for status in ("OPPRETTET", "SENDT", "MOTTATT", "LEVERT", "LEST"):
        assert f'"status": "{status}"' in ran.stdout
    assert message_id in ran.stdout.rpartition('"answers"')[0]
    assert '"signature": "valid"' in ran.stdout


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
