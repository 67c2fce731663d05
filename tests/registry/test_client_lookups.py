"""Look-ups over HTTP: what is asked, what comes back, what each failure becomes, and what is kept."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.wrappers import Response

from gateway.errors import Outside, Rejected, TokenRefused, Unavailable, Verdict
from gateway.message.identifiers import is_organisasjonsnummer
from gateway.message.processes import ADMINISTRASJON, TAUSHETSBELAGT, Channel
from gateway.registry.client import closes_all
from gateway.registry.records import LookUp, Query

KNOWN = Query("0192:311000128", ADMINISTRASJON)
UNKNOWN = Query("0192:311000195", ADMINISTRASJON)
PERSON = "15859010099"
NUMBERS = [str(number) for number in range(312000000, 312000250) if is_organisasjonsnummer(str(number))][:18]


def test_look_up_asks_as_the_registry_wants_it(client, registry, wallet) -> None:
    """The question is the bare number and the process, with the token, and asks for a signed answer first."""
    found = client.look_up(Query("0192:311000128:avd1", ADMINISTRASJON))
    assert found.entity.name == "Fjordvik tilsyn"
    assert [record.channel for record in found.records] == [Channel.DPO]
    request = registry.seen[0]
    assert registry.paths() == [f"/identifier/311000128/process/{ADMINISTRASJON}"]
    assert request.headers["Accept"] == "application/jose, application/json"
    assert request.headers["Authorization"] == "Bearer token-1"
    assert request.args == {}
    assert wallet.scopes == {"eformidling:dpo"}


def test_security_level_is_asked_for_and_kept_apart(client, registry, organisation) -> None:
    """The same recipient at another security level is another question, with its own answer."""
    client.look_up(KNOWN)
    client.look_up(Query(KNOWN.identifier, KNOWN.process, security_level=4))
    assert [request.args.to_dict() for request in registry.seen if "identifier" in request.path] == [
        {},
        {"securityLevel": "4"},
    ]


def test_every_process_info_and_virksert(client, registry) -> None:
    """Without a process every way is asked for; `info` and `virksert` have their own addresses."""
    registry.answers["/virksert/311000128"] = (200, "-----BEGIN CERTIFICATE-----\n")
    assert len(client.look_up(Query("0192:311000128")).records) == 1
    assert client.info("0192:311000128").records == ()
    assert client.virksert("0192:311000128") == "-----BEGIN CERTIFICATE-----\n"
    assert registry.paths() == ["/identifier/311000128", "/info/311000128", "/virksert/311000128"]


def test_plain_json_is_taken_when_signing_is_off(make_client, registry) -> None:
    """With `signed` off the answer is asked for and read as plain JSON, and no keys are fetched."""
    registry.signed = False
    assert make_client(signed=False).look_up(KNOWN).entity.identifier == "311000128"
    assert registry.seen[0].headers["Accept"] == "application/json"
    assert registry.keys_asked() == 0


def test_unknown_recipient_is_an_answer_that_is_kept_for_a_minute(client, registry, clock) -> None:
    """A 404 is NOT_REGISTERED with the registry's words; it is asked again only after a minute."""
    for _ in range(3):
        with pytest.raises(Rejected, match="0192:311000195 is not registered") as caught:
            client.look_up(UNKNOWN)
        assert (caught.value.code, caught.value.status) == ("NOT_REGISTERED", 404)
        assert "not found" in caught.value.answer
    assert len(registry.paths()) == 1
    clock.pass_by(60)
    with pytest.raises(Rejected):
        client.look_up(UNKNOWN)
    assert len(registry.paths()) == 2


def test_empty_404_of_info_is_not_registered(client, registry) -> None:
    """`/info` says 404 with no body at all: not registered too."""
    registry.queue = [Response("", 404)]
    with pytest.raises(Rejected) as caught:
        client.info("0192:311000195")
    assert caught.value.code == "NOT_REGISTERED"


def test_404_of_something_else_is_no_answer_about_a_recipient(client, registry) -> None:
    """A web server's 404 page, as a wrong address in the settings gives, never says that a recipient is unknown."""
    registry.queue = [Response("<!doctype html><title>404</title>", 404, mimetype="text/html")]
    with pytest.raises(Unavailable) as caught:
        client.look_up(KNOWN)
    assert "address" in caught.value.mend


