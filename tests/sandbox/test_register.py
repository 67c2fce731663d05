"""The ServiceRegistry: what it decides for each receiver, how it signs, and how it refuses."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from cryptography import x509
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING, ARKIVMELDING_RESPONSE, TAUSHETSBELAGT
from gateway.sandbox.assembly import utc_now
from gateway.sandbox.organisations import PLAN_BYGG_OG_GEODATA
from gateway.sandbox.server import Sandbox

from .acting import FJORDVIK, Actor

BREIDAL, LIA, NORDMARK, OVRE_DAL = "311000039", "311000047", "311000055", "311000128"
UNKNOWN, CITIZEN = "311000098", "15859010099"
JOSE = "application/jose, application/json"
Ask = Callable[..., requests.Response]


@pytest.fixture
def ask(sender: Actor) -> Ask:
    """Ask the registry with a token of the gateway's organisation."""
    token = sender.token("eformidling:dpo")

    def get(path: str, accept: str = "application/json", **query: object) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}", "Accept": accept}
        url = f"{sender.sandbox.url}/adressetjeneste{path}"
        return requests.get(url, headers=headers, params=query, timeout=10)  # type: ignore[arg-type]

    return get


def way(ask: Ask, number: str, process: str, **query: object) -> tuple[int, str | None, int | None, str | None]:
    """Status, channel, security level and resource of the way to a receiver."""
    answer = ask(f"/identifier/{number}/process/{process}", **query)
    if answer.status_code != 200:
        return answer.status_code, None, None, None
    (record,) = answer.json()["serviceRecords"]
    service = record["service"]
    return 200, service["identifier"], service["securityLevel"], service["resource"]


DPO = "eformidling-dpo-meldingsutveksling"
DPV = "eformidling-dpv-administrasjon"
SECRET = "eformidling-dpv-taushetsbelagt"


@pytest.mark.parametrize(
    ("number", "process", "level", "expected"),
    [
        (FJORDVIK, ADMINISTRASJON, None, (200, "DPO", None, DPO)),
        (FJORDVIK, ADMINISTRASJON, 4, (200, "DPO", None, DPO)),
        (FJORDVIK, TAUSHETSBELAGT, None, (200, "DPO", None, DPO)),
        (BREIDAL, ADMINISTRASJON, None, (200, "DPF", 4, None)),
        (BREIDAL, ADMINISTRASJON, 3, (200, "DPF", 3, None)),
        (BREIDAL, TAUSHETSBELAGT, 4, (200, "DPF", 4, None)),
        (LIA, ADMINISTRASJON, None, (200, "DPV", None, DPV)),
        (LIA, ADMINISTRASJON, 3, (200, "DPV", None, DPV)),
        (LIA, TAUSHETSBELAGT, None, (200, "DPV", None, SECRET)),
        (LIA, TAUSHETSBELAGT, 4, (400, None, None, None)),
        (NORDMARK, PLAN_BYGG_OG_GEODATA, None, (200, "DPO", None, DPO)),
        (NORDMARK, ADMINISTRASJON, None, (200, "DPV", None, DPV)),
        (NORDMARK, ADMINISTRASJON, 3, (200, "DPV", None, DPV)),
        (NORDMARK, ADMINISTRASJON, 4, (404, None, None, None)),
        (OVRE_DAL, ADMINISTRASJON, None, (200, "DPF", 3, None)),
        (OVRE_DAL, TAUSHETSBELAGT, 4, (400, None, None, None)),
        (OVRE_DAL, TAUSHETSBELAGT, None, (200, "DPF", 3, None)),
        (UNKNOWN, ADMINISTRASJON, None, (404, None, None, None)),
        (CITIZEN, ADMINISTRASJON, None, (200, "DPV", None, DPV)),
        (FJORDVIK, "urn:no:such:process", None, (404, None, None, None)),
        (FJORDVIK, ARKIVMELDING_RESPONSE, None, (200, "DPV", None, DPV)),
        ("311000012", ARKIVMELDING_RESPONSE, None, (200, "DPO", None, DPO)),
        (FJORDVIK, "urn:no:difi:profile:avtalt:avtalt:ver1.0", None, (404, None, None, None)),
    ],
)
def test_the_registry_decides_by_its_rules(
    ask: Ask, number: str, process: str, level: int | None, expected: tuple[object, ...]
) -> None:
    """ELMA first, then SvarUt at the exact or the highest level, then DPV; level 4 is never lowered."""
    query = {} if level is None else {"securityLevel": level}
    assert way(ask, number, process, **query) == expected


