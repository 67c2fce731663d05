"""Requests made up from the OpenAPI document: none answers 5xx but the documented 503, and each operation can succeed."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.drafts import draft
from tests.api.incoming import store_incoming
from tests.documents import DPO, Message
from tests.live import Gateway
from tests.secrets import PDF

EXAMPLES = 20
METHODS = {"get", "put", "post", "patch", "delete"}


@pytest.fixture(scope="module")
def schema(_served: Gateway) -> Any:
    """The document that the gateway serves."""
    return schemathesis.openapi.from_url(f"{_served.url}/openapi.json")


def names() -> list[str]:
    """The operations, as they are known before anything runs; a test holds this list against the document."""
    return [
        "GET /out/messages",
        "POST /out/messages",
        "GET /out/messages/{conversation_id}",
        "PUT /out/messages/{conversation_id}",
        "PATCH /out/messages/{conversation_id}",
        "POST /out/messages/{conversation_id}",
        "DELETE /out/messages/{conversation_id}",
        "GET /out/messages/{conversation_id}/arkivmelding",
        "PUT /out/messages/{conversation_id}/arkivmelding",
        "PUT /out/messages/{conversation_id}/documents/{filename}",
        "DELETE /out/messages/{conversation_id}/documents/{filename}",
        "DELETE /out/messages/{conversation_id}/messages/{message_id}",
        "GET /out/messages/{conversation_id}/messages/{message_id}/preview",
        "GET /out/messages/{conversation_id}/messages/{message_id}/timeline",
        "POST /out/messages/{conversation_id}/messages/{message_id}/retry",
        "GET /in/messages",
        "GET /in/messages/peek",
        "POST /in/messages/pop",
        "DELETE /in/messages/pop",
        "GET /in/messages/{message_id}",
        "POST /in/messages/{message_id}/unlock",
        "POST /in/messages/{message_id}/extend",
        "GET /in/messages/{message_id}/documents",
        "GET /in/messages/{message_id}/documents/{filename}",
        "GET /statuses",
        "GET /statuses/{any_id}",
        "GET /subscriptions",
        "POST /subscriptions",
        "GET /subscriptions/{subscription_id}",
        "PUT /subscriptions/{subscription_id}",
        "PATCH /subscriptions/{subscription_id}",
        "DELETE /subscriptions/{subscription_id}",
        "POST /subscriptions/{subscription_id}/ping",
        "POST /subscriptions/{subscription_id}/replay",
        "GET /capabilities/{identifier}",
        "POST /capabilities",
        "GET /rules",
        "GET /manage/health",
        "GET /manage/metrics",
    ]


def test_the_list_of_operations_is_whole(gateway: Gateway) -> None:
    """A route that is added is noticed here."""
    paths = gateway.call("GET", "/openapi.json").json()["paths"]
    served = {f"{method.upper()} {path}" for path, item in paths.items() for method in item if method in METHODS}
    assert served == set(names())


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_no_made_up_request_breaks_the_gateway(gateway: Gateway, schema: Any, name: str) -> None:
    """Half of the requests go to a real draft, so that they get behind the first check."""
    method, path = name.split(" ")
    operation = schema[path][method]
    body = draft(gateway)
    hook = subscription(gateway)
    came_in = store_incoming(gateway) if path.startswith("/in/") else None

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(), real=st.booleans())
    def run(case: Any, real: bool) -> None:
        if real:
            known = {
                "conversation_id": body["conversationId"],
                "message_id": body["prototypes"][0]["messageId"],
                "any_id": body["conversationId"],
                "identifier": DPO,
                "subscription_id": hook,
            }
            if came_in:
                known["message_id"] = came_in
            case.path_parameters.update({key: value for key, value in known.items() if key in case.path_parameters})
        if re.fullmatch(r"[0-9.]+s?", str((case.query or {}).get("wait", ""))):
            case.query["wait"] = "0.1s"  # what fits would be waited for
        answer = case.call(base_url=gateway.url, timeout=30)
        assert answer.status_code < 500 or answer.status_code == 503, (answer.status_code, answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"][0] == "application/problem+json"

    run()
    for each in gateway.call("GET", "/subscriptions").json()["subscriptions"]:
        gateway.call("DELETE", f"/subscriptions/{each['subscriptionId']}")


def subscription(gateway: Gateway) -> str:
    """A new subscription to an address where nobody answers."""
    answer = gateway.call("POST", "/subscriptions", json={"url": "http://127.0.0.1:9/"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["subscriptionId"])


def successes(gateway: Gateway) -> Iterator[tuple[str, Callable[[], requests.Response]]]:
    """For each operation one request that succeeds."""
    body = draft(gateway)
    other = draft(gateway)
    path = f"/out/messages/{body['conversationId']}"
    xml = {"Content-Type": "application/xml"}
    yield "GET /out/messages", lambda: gateway.call("GET", "/out/messages")
    yield "POST /out/messages", lambda: gateway.post(Message().xml())
    yield "GET /out/messages/{conversation_id}", lambda: gateway.call("GET", path)
    yield "PUT /out/messages/{conversation_id}", lambda: gateway.call("PUT", path, json={"actor": "saksbehandler-7"})
    yield "PATCH /out/messages/{conversation_id}", lambda: gateway.call("PATCH", path, json={"confidential": True})
    yield "GET /out/messages/{conversation_id}/arkivmelding", lambda: gateway.call("GET", f"{path}/arkivmelding")
    yield "GET /rules", lambda: gateway.call("GET", "/rules")
    yield (
        "PUT /out/messages/{conversation_id}/arkivmelding",
        lambda: gateway.call("PUT", f"{path}/arkivmelding", data=Message().xml(), headers=xml),
    )
    yield (
        "PUT /out/messages/{conversation_id}/documents/{filename}",
        lambda: gateway.upload(body["conversationId"], "vedtak.pdf", PDF),
    )
    yield "POST /out/messages/{conversation_id}", lambda: gateway.call("POST", path)
    name = "{conversation_id}/messages/{message_id}"

    def single(method: str, rest: str = "", **more: object) -> requests.Response:
        message_id = gateway.call("GET", path).json()["prototypes"][0]["messageId"]
        return gateway.call(method, f"{path}/messages/{message_id}{rest}", **more)

    yield f"GET /out/messages/{name}/preview", lambda: single("GET", "/preview?xml=true")
    yield f"GET /out/messages/{name}/timeline", lambda: single("GET", "/timeline")
    yield f"POST /out/messages/{name}/retry", lambda: single("POST", "/retry", json={"actor": "me"})
    yield f"DELETE /out/messages/{name}", lambda: single("DELETE")
    yield (
        "DELETE /out/messages/{conversation_id}/documents/{filename}",
        lambda: (
            gateway.upload(other["conversationId"], "vedtak.pdf", PDF)
            and gateway.call("DELETE", f"/out/messages/{other['conversationId']}/documents/vedtak.pdf")
        ),
    )
    yield (
        "DELETE /out/messages/{conversation_id}",
        lambda: gateway.call("DELETE", f"/out/messages/{other['conversationId']}"),
    )
    came_in = store_incoming(gateway)
    inside = f"/in/messages/{came_in}"
    yield "GET /in/messages", lambda: gateway.call("GET", "/in/messages?limit=5&state=waiting&newestFirst=true")
    yield "GET /in/messages/peek", lambda: gateway.call("GET", f"/in/messages/peek?messageId={came_in}")
    yield "POST /in/messages/pop", lambda: gateway.call("POST", f"/in/messages/pop?messageId={came_in}")
    yield "GET /in/messages/{message_id}", lambda: gateway.call("GET", inside)
    yield "POST /in/messages/{message_id}/extend", lambda: gateway.call("POST", f"{inside}/extend?seconds=60")
    yield "GET /in/messages/{message_id}/documents", lambda: gateway.call("GET", f"{inside}/documents")
    document = f"{inside}/documents/vedtak.pdf"
    yield "GET /in/messages/{message_id}/documents/{filename}", lambda: gateway.call("GET", document)
    yield "POST /in/messages/{message_id}/unlock", lambda: gateway.call("POST", f"{inside}/unlock")
    yield (
        "DELETE /in/messages/pop",
        lambda: (
            gateway.call("GET", f"/in/messages/peek?messageId={came_in}")
            and gateway.call("DELETE", f"/in/messages/pop?messageId={came_in}")
        ),
    )
    yield "GET /statuses", lambda: gateway.call("GET", "/statuses")
    yield "GET /statuses/{any_id}", lambda: gateway.call("GET", f"/statuses/{body['conversationId']}")
    yield "GET /subscriptions", lambda: gateway.call("GET", "/subscriptions")
    new = {"url": "http://127.0.0.1:9/", "statuses": ["FEIL"]}
    yield "POST /subscriptions", lambda: gateway.call("POST", "/subscriptions", json=new)
    hook = f"/subscriptions/{subscription(gateway)}"
    yield "GET /subscriptions/{subscription_id}", lambda: gateway.call("GET", hook)
    yield "PUT /subscriptions/{subscription_id}", lambda: gateway.call("PUT", hook, json={"state": "paused"})
    yield "PATCH /subscriptions/{subscription_id}", lambda: gateway.call("PATCH", hook, json={"newSecret": True})
    yield "POST /subscriptions/{subscription_id}/ping", lambda: gateway.call("POST", f"{hook}/ping")
    replay = {"after": 0}
    yield "POST /subscriptions/{subscription_id}/replay", lambda: gateway.call("POST", f"{hook}/replay", json=replay)
    yield "DELETE /subscriptions/{subscription_id}", lambda: gateway.call("DELETE", hook)
    yield "GET /capabilities/{identifier}", lambda: gateway.call("GET", f"/capabilities/{DPO}")
    yield "POST /capabilities", lambda: gateway.call("POST", "/capabilities", json={"identifier": DPO})
    yield "GET /manage/health", lambda: gateway.call("GET", "/manage/health")
    yield "GET /manage/metrics", lambda: gateway.call("GET", "/manage/metrics")


def test_every_operation_can_succeed(gateway: Gateway, schema: Any) -> None:
    """Each with a 2xx that the document announces, and a body as it describes it."""
    succeeded = []
    for name, send in successes(gateway):
        method, path = name.split(" ")
        answer = send()
        assert 200 <= answer.status_code < 300, (name, answer.text)
        assert str(answer.status_code) in schema[path][method].definition.raw["responses"], (name, answer.status_code)
        schema[path][method].validate_response(answer)
        succeeded.append(name)
    assert sorted(succeeded) == sorted(names())
