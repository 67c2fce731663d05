"""The sandbox as a whole: the outside world over real HTTP on loopback, started in a folder, stopped without a trace.

Comes in: a folder, the schemas, a port, the pace of things; goes out: a running `Sandbox` with its address and with
what a gateway must be told to live in it. Called by `gateway sandbox`, `gateway demo` and tests.
"""

import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from flask import Flask

from gateway.arkivmelding.schema import Schemas
from gateway.message.processes import ARKIVMELDING_RESPONSE
from gateway.sandbox.assembly import Ground, Pace, furnish, name_addresses
from gateway.sandbox.authority import Authority, Holder
from gateway.sandbox.decisions import DPO_RESOURCE
from gateway.sandbox.loopback import ADDRESS, LoopbackServer
from gateway.sandbox.organisations import SENDER, Organisation, Organisations


@dataclass(frozen=True, slots=True)
class SandboxSetup:
    """What a gateway must be told to live in the sandbox as one organisation. Addresses are URLs, `sender` is `0192:…`."""

    url: str
    token_url: str
    audience: str
    client_id: str
    token_exchange_url: str
    registry_url: str
    jwk_url: str
    broker_url: str
    resource: str
    sender: str
    system_user: str
    roots_pem: Path
    keystore: Path
    keystore_password: str


class Sandbox:
    """A running sandbox. `authority` holds the keys of every organisation in it, for tests that act as one of them."""

    def __init__(self, folder: Path, schemas: Schemas, *, port: int, pace: Pace) -> None:
        self._folder = folder
        self._spool = folder / "spool"
        self._stopping = threading.Event()
        self.authority = Authority(folder / "keys", now=pace.now)
        self._password = self._write_files()
        application = Flask("gateway.sandbox", static_folder=None)
        self._server = LoopbackServer(application, port)
        self.url = f"http://{ADDRESS}:{self._server.port}"
        self._organisations = Organisations()
        ground = Ground(self.url, self._spool, self.authority, self._organisations, schemas, pace, self._stopping)
        self._recipients = furnish(application, ground)
        self._server.open()
        self._recipients.wake()

    @classmethod
    def start(cls, folder: Path, *, schemas: Mapping[str, bytes], port: int = 0, pace: Pace | None = None) -> "Sandbox":
        """Start it in `folder`, which keeps its keys. `schemas` are the XSDs by name, as `Schemas` takes them."""
        return cls(folder, Schemas(schemas), port=port, pace=pace or Pace())

    def stop(self) -> None:
        """End every request, thread and recipient, and throw away what passed through; a second time does nothing."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._server.close()
        self._recipients.join()
        shutil.rmtree(self._spool, ignore_errors=True)

    def setup(self, identifier: str = SENDER.identifier) -> SandboxSetup:
        """What a gateway must be told to be HAVNES KOMMUNE here, or another organisation of the sandbox.

        Another one gets receipts by DPO too, and is played by nobody else from now on. KeyError where there is none.
        """
        organisation = self._organisations.get(identifier)
        if organisation is None:
            raise KeyError(identifier)
        keystore = self._folder / "sender.p12"
        if organisation.number != SENDER.number:
            keystore = self._folder / f"{organisation.number}.p12"
            self.authority.write_pkcs12(Holder(organisation.number, organisation.name), keystore)
            self._organisations.put(replace(organisation, elma=organisation.elma | {ARKIVMELDING_RESPONSE}))
            self._recipients.give_way(organisation.number)
        return self._describe(organisation, keystore)

    def _describe(self, organisation: Organisation, keystore: Path) -> SandboxSetup:
        addresses = name_addresses(self.url)
        return SandboxSetup(
            url=self.url,
            token_url=addresses["token"],
            audience=addresses["audience"],
            client_id=organisation.client_id,
            token_exchange_url=addresses["tokenExchange"],
            registry_url=addresses["registry"],
            jwk_url=addresses["jwk"],
            broker_url=addresses["broker"],
            resource=DPO_RESOURCE,
            sender=organisation.identifier,
            system_user=organisation.system_user,
            roots_pem=self._folder / "roots.pem",
            keystore=keystore,
            keystore_password=self._password,
        )

    def __enter__(self) -> "Sandbox":
        """The sandbox itself, for `with`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    def _write_files(self) -> str:
        """An empty spool, the root, and the sender's keystore; returns the password of that."""
        shutil.rmtree(self._spool, ignore_errors=True)
        self._spool.mkdir(parents=True)
        self.authority.write_root(self._folder / "roots.pem")
        return self.authority.write_pkcs12(Holder(SENDER.number, SENDER.name), self._folder / "sender.p12")
