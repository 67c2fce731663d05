"""Records: the registry's JSON read into records, and every other shape refused as an answer that cannot be read."""

import json
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Unavailable, Verdict
from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING, Channel
from gateway.registry.records import Entity, LookUp, ServiceRecord, read_lookup

ANSWER = {
    "infoRecord": {
        "identifier": "311000039",
        "organizationName": "BREIDAL KOMMUNE",
        "postadresse": {"adresse": "Tunet 1", "postnummer": "2900", "poststed": "FAGERNES", "land": "Norge"},
        "entityType": {"name": "KOMM"},
    },
    "serviceRecords": [
        {
            "organisationNumber": "311000039",
            "pemCertificate": "-----BEGIN CERTIFICATE-----",
            "process": ADMINISTRASJON,
            "documentTypes": [ARKIVMELDING],
            "service": {
                "identifier": "DPF",
                "endpointUrl": "http://127.0.0.1/svarut",
                "securityLevel": 4,
                "resource": "r",
                "newer": {},
            },
        }
    ],
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def changed(path: tuple[str | int, ...], value: object) -> dict[str, object]:
    """The answer with one place changed."""
    answer: object = deepcopy(ANSWER)
    place = answer
    for step in path[:-1]:
        place = place[step]  # type: ignore[index]
    place[path[-1]] = value  # type: ignore[index]
    return answer  # type: ignore[return-value]


def test_an_answer_is_read() -> None:
    """Who it is and every way, members of a newer registry passed over."""
    assert read_lookup(ANSWER) == LookUp(
        Entity("311000039", "BREIDAL KOMMUNE", "KOMM", "Tunet 1, 2900 FAGERNES"),
        (
            ServiceRecord(
                Channel.DPF,
                ADMINISTRASJON,
                (ARKIVMELDING,),
                "-----BEGIN CERTIFICATE-----",
                "http://127.0.0.1/svarut",
                "r",
                4,
            ),
        ),
    )


SERVICE = ("serviceRecords", 0, "service")


@pytest.mark.parametrize(
    ("path", "value", "read"),
    [
        pytest.param((*SERVICE, "identifier"), "DPX", {"channel": Channel.UNKNOWN}, id="a-channel-not-known-yet"),
        pytest.param((*SERVICE, "identifier"), "UNKNOWN", {"channel": Channel.UNKNOWN}, id="unknown"),
        pytest.param((*SERVICE, "identifier"), "dpo", {"channel": Channel.UNKNOWN}, id="lower-case"),
        pytest.param((*SERVICE, "securityLevel"), None, {"security_level": None}, id="no-level"),
        pytest.param((*SERVICE, "securityLevel"), "3", {"security_level": 3}, id="level-as-text"),
        pytest.param((*SERVICE, "endpointUrl"), None, {"endpoint": ""}, id="no-endpoint"),
        pytest.param((*SERVICE, "resource"), "", {"resource": None}, id="no-resource"),
        pytest.param(("serviceRecords", 0, "pemCertificate"), "", {"certificate": None}, id="no-certificate"),
        pytest.param(("serviceRecords", 0, "documentTypes"), None, {"document_types": ()}, id="no-document-types"),
    ],
)
def test_what_is_left_out_or_new_is_read_as_such(
    path: tuple[str | int, ...], value: object, read: dict[str, object]
) -> None:
    """One odd member does not spoil the rest."""
    (record,) = read_lookup(changed(path, value)).records
    (good,) = read_lookup(ANSWER).records
    for name in ServiceRecord.__dataclass_fields__:
        assert getattr(record, name) == read.get(name, getattr(good, name))


@pytest.mark.parametrize(
    ("path", "value", "name", "read"),
    [
        (("organizationName",), None, "name", None),
        (("entityType",), None, "form", ""),
        (("postadresse",), None, "address", None),
        (("postadresse",), {}, "address", None),
        (("postadresse", "adresse"), None, "address", "2900 FAGERNES"),
        (("postadresse", "postnummer"), None, "address", "Tunet 1, FAGERNES"),
    ],
)
def test_an_entity_is_read_as_far_as_it_is_told(path: tuple[str, ...], value: object, name: str, read: object) -> None:
    """A missing name or address is none, not the word None."""
    assert getattr(read_lookup(changed(("infoRecord", *path), value)).entity, name) == read


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({}, id="empty"),
        pytest.param({"infoRecord": ANSWER["infoRecord"]}, id="no-records"),
        pytest.param(changed(("infoRecord",), None), id="no-entity"),
        pytest.param(changed(("infoRecord",), {}), id="entity-without-identifier"),
        pytest.param(changed(("serviceRecords",), {}), id="records-are-an-object"),
        pytest.param(changed(("serviceRecords",), ["x"]), id="record-is-text"),
        pytest.param(changed(SERVICE, None), id="no-service"),
        pytest.param(changed(SERVICE, {}), id="service-without-identifier"),
        pytest.param(changed(("serviceRecords", 0), {"service": {"identifier": "DPO"}}), id="no-process"),
        pytest.param(changed((*SERVICE, "securityLevel"), "høy"), id="level-is-a-word"),
        pytest.param(changed((*SERVICE, "securityLevel"), True), id="level-is-a-yes"),
    ],
)
def test_another_shape_is_an_answer_that_cannot_be_read(answer: dict[str, object]) -> None:
    """As if the registry were away: asked again, and never taken for a no."""
    with pytest.raises(Unavailable) as caught:
        read_lookup(answer)
    assert caught.value.verdict is Verdict.AGAIN


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_answer_is_read_or_refused(data: st.DataObject) -> None:
    """One place of a good answer is replaced by anything: a record, or the one error."""
    paths = [(), ("infoRecord",), ("serviceRecords",), ("serviceRecords", 0), SERVICE]
    paths += [("infoRecord", key) for key in ANSWER["infoRecord"]]  # type: ignore[attr-defined]
    paths += [(*SERVICE, key) for key in ("identifier", "securityLevel", "endpointUrl")]
    path = data.draw(st.sampled_from(paths))
    value = data.draw(json_values)
    answer = changed(path, value) if path else value
    try:
        lookup = read_lookup(json.loads(json.dumps(answer)))
    except Unavailable:
        return
    assert isinstance(lookup, LookUp)