def test_refused_question_stops_with_the_registrys_words(client, registry) -> None:
    """A 400 is REFUSED, with the registry's error_description, and is not kept."""
    words = "Organization '311000128' can not receive messages with security level '4'"
    registry.answers[f"/identifier/311000128/process/{ADMINISTRASJON}"] = (400, {"error_description": words})
    for _ in range(2):
        with pytest.raises(Rejected) as caught:
            client.look_up(KNOWN)
        assert (caught.value.code, caught.value.status, caught.value.answer) == ("REFUSED", 400, words)
    assert len(registry.paths()) == 2


def test_answer_is_kept_for_five_minutes(client, registry, clock) -> None:
    """The same question within five minutes is answered from the cache, from either method."""
    client.look_up(KNOWN)
    clock.pass_by(299)
    client.look_up_all([KNOWN])
    assert len(registry.paths()) == 1
    clock.pass_by(1)
    client.look_up(KNOWN)
    assert len(registry.paths()) == 2


def test_cache_is_bounded(make_client, registry, organisation) -> None:
    """A cache of two drops the answer that was longest unused."""
    for number in ("311000136", "311000144"):
        registry.answers[f"/identifier/{number}"] = (200, organisation(number))
    client = make_client(cache_size=2)
    for number in ("311000128", "311000136", "311000144", "311000144", "311000128"):
        client.look_up(Query(f"0192:{number}"))
    assert [path[-9:] for path in registry.paths()] == ["311000128", "311000136", "311000144", "311000128"]


def test_401_costs_one_new_token(client, registry, wallet) -> None:
    """After a 401 the token is dropped and the question asked once more; a second 401 is refused with who must act."""
    registry.queue = [Response("", 401)]
    assert client.look_up(KNOWN).entity.identifier == "311000128"
    assert [request.headers["Authorization"] for request in registry.seen[:2]] == ["Bearer token-1", "Bearer token-2"]
    assert wallet.dropped == ["token-1"]
    registry.queue = [Response('{"error_description": "no scope"}', 401)] * 2
    with pytest.raises(TokenRefused) as caught:
        client.look_up(UNKNOWN)
    assert (caught.value.verdict, caught.value.answer) == (Verdict.STOP, "no scope")
    assert "scope" in caught.value.mend
    assert len(registry.paths()) == 4


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_trouble_is_asked_once_more(client, registry, status) -> None:
    """One 5xx is got over by asking again; two are Unavailable, and a third is not asked for."""
    registry.queue = [Response("", status)]
    assert client.look_up(KNOWN).entity.identifier == "311000128"
    registry.queue = [Response("", status)] * 3
    with pytest.raises(Unavailable) as caught:
        client.look_up(UNKNOWN)
    assert (caught.value.status, caught.value.verdict) == (status, Verdict.AGAIN)
    assert len(registry.queue) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_time_that_the_registry_names_is_respected(client, registry, status) -> None:
    """An answer with Retry-After is not asked again at once; the schedule gets the seconds."""
    registry.queue = [Response("", status, {"Retry-After": "30"})]
    with pytest.raises(Unavailable) as caught:
        client.look_up(KNOWN)
    assert caught.value.retry_after == 30
    assert len(registry.paths()) == 1


def test_silence_is_unavailable_after_one_time_limit(make_client, registry) -> None:
    """A registry that does not answer costs one time limit, not two: somebody waits at the door."""
    client = make_client(timeout=(0.5, 0.3))
    registry.delay = 0.6
    began = time.monotonic()
    with pytest.raises(Unavailable, match="no answer in time"):
        client.look_up(KNOWN)
    assert time.monotonic() - began < 0.55


def test_closed_port_is_unavailable(make_client) -> None:
    """A registry that is not there is `again`."""
    with pytest.raises(Unavailable) as caught:
        make_client(url="http://127.0.0.1:9/adressetjeneste").look_up(KNOWN)
    assert caught.value.verdict is Verdict.AGAIN


def test_redirect_is_not_followed_with_the_token(client, registry, url) -> None:
    """A redirect is refused and points at the settings; the token goes nowhere else."""
    registry.queue = [Response("", 302, {"Location": f"{url}/elsewhere"})]
    with pytest.raises(Rejected) as caught:
        client.look_up(KNOWN)
    assert "settings" in caught.value.mend
    assert len(registry.paths()) == 1


