"""Signed answers: what is believed, what is not, and how the registry's keys are kept."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from joserfc.jwk import RSAKey
from werkzeug.wrappers import Response

from gateway.errors import Unavailable, Untrusted, Verdict
from gateway.registry.client import closes_all
from gateway.registry.records import Query

QUERY = Query("0192:311000128")


def jose(text: str) -> Response:
    return Response(text, mimetype="application/jose")


def body(organisation) -> str:
    return json.dumps(organisation("311000128"))


def test_many_answers_cost_one_fetch_of_keys(client, registry, clock) -> None:
    """The keys are fetched once and serve for an hour."""
    client.look_up(QUERY)
    client.info(QUERY.identifier)
    clock.pass_by(3599)
    client.look_up(QUERY)
    assert registry.keys_asked() == 1
    clock.pass_by(1)
    client.info(QUERY.identifier)
    assert registry.keys_asked() == 2


def test_new_key_is_fetched_when_the_registry_changes_it(client, registry, other_key) -> None:
    """An answer signed with a key that is not known yet is believed after the keys were fetched once more."""
    client.info(QUERY.identifier)
    registry.key, registry.kid, registry.published = other_key, "key-2", {"key-2": other_key}
    assert client.look_up(QUERY).entity.identifier == "311000128"
    assert registry.keys_asked() == 2


def test_many_threads_fetch_a_new_key_once(make_client, registry, other_key, organisation) -> None:
    """Sixteen look-ups that all meet the new key at once fetch the keys once, not sixteen times."""
    client = make_client(timeout=(2, 2))
    client.info(QUERY.identifier)
    for level in range(16):
        registry.answers[f"/identifier/311000128/process/p{level}"] = (200, organisation("311000128"))
    registry.key, registry.kid, registry.published = other_key, "key-2", {"key-2": other_key}
    registry.delay = 0.1
    client.look_up_all([Query("0192:311000128", f"p{level}") for level in range(16)])
    assert registry.keys_asked() == 2


def test_unknown_key_is_not_believed(client, registry) -> None:
    """A key id that the registry does not publish, also not when asked anew, is refused."""
    registry.kid = "key-9"
    with pytest.raises(Untrusted, match="does not publish") as caught:
        client.look_up(QUERY)
    assert (caught.value.code, caught.value.verdict) == ("UNKNOWN_KEY", Verdict.STOP)
    assert registry.keys_asked() == 2


def test_signature_of_another_key_is_not_believed(client, registry, other_key) -> None:
    """An answer that names the published key but was signed with another is refused."""
    registry.key = other_key
    with pytest.raises(Untrusted) as caught:
        client.look_up(QUERY)
    assert caught.value.code == "BAD_SIGNATURE"


def test_changed_payload_is_not_believed(client, registry, organisation) -> None:
    """An answer of which one character was changed on the way is refused."""
    header, payload, signature = registry.sign(body(organisation)).split(".")
    registry.queue = [jose(f"{header}.{payload[:-2]}{'A' if payload[-2] != 'A' else 'B'}{payload[-1]}.{signature}")]
    with pytest.raises(Untrusted) as caught:
        client.look_up(QUERY)
    assert caught.value.code == "BAD_SIGNATURE"


@pytest.mark.parametrize("text", ["", "not a token", "a.b", "a.b.c", "{}", '{"infoRecord":{}}'])
def test_unsigned_answer_is_not_believed(client, registry, text) -> None:
    """A 200 that is not signed is refused when signing is on, plain JSON above all."""
    registry.queue = [jose(text)]
    with pytest.raises(Untrusted) as caught:
        client.look_up(QUERY)
    assert caught.value.code == "UNSIGNED"


def test_plain_json_of_the_right_shape_is_not_believed(client, registry) -> None:
    """A proxy that strips the signature off does not get its answer believed."""
    registry.signed = False
    with pytest.raises(Untrusted) as caught:
        client.look_up(QUERY)
    assert caught.value.code == "UNSIGNED"


def test_algorithm_none_is_not_believed(client, registry, organisation) -> None:
    """The classic forgery, `alg: none` with no signature, is refused."""
    header = base64.urlsafe_b64encode(b'{"alg":"none","kid":"key-1"}').rstrip(b"=").decode()
    payload = base64.urlsafe_b64encode(body(organisation).encode()).rstrip(b"=").decode()
    registry.queue = [jose(f"{header}.{payload}.")]
    with pytest.raises(Untrusted):
        client.look_up(QUERY)


@pytest.mark.parametrize("algorithm", ["PS256"])
def test_other_algorithms_are_not_believed(client, registry, organisation, algorithm) -> None:
    """A good signature of the right key by another algorithm than RS256 is refused."""
    registry.queue = [jose(registry.sign(body(organisation), alg=algorithm))]
    with pytest.raises(Untrusted) as caught:
        client.look_up(QUERY)
    assert caught.value.code == "WRONG_ALGORITHM"


def test_answer_must_name_its_key(client, registry, organisation) -> None:
    """Without a key id nothing is tried."""
    registry.queue = [jose(registry.sign(body(organisation), kid=None))]
    with pytest.raises(Untrusted) as caught:
        client.look_up(QUERY)
    assert caught.value.code == "NO_KEY_ID"


def test_keys_from_another_host_are_not_asked_for(make_client, registry) -> None:
    """A key address on another host is refused before it is called, and holds for every look-up."""
    client = make_client(jwk_url="http://localhost.example/adressetjeneste/jwk")
    with pytest.raises(Untrusted) as caught:
        client.look_up(QUERY)
    assert caught.value.code == "KEYS_ELSEWHERE"
    assert closes_all(caught.value)


def test_key_address_on_the_same_host_may_be_set(make_client, registry, url) -> None:
    """A key address of its own is used when it is on the registry's host."""
    assert make_client(jwk_url=f"{url}/jwk").look_up(QUERY).entity.identifier == "311000128"


