"""Capabilities, the OpenAPI document, the page, health and counts."""

from html.parser import HTMLParser

from tests.documents import DPO
from tests.live import Gateway
from tests.secrets import PERSON_NUMBER


def test_capabilities_of_an_organisation(gateway: Gateway) -> None:
    """Every way, whether this gateway goes it, and the registry's name."""
    body = gateway.call("GET", f"/capabilities/{DPO}").json()
    assert body["registered"]["name"] == "FJORDVIK TILSYN"
    ways = {entry["process"]: entry for entry in body["capabilities"]}
    way = ways["urn:no:difi:profile:arkivmelding:administrasjon:ver1.0"]
    assert way["serviceIdentifier"] == "DPO"
    assert way["enabled"] is True
    assert way["documentTypes"][0]["type"] == "arkivmelding"


def test_capabilities_narrowed_to_a_process_and_level(gateway: Gateway) -> None:
    """One process at one level; a level that nobody offers is not found."""
    process = "urn:no:difi:profile:arkivmelding:administrasjon:ver1.0"
    narrowed = gateway.call("GET", "/capabilities/0192:311000039", params={"process": process, "securityLevel": 3})
    assert [entry["serviceIdentifier"] for entry in narrowed.json()["capabilities"]] == ["DPF"]
    refused = gateway.call("GET", "/capabilities/0192:311000047", params={"process": process, "securityLevel": 4})
    assert refused.status_code == 404


def test_a_person_goes_in_the_body(gateway: Gateway) -> None:
    """In an address it is refused; in a body it is asked about."""
    refused = gateway.call("GET", f"/capabilities/{PERSON_NUMBER}")
    assert refused.status_code == 422
    assert refused.json()["code"] == "PERSON_IN_ADDRESS"
    asked = gateway.call("POST", "/capabilities", json={"identifier": PERSON_NUMBER})
    assert asked.status_code in (200, 404)
    assert gateway.call("POST", "/capabilities", json={"identifier": DPO}).status_code == 200


def test_unknown_and_unreadable_identifiers(gateway: Gateway) -> None:
    """404 for a number that nobody has, 422 for what is none."""
    assert gateway.call("GET", "/capabilities/0192:311000098").status_code == 404
    assert gateway.call("GET", "/capabilities/12").status_code == 422
    assert gateway.call("POST", "/capabilities", json={}).status_code == 422


def test_the_openapi_document_describes_every_route(gateway: Gateway) -> None:
    """Each route and method that the app answers stands in it, with its refusals as problems."""
    spec = gateway.call("GET", "/openapi.json").json()
    assert spec["openapi"] == "3.1.0"
    paths = spec["paths"]
    assert set(paths["/out/messages/{conversation_id}"]) >= {"get", "put", "patch", "post", "delete"}
    assert "multipart/form-data" in paths["/out/messages"]["post"]["requestBody"]["content"]
    assert "422" in paths["/out/messages"]["post"]["responses"]
    assert "ProblemDetails" in spec["components"]["schemas"]


class _Addresses(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect what the page would fetch or run."""
        if tag in {"script", "iframe", "img", "object"}:
            self.found.append(tag)
        self.found += [
            value or "" for name, value in attrs if name in {"href", "src"} and not (value or "").startswith(("#", "/"))
        ]


def test_the_page_needs_nothing_from_outside(gateway: Gateway) -> None:
    """No script, no foreign address, and every route in words."""
    answer = gateway.call("GET", "/docs")
    page = _Addresses()
    page.feed(answer.text)
    assert page.found == []
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    for route in ("/out/messages", "/statuses/{any_id}", "/capabilities/{identifier}"):
        assert route in answer.text


def test_health_and_counts(gateway: Gateway) -> None:
    """UP with the version; counts by route template."""
    assert gateway.call("GET", "/manage/health").json()["status"] == "UP"
    gateway.call("GET", "/statuses/some-id")
    counts = gateway.call("GET", "/manage/metrics").text
    assert 'route="/statuses/<any_id>"' in counts
    assert "some-id" not in counts
