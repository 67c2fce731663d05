"""A gateway.toml for the sandbox's sender, so that nobody has to write one to try things out.

In comes a `SandboxSetup`, out comes the file in the data folder. Called by `gateway sandbox` and `gateway demo`. A file
that somebody else wrote is never touched.
"""

import json
import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from gateway.errors import SetupFault
from gateway.language import say
from gateway.sandbox.server import SandboxSetup

MARK = "# Written by the sandbox, and written anew each time it starts."
_HEADER = re.compile(r"\s*\[+\s*(\w+)[^\]]*\]+\s*(?:#.*)?$")
_Section = Mapping[str, object]


def write_settings(data: Path, setup: SandboxSetup, *, poll_seconds: float) -> Path:
    """Write `gateway.toml`; `SetupFault` where one stands that the sandbox did not write."""
    path = data / "gateway.toml"
    before = path.read_text(encoding="utf-8") if path.exists() else MARK
    if not before.startswith(MARK):
        raise SetupFault(
            say("{path} is there already, and the sandbox did not write it", path=path),
            mend="Give the sandbox another folder with --data.",
        )
    text = f"{MARK}\norganisations = {_value([setup.sender])}\n"
    own = _sections(setup, poll_seconds)
    for name, section in own.items():
        text += f"\n[{name}]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in section.items())
    text += _kept(before, own.keys())
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    return path


def _kept(before: str, own: Collection[str]) -> str:
    """The sections that somebody put beside the sandbox's own, as they stand."""
    kept, is_kept = "", False
    for line in before.splitlines():
        if header := _HEADER.match(line):
            is_kept = header[1] not in own
        kept += f"{line}\n" if is_kept else ""
    return f"\n{kept}" if kept else ""


def _sections(setup: SandboxSetup, poll_seconds: float) -> Mapping[str, _Section]:
    return {
        "keys": {
            "keystore": str(setup.keystore.absolute()),
            "password": setup.keystore_password,
            "roots": str(setup.roots_pem.absolute()),
        },
        "maskinporten": {
            "token_url": setup.token_url,
            "audience": setup.audience,
            "client_id": setup.client_id,
        },
        "registry": {"url": setup.registry_url, "jwk_url": setup.jwk_url},
        "dpo": {
            "url": setup.broker_url,
            "token_exchange_url": setup.token_exchange_url,
            "resource": setup.resource,
            "system_users": {setup.sender: setup.system_user},
            "poll_seconds": poll_seconds,
        },
    }


def _value(value: object) -> str:
    """A value as TOML. Its strings are written as JSON's are."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(str(key))} = {_value(each)}" for key, each in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