def test_elma_for_another_process_is_never_looked_up_in_svarut(sandbox: Sandbox, ask: Ask) -> None:
    """A municipality in SvarUt that has registered one process in ELMA gets DPV for the others."""
    change = {"number": BREIDAL, "elma": [PLAN_BYGG_OG_GEODATA]}
    assert requests.post(f"{sandbox.url}/_sim/organisations", json=change, timeout=10).status_code == 201
    assert way(ask, BREIDAL, ADMINISTRASJON)[1] == "DPV"
    assert way(ask, BREIDAL, PLAN_BYGG_OG_GEODATA)[1] == "DPO"


def test_an_organisation_that_changes_is_answered_anew(sandbox: Sandbox, ask: Ask) -> None:
    """A new name and a new channel show at the next look-up; a new organisation is found."""
    post = lambda change: requests.post(f"{sandbox.url}/_sim/organisations", json=change, timeout=10)  # noqa: E731
    post({"number": FJORDVIK, "name": "FJORDVIK KONTROLL", "elma": []})
    answer = ask(f"/identifier/{FJORDVIK}/process/{ADMINISTRASJON}").json()
    assert answer["infoRecord"]["organizationName"] == "FJORDVIK KONTROLL"
    assert answer["serviceRecords"][0]["service"]["identifier"] == "DPV"
    post({"number": UNKNOWN, "name": "NY ETAT", "form": "ORGL", "elma": "all"})
    assert way(ask, UNKNOWN, ADMINISTRASJON)[1] == "DPO"


def test_a_record_has_every_member_of_the_reference(ask: Ask) -> None:
    """A DPO record carries the receiver's certificate, codes and document types; absent values are null."""
    answer = ask(f"/identifier/0192:{FJORDVIK}/process/{ADMINISTRASJON}").json()
    (record,) = answer["serviceRecords"]
    certificate = x509.load_pem_x509_certificate(record["pemCertificate"].encode())
    assert FJORDVIK in certificate.subject.rfc4514_string()
    assert record["documentTypes"] == [ARKIVMELDING]
    assert record["organisationNumber"] == FJORDVIK
    assert set(record["service"]) == {
        "identifier",
        "endpointUrl",
        "serviceCode",
        "serviceEditionCode",
        "securityLevel",
        "resource",
    }
    assert answer["infoRecord"] == {
        "identifier": FJORDVIK,
        "organizationName": "FJORDVIK TILSYN",
        "postadresse": {"adresse": "Postboks 9", "postnummer": "5003", "poststed": "BERGEN", "land": "Norge"},
        "entityType": {"name": "ORGL"},
    }


def test_the_list_holds_one_record_for_each_process(ask: Ask) -> None:
    """Without a process every arkivmelding process is answered, DPO where it is registered and DPV for the rest."""
    records = ask(f"/identifier/{NORDMARK}").json()["serviceRecords"]
    channels = {record["process"]: record["service"]["identifier"] for record in records}
    assert len(records) == len(channels) == 12
    assert channels.pop(PLAN_BYGG_OG_GEODATA) == "DPO"
    assert set(channels.values()) == {"DPV"}


def test_info_gives_the_name_and_no_ways(ask: Ask) -> None:
    """The info look-up has an empty list, for organisations and for citizens; an unknown one is 404 without a body."""
    assert ask(f"/info/{LIA}").json()["serviceRecords"] == []
    assert ask(f"/info/{CITIZEN}").json()["infoRecord"]["entityType"]["name"] == "citizen"
    unknown = ask(f"/info/{UNKNOWN}")
    assert (unknown.status_code, unknown.content) == (404, b"")


def test_a_missing_certificate_fails_the_whole_look_up(sandbox: Sandbox, ask: Ask) -> None:
    """Without a certificate in the catalogue a DPO receiver is 404, in the list too."""
    change = {"number": FJORDVIK, "virksert": "missing"}
    requests.post(f"{sandbox.url}/_sim/organisations", json=change, timeout=10)
    for path in (
        f"/identifier/{FJORDVIK}",
        f"/identifier/{FJORDVIK}/process/{ADMINISTRASJON}",
        f"/virksert/{FJORDVIK}",
    ):
        answer = ask(path)
        assert answer.status_code == 404
        assert answer.json()["error_description"] == f"Unable to find DPO certificate for: {FJORDVIK}"


def test_an_expired_certificate_can_be_handed_out(sandbox: Sandbox, ask: Ask) -> None:
    """The catalogue gives what it has, also when that has run out."""
    requests.post(f"{sandbox.url}/_sim/organisations", json={"number": FJORDVIK, "virksert": "expired"}, timeout=10)
    certificate = x509.load_pem_x509_certificate(ask(f"/virksert/{FJORDVIK}").content)
    assert certificate.not_valid_after_utc < utc_now()