def test_look_ups_run_side_by_side_and_fail_one_by_one(make_client, registry, organisation) -> None:
    """Eighteen recipients are asked sixteen at a time; each has its own answer or its own error, in the order asked."""
    numbers = [f"0192:{number}" for number in NUMBERS]
    for number in NUMBERS[:-2]:
        registry.answers[f"/identifier/{number}"] = (200, organisation(number))
    registry.answers[f"/identifier/{NUMBERS[-1]}"] = (400, {"error_description": "no"})
    registry.delay = 0.25
    client = make_client(timeout=(2, 2))
    client.look_up(Query(numbers[0]))
    registry.busiest = 0
    found = client.look_up_all([Query(number) for number in numbers + numbers])
    assert [query.identifier for query in found] == numbers
    assert all(isinstance(answer, LookUp) for answer in list(found.values())[:-2])
    assert [answer.code for answer in list(found.values())[-2:]] == ["NOT_REGISTERED", "REFUSED"]
    assert len(registry.paths()) == len(numbers)
    assert 10 <= registry.busiest <= 16


def test_token_failure_is_told_apart_from_a_recipients(client, wallet, registry) -> None:
    """Without a login no look-up can be made: every answer says so, and the door can see that it holds for all."""
    wallet.fault = TokenRefused("no", code="invalid_grant")
    found = client.look_up_all([KNOWN, UNKNOWN])
    assert all(isinstance(fault, Outside) and closes_all(fault) for fault in found.values())
    wallet.fault = Unavailable("down", code="LOGIN_UNAVAILABLE")
    assert closes_all(client.look_up_all([KNOWN])[KNOWN])
    wallet.fault = None
    registry.queue = [Response("", 401)] * 2
    assert not closes_all(client.look_up_all([KNOWN])[KNOWN])
    assert not closes_all(client.look_up_all([UNKNOWN])[UNKNOWN])


def test_same_question_from_many_threads_is_asked_once(make_client, registry) -> None:
    """Requests that arrive together with the same recipient cost the registry one look-up."""
    client = make_client(timeout=(2, 2))
    registry.delay = 0.2
    with ThreadPoolExecutor(8) as pool:
        assert len({id(answer) for answer in pool.map(lambda _: client.look_up(KNOWN), range(8))}) == 1
    assert len(registry.paths()) == 1


@pytest.mark.parametrize("failure", [404, 400, 500, "closed"])
def test_person_number_is_in_no_error_and_no_log(make_client, registry, failure, caplog, capsys) -> None:
    """Whatever fails, the number of the person that was asked about stands in no message and no log line."""
    caplog.set_level(logging.DEBUG)
    if isinstance(failure, int):
        registry.answers[f"/identifier/{PERSON}"] = (failure, {"message": f"No record for citizen: {PERSON}"})
    client = make_client(**({"url": "http://127.0.0.1:9"} if failure == "closed" else {}))
    with pytest.raises(Outside) as caught:
        client.look_up(Query(PERSON))
    assert PERSON not in f"{caught.value!r}{caught.value.mend}{caught.value.answer}{caught.getrepr(style='short')}"
    assert PERSON not in "".join(capsys.readouterr())
    assert PERSON not in caplog.text
    assert "/identifier/***********" in caplog.text or failure == "closed"


def test_answer_about_somebody_else_is_not_believed(client, registry, organisation) -> None:
    """A correctly signed answer about another recipient or process, as a replay would be, is refused."""
    path = f"/identifier/311000128/process/{ADMINISTRASJON}"
    for wrong in (organisation("311000136", ADMINISTRASJON), organisation("311000128", TAUSHETSBELAGT)):
        registry.answers[path] = (200, wrong)
        with pytest.raises(Outside, match="speaks of another") as caught:
            client.look_up(KNOWN)
        assert (caught.value.code, caught.value.verdict) == ("WRONG_ANSWER", Verdict.STOP)


@pytest.mark.parametrize("body", ["[]", "not json", '{"infoRecord": {}}'])
def test_misshapen_answer_is_unavailable(client, registry, body) -> None:
    """A signed answer that is not the registry's shape is tried again later, and is not kept."""
    registry.answers["/identifier/311000128"] = (200, body)
    with pytest.raises(Unavailable, match="cannot be read"):
        client.look_up(Query("0192:311000128"))


def test_identifier_that_is_none_is_not_sent(client, registry) -> None:
    """What is no organisasjonsnummer and no fødselsnummer is refused here, and its digits are not repeated."""
    with pytest.raises(Rejected) as caught:
        client.look_up(Query("12345678901"))
    assert caught.value.code == "REFUSED"
    assert "12345678901" not in caught.value.message
    assert registry.seen == []