@pytest.mark.parametrize("keys", [Response("", 503), Response("{}", 200), Response("<html>", 404), Response("x", 200)])
def test_keys_that_cannot_be_had_close_every_look_up(client, registry, keys) -> None:
    """Without keys nothing can be believed: Unavailable, to be tried again, and true for every recipient."""
    registry.keys_answer = keys
    with pytest.raises(Unavailable) as caught:
        client.look_up(QUERY)
    assert closes_all(caught.value)
    registry.keys_answer = None
    assert client.look_up(QUERY).entity.identifier == "311000128"


@pytest.mark.filterwarnings("ignore:Key size")
def test_keys_that_are_too_weak_or_for_something_else_are_no_keys(client, registry) -> None:
    """A short RSA key is passed over, and so is a key that is published for something else than signatures."""
    weak, good = RSAKey.generate_key(1024, auto_kid=False), registry.key
    registry.published = {"key-1": weak}
    registry.key = weak
    with pytest.raises(Untrusted) as caught:
        client.look_up(QUERY)
    assert caught.value.code == "UNKNOWN_KEY"
    registry.key = good
    published = good.as_dict(private=False) | {"kid": "key-1"}
    for facts in ({"use": "enc"}, {"alg": "RSA-OAEP"}, {"kty": "EC"}, {"n": None}):
        registry.keys_answer = Response(json.dumps({"keys": [published | facts]}), mimetype="application/json")
        with pytest.raises(Untrusted):
            client.look_up(QUERY)


def test_big_answer_with_many_certificates_is_read(client, registry, organisation) -> None:
    """An answer of half a megabyte, beyond the library's own limit, is verified and read."""
    big = organisation("311000128", *(f"p{n}" for n in range(100)))
    for record in big["serviceRecords"]:
        record["pemCertificate"] = "x" * 5000
    registry.answers["/identifier/311000128"] = (200, big)
    assert len(client.look_up(QUERY).records) == 100


def test_parallel_first_look_ups_fetch_keys_once(make_client, registry, organisation) -> None:
    """When the first look-ups come together, the keys are fetched once."""
    client = make_client(timeout=(2, 2))
    registry.delay = 0.1
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda call: call(QUERY.identifier), (client.info, lambda _: client.look_up(QUERY))))
    assert registry.keys_asked() == 1