class _Roomy(jws.JWSRegistry):
    """Takes headers that hold a certificate."""

    max_header_length = 64 * 1024


def verify(answer: requests.Response, url: str) -> Any:
    """The header and payload of a signed answer, verified with the published key set."""
    assert answer.headers["Content-Type"].startswith("application/jose")
    keys = KeySet.import_key_set(requests.get(f"{url}/adressetjeneste/jwk", timeout=10).json())
    token = jws.deserialize_compact(answer.content, keys, registry=_Roomy(algorithms=["RS256"]))
    return token.headers(), token.payload


def test_a_signed_answer_is_the_same_object_under_the_published_key(sandbox: Sandbox, ask: Ask) -> None:
    """JOSE is a compact JWS with exactly alg, x5c and kid, whose payload is the JSON answer."""
    path = f"/identifier/{FJORDVIK}/process/{ADMINISTRASJON}"
    header, payload = verify(ask(path, accept=JOSE), sandbox.url)
    assert set(header) == {"alg", "x5c", "kid"}
    assert len(header["x5c"]) == 1
    assert json.loads(payload) == ask(path).json()


def test_the_certificate_catalogue_signs_the_pem_itself(sandbox: Sandbox, ask: Ask) -> None:
    """The payload of a signed virksert answer is PEM text, not JSON."""
    _, payload = verify(ask(f"/virksert/{FJORDVIK}", accept=JOSE), sandbox.url)
    assert payload == ask(f"/virksert/{FJORDVIK}", accept="text/plain").content


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "application/json, application/jose", "application/jose;q=0"]
)
def test_json_is_the_default(ask: Ask, accept: str) -> None:
    """Unsigned unless JOSE is named, and named first."""
    assert ask(f"/info/{FJORDVIK}", accept=accept).headers["Content-Type"].startswith("application/json")


def test_only_a_200_is_signed(ask: Ask) -> None:
    """An error is unsigned JSON even where JOSE was asked for, under the content type that was negotiated."""
    answer = ask(f"/identifier/{UNKNOWN}", accept=JOSE)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("application/jose")
    description = f"Entity with identifier '0192:{UNKNOWN}' not found."
    assert json.loads(answer.text) == {"error_code": "", "error_description": description}


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/identifier/12345", {}),
        ("/info/15859010098", {}),
        (f"/identifier/{FJORDVIK}/process/{ADMINISTRASJON}", {"securityLevel": "high"}),
    ],
)
def test_what_cannot_be_parsed_is_400(ask: Ask, path: str, query: dict[str, object]) -> None:
    """A wrong identifier or a level that is no number is refused with the framework's body."""
    answer = ask(path, **query)
    assert answer.status_code == 400
    assert answer.json()["error"] == "Bad Request"


@pytest.mark.parametrize("identifier", ["her-id:8100002", "6f1c2a58-3a0e-4b57-9c55-0d6b1f0a7e11", "123123123"])
def test_other_identifiers_are_unknown(ask: Ask, identifier: str) -> None:
    """What is an identifier, but in none of these registers, is 404."""
    assert ask(f"/identifier/{identifier}").status_code == 404


def test_without_a_valid_bearer_nothing_is_answered(sandbox: Sandbox, sender: Actor) -> None:
    """No token, nonsense and an Altinn token get 401 with nothing and a WWW-Authenticate; the keys need none."""
    for headers in ({}, {"Authorization": "Bearer x"}, sender.altinn("altinn:broker.read")):
        answer = requests.get(f"{sandbox.url}/adressetjeneste/info/{FJORDVIK}", headers=headers, timeout=10)
        assert (answer.status_code, answer.content) == (401, b"")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert requests.get(f"{sandbox.url}/adressetjeneste/jwk", timeout=10).status_code == 200


def test_the_dial_spoils_signatures_and_registers(ask: Ask, sandbox: Sandbox, fault: Callable[..., object]) -> None:
    """A bad signature does not verify, `unsigned` is plain JSON, and with ELMA down a DPO receiver looks like DPV."""
    path = f"/identifier/{FJORDVIK}/process/{ADMINISTRASJON}"
    fault("registry", "lookup", "bad-signature", times=1)
    with pytest.raises(BadSignatureError):
        verify(ask(path, accept=JOSE), sandbox.url)
    fault("registry", "lookup", "unsigned", times=1)
    assert ask(path, accept=JOSE).headers["Content-Type"].startswith("application/json")
    fault("registry", "lookup", "elma-down", times=1)
    assert way(ask, FJORDVIK, ADMINISTRASJON)[1] == "DPV"
    assert way(ask, FJORDVIK, ADMINISTRASJON)[1] == "DPO"
