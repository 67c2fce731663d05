"""Organisations that act in the sandbox over real HTTP with their own keys, and what they send."""

import base64
import hashlib
import io
import time
import uuid
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import requests
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jwt
from joserfc.jwk import RSAKey

from gateway.keys import KeyPair
from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING
from gateway.message.sbd import Envelope
from gateway.packaging.records import PackagedFile
from gateway.sandbox.authority import Holder
from gateway.sandbox.organisations import SENDER, Organisation
from gateway.sandbox.server import Sandbox

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
READ, WRITE = "altinn:broker.read", "altinn:broker.write"
FJORDVIK, TREDJE_PART = "311000020", "311000101"


@dataclass
class Actor:
    """An organisation that acts over HTTP: it has its key, its client and its system user."""

    sandbox: Sandbox
    organisation: Organisation
    tokens: dict[str, str] = field(default_factory=dict)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def keys(self) -> KeyPair:
        """Its key and business certificate."""
        return self.sandbox.authority.credential(Holder(self.organisation.number, self.organisation.name))

    def claims(self, scope: str, /, **changed: object) -> dict[str, object]:
        """The claims of a correct assertion; a change to None leaves a claim out."""
        now = int(self.clock().timestamp())
        user = {
            "type": "urn:altinn:systemuser",
            "systemuser_org": {"authority": "iso6523-actorid-upis", "ID": self.organisation.identifier},
            "externalRef": self.organisation.system_user,
        }
        claims: dict[str, object] = {
            "aud": f"{self.sandbox.url}/",
            "iss": self.organisation.client_id,
            "scope": scope,
            "jti": str(uuid.uuid4()),
            "iat": now,
            "exp": now + 120,
            "authorization_details": [user],
        }
        return {name: value for name, value in {**claims, **changed}.items() if value is not None}

    def assertion(self, claims: dict[str, object], *, header: dict[str, object] | None = None) -> str:
        """A signed assertion with the certificate in its header, or with another header."""
        leaf = base64.b64encode(self.keys.certificate.public_bytes(Encoding.DER)).decode()
        return jwt.encode({"alg": "RS256", **(header or {"x5c": [leaf]})}, claims, RSAKey.import_key(self.keys.key))

    def ask_token(self, assertion: str, grant: str = GRANT) -> requests.Response:
        """What Maskinporten answers to an assertion."""
        form = {"grant_type": grant, "assertion": assertion}
        return requests.post(f"{self.sandbox.url}/token", data=form, timeout=10)

    def token(self, scope: str) -> str:
        """An access token of Maskinporten."""
        answer = self.ask_token(self.assertion(self.claims(scope)))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def altinn(self, scope: str) -> dict[str, str]:
        """The headers with an Altinn token, exchanged once for each scope."""
        if scope not in self.tokens:
            url = f"{self.sandbox.url}/authentication/api/v1/exchange/maskinporten"
            answer = requests.get(url, headers={"Authorization": f"Bearer {self.token(scope)}"}, timeout=10)
            assert answer.status_code == 200, answer.text
            self.tokens[scope] = answer.text
        return {"Authorization": f"Bearer {self.tokens[scope]}"}

    def broker(self, method: str, path: str, *, scope: str = READ, **more: object) -> requests.Response:
        """One call to the Broker; `path` begins with nothing or a slash after `filetransfer`."""
        url = f"{self.sandbox.url}/broker/api/v1/filetransfer{path}"
        return requests.request(method, url, headers=self.altinn(scope), timeout=30, **more)  # type: ignore[arg-type]

    def initialize(self, recipient: str, **changed: object) -> requests.Response:
        """Begin a transfer to a recipient."""
        body = {
            "fileName": "sbd.zip",
            "resourceId": "eformidling-dpo-meldingsutveksling",
            "sendersFileTransferReference": str(uuid.uuid4()),
            "sender": self.organisation.identifier,
            "recipients": [f"0192:{recipient}"],
            "propertyList": {},
        }
        return self.broker("POST", "/", scope=WRITE, json={**body, **changed})

    def send(self, recipient: str, content: bytes) -> str:
        """Begin a transfer and upload; returns its id."""
        begun = self.initialize(recipient).json()["fileTransferId"]
        answer = self.broker("POST", f"/{begun}/upload", scope=WRITE, data=content)
        assert answer.status_code == 200, answer.text
        return str(begun)

    def state(self, transfer: str) -> str:
        """The transfer's state as the overview shows it."""
        return str(self.broker("GET", f"/{transfer}").json()["fileTransferStatus"])


def await_until(look: Callable[[], object], seconds: float = 15) -> object:
    """What `look` gives as soon as it is true; fails when that takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {look()!r}")


def packaged(name: str, content: bytes, mime: str = "application/pdf") -> PackagedFile:
    """A document as packaging takes it."""
    digest = hashlib.sha256(content).digest()
    return PackagedFile(name, mime, len(content), zlib.crc32(content), digest, lambda: io.BytesIO(content))


def arkivmelding_envelope(recipient: str, **changed: object) -> Envelope:
    """An envelope with an arkivmelding from the gateway's own organisation."""
    facts: dict[str, object] = {
        "message_id": str(uuid.uuid4()),
        "conversation_id": str(uuid.uuid4()),
        "sender": SENDER.identifier,
        "receiver": f"0192:{recipient}",
        "process": ADMINISTRASJON,
        "document_type": ARKIVMELDING,
        "created": datetime.now(UTC),
        "expected_response": None,
        "business": {"hoveddokument": "arkivmelding.xml"},
    }
    return Envelope(**{**facts, **changed})  # type: ignore[arg-type]
