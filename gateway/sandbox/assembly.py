"""Puts the sandbox together: which part stands behind which, and what the parts share.

Comes in: the ground to build on (address, keys, organisations, schemas, pace) and an empty Flask application; goes
out: the application with every door, and the recipients, not yet awake. Called by `server` alone.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from flask import Flask

from gateway.arkivmelding.schema import Schemas
from gateway.keys import TrustRoots
from gateway.sandbox.altinn import EXCHANGE, Altinn
from gateway.sandbox.assertions import Assertions, Clients
from gateway.sandbox.authority import Authority, Holder
from gateway.sandbox.broker import ROOT as BROKER
from gateway.sandbox.broker import Broker
from gateway.sandbox.controls import Controls
from gateway.sandbox.decisions import DPO_RESOURCE
from gateway.sandbox.deliveries import Deliveries
from gateway.sandbox.entries import Entries
from gateway.sandbox.faults import Dial
from gateway.sandbox.gate import Gate
from gateway.sandbox.maskinporten import Maskinporten
from gateway.sandbox.organisations import Organisations
from gateway.sandbox.recipients import Recipients, Surroundings
from gateway.sandbox.register import ROOT as REGISTER
from gateway.sandbox.register import Register
from gateway.sandbox.tokens import TokenIssuer
from gateway.sandbox.transfers import Transfers
from gateway.sandbox.unpacking import Unpacker

_REGISTER = Holder("311900021", "SANDKASSE SERVICEREGISTER")
_MASKINPORTEN = Holder("311900048", "SANDKASSE MASKINPORTEN")
_ALTINN = Holder("311900056", "SANDKASSE ALTINN")


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Pace:
    """The clock, and in seconds: the Broker's virus scan, and the time between two looks of a recipient."""

    now: Callable[[], datetime] = utc_now
    virus_scan: float = 0.1
    poll: float = 0.2


@dataclass(frozen=True, slots=True)
class Ground:
    """What is there before the first door: `url` is where it stands, `spool` a folder for what passes through."""

    url: str
    spool: Path
    authority: Authority
    organisations: Organisations
    schemas: Schemas
    pace: Pace
    stopping: threading.Event


def name_addresses(url: str) -> dict[str, str]:
    """The address of every service."""
    return {
        "token": f"{url}/token",
        "audience": f"{url}/",
        "tokenExchange": f"{url}{EXCHANGE}",
        "registry": f"{url}{REGISTER}",
        "jwk": f"{url}{REGISTER}/jwk",
        "broker": f"{url}{BROKER}",
        "controls": f"{url}/_sim",
    }


def furnish(application: Flask, ground: Ground) -> Recipients:
    """Build every part on `ground` and hang the doors into `application`."""
    now, roots = ground.pace.now, TrustRoots((ground.authority.root,))
    dial, deliveries = Dial(), Deliveries()
    gate = Gate(dial, stopping=ground.stopping, now=now)
    scan = timedelta(seconds=ground.pace.virus_scan)
    transfers = Transfers(ground.spool, now=now, new_id=lambda: str(uuid4()), scan=scan)
    around = Surroundings(ground.organisations, ground.authority, dial, ground.stopping, ground.pace.poll)
    recipients = Recipients(around, transfers, Unpacker(roots, ground.schemas, ground.spool, now), deliveries)
    clients = Clients(ground.organisations)
    assertions = Assertions(clients, ground.organisations, roots=roots, now=now)
    maskinporten = _issuer(ground, _MASKINPORTEN, issuer=name_addresses(ground.url)["audience"])
    altinn = _issuer(ground, _ALTINN, issuer=f"{ground.url}/authentication/api/v1/openid/")
    doors = (
        Maskinporten(assertions, maskinporten, url=ground.url),
        Altinn(maskinporten, altinn),
        _register(ground, maskinporten),
        Broker(transfers, altinn, DPO_RESOURCE),
        Controls(dial, ground.organisations, clients, transfers, deliveries, recipients, name_addresses(ground.url)),
    )
    for door in doors:
        application.register_blueprint(door.routes(gate))
    application.after_request(gate.note)
    application.register_error_handler(Exception, gate.fail)
    return recipients


def _issuer(ground: Ground, holder: Holder, *, issuer: str) -> TokenIssuer:
    return TokenIssuer(issuer, key=ground.authority.credential(holder).key, now=ground.pace.now)


def _register(ground: Ground, tokens: TokenIssuer) -> Register:
    entries = Entries(ground.authority, url=ground.url)
    return Register(ground.organisations, entries, signer=lambda: ground.authority.credential(_REGISTER), tokens=tokens)
