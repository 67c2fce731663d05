"""Routing: which channel carries it, and that nothing confidential goes over a weaker one."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Outside, Rejected, TokenRefused, Unavailable
from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING, ARKIVMELDING_KVITTERING, TAUSHETSBELAGT, Channel
from gateway.message.prototype import Registered, Route, Weight
from gateway.registry.records import Entity, LookUp, Query, ServiceRecord
from gateway.registry.routing import Routed, RoutingSettings, Wish, questions, route
from tests.secrets import PERSON_NUMBER

RECIPIENT = "0192:311000039"
HELSE = "urn:no:difi:profile:arkivmelding:helseSosialOgOmsorg:ver1.0"
ENTITY = Entity("311000039", "BREIDAL KOMMUNE", "KOMM", "2900 FAGERNES")
SECRET_RESOURCE = "eformidling-dpv-taushetsbelagt"
ALL = RoutingSettings(enabled=frozenset(Channel), confidential_dpf=True)
DEFAULT = RoutingSettings()

OPEN = Wish(RECIPIENT, ADMINISTRASJON)
SECRET = Wish(RECIPIENT, TAUSHETSBELAGT, confidential=True)


def record(
    channel: Channel, process: str = ADMINISTRASJON, *, level: int | None = None, resource: str | None = None
) -> ServiceRecord:
    """One way to reach the recipient."""
    return ServiceRecord(channel, process, (ARKIVMELDING,), None, "", resource, level)


def answers(
    wish: Wish, plain: object = (), *, everything: object = (), level_4: object = ()
) -> dict[Query, LookUp | Outside]:
    """Answers to the questions of a wish: records, or an error in their place."""
    told = {
        Query(wish.recipient, wish.process): plain,
        Query(wish.recipient): everything,
        Query(wish.recipient, wish.process, 4): level_4,
    }
    return {
        query: told[query] if isinstance(told[query], Outside) else LookUp(ENTITY, tuple(told[query]))  # type: ignore[arg-type,misc]
        for query in questions(wish)
    }


def decide(wish: Wish, plain: object = (), settings_: RoutingSettings = DEFAULT, **more: object) -> Routed:
    """The decision on these answers."""
    return route(wish, answers(wish, plain, **more), settings=settings_)


def codes(routed: Routed) -> list[str]:
    """The problems, every one of them blocking."""
    assert all(problem.severity is Weight.BLOCK and problem.mend for problem in routed.problems)
    return [problem.code for problem in routed.problems]


def test_what_is_asked() -> None:
    """The process and everything; for a confidential message level 4 first; for a person nothing."""
    assert questions(OPEN) == (Query(RECIPIENT, ADMINISTRASJON), Query(RECIPIENT))
    assert questions(SECRET) == (
        Query(RECIPIENT, TAUSHETSBELAGT, 4),
        Query(RECIPIENT, TAUSHETSBELAGT),
        Query(RECIPIENT),
    )
    assert questions(Wish(PERSON_NUMBER, ADMINISTRASJON)) == ()


def test_a_level_and_a_document_type_that_the_caller_names_count() -> None:
    """The process is asked about at that level, and only what carries that document type is a way or an alternative."""
    wish = replace(OPEN, level=3, document_type=ARKIVMELDING_KVITTERING)
    assert questions(wish) == (Query(RECIPIENT, ADMINISTRASJON, 3), Query(RECIPIENT))
    carries = replace(record(Channel.DPO), document_types=(ARKIVMELDING_KVITTERING,))
    for records, code, routed in (([record(Channel.DPO)], ["NO_CHANNEL"], None), ([carries], [], carries)):
        told = {query: LookUp(ENTITY, tuple(records)) for query in questions(wish)}
        found = route(wish, told, settings=DEFAULT)
        assert (codes(found), found.record) == (code, routed)
        assert found.alternatives == ()
    assert found.route == Route(Channel.DPO, ADMINISTRASJON, ARKIVMELDING_KVITTERING)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param([record(Channel.DPO)], Route(Channel.DPO, ADMINISTRASJON, ARKIVMELDING), id="DPO"),
        pytest.param([record(Channel.DPV)], Route(Channel.DPV, ADMINISTRASJON, ARKIVMELDING), id="DPV"),
        pytest.param([record(Channel.DPF, level=3)], Route(Channel.DPF, ADMINISTRASJON, ARKIVMELDING, 3), id="DPF-3"),
        pytest.param([record(Channel.DPF, level=4)], Route(Channel.DPF, ADMINISTRASJON, ARKIVMELDING, 4), id="DPF-4"),
        pytest.param(
            [record(Channel.DPV), record(Channel.DPO)],
            Route(Channel.DPV, ADMINISTRASJON, ARKIVMELDING),
            id="the-registrys-order",
        ),
        pytest.param(
            [replace(record(Channel.DPO), document_types=(ARKIVMELDING_KVITTERING,)), record(Channel.DPV)],
            Route(Channel.DPV, ADMINISTRASJON, ARKIVMELDING),
            id="another-document-type",
        ),
        pytest.param(
            [record(Channel.DPO, HELSE), record(Channel.DPV)],
            Route(Channel.DPV, ADMINISTRASJON, ARKIVMELDING),
            id="another-process",
        ),
    ],
)
def test_an_open_message_takes_the_registrys_way(records: list[ServiceRecord], expected: Route) -> None:
    """The first record of this process that carries an arkivmelding, with who the registry says it is and why."""
    routed = decide(OPEN, records, ALL)
    assert routed.route == expected
    assert routed.record is not None
    assert routed.record.channel is expected.channel
    assert routed.registered == Registered("BREIDAL KOMMUNE", "KOMM", "2900 FAGERNES")
    level = f" at security level {expected.security_level}" if expected.security_level else ""
    assert routed.why == (f"311000039 takes administrasjon over {expected.channel}{level}",)
    assert codes(routed) == []


def test_a_channel_that_is_not_built_is_shown_and_blocked() -> None:
    """The recipient stands there with its channel and CHANNEL_NOT_ENABLED; unknown ones too."""
    for channel in (Channel.DPV, Channel.UNKNOWN):
        routed = decide(OPEN, [record(channel)])
        assert routed.route is not None
        assert routed.route.channel is channel
        assert codes(routed) == ["CHANNEL_NOT_ENABLED"]


def test_a_person_gets_no_arkivmelding() -> None:
    """Whatever the registry would say, nothing is asked and no number stands in the sentence."""
    wish = Wish(PERSON_NUMBER, ADMINISTRASJON)
    routed = route(wish, {}, settings=ALL)
    assert (routed.route, codes(routed)) == (None, ["CHANNEL_NOT_ENABLED"])
    assert PERSON_NUMBER not in str(routed)


DPV_OPEN = record(Channel.DPV, TAUSHETSBELAGT, resource="eformidling-dpv-administrasjon")
DPV_SECRET = record(Channel.DPV, TAUSHETSBELAGT, resource=SECRET_RESOURCE)
DPF_3 = record(Channel.DPF, TAUSHETSBELAGT, level=3)
DPF_4 = record(Channel.DPF, TAUSHETSBELAGT, level=4)
DPO = record(Channel.DPO, TAUSHETSBELAGT)
NO_LEVEL = Rejected("nobody has that level", status=400)


@pytest.mark.parametrize(
    ("level_4", "plain", "dpf", "expected"),
    [
        pytest.param([DPO], [DPO], False, DPO, id="DPO"),
        pytest.param(NO_LEVEL, [DPO], False, DPO, id="DPO-though-nobody-has-the-level"),
        pytest.param(NO_LEVEL, [DPV_SECRET], False, DPV_SECRET, id="DPV-with-the-confidential-resource"),
        pytest.param([DPF_4], [DPF_4], True, DPF_4, id="DPF-4-where-the-setting-allows"),
        pytest.param([DPF_4], [DPV_SECRET], False, DPV_SECRET, id="DPV-where-it-does-not"),
        pytest.param([DPF_4], [DPF_4], False, None, id="DPF-4-without-the-setting"),
        pytest.param(NO_LEVEL, [DPF_3], True, None, id="DPF-3"),
        pytest.param(NO_LEVEL, [DPV_OPEN], True, None, id="DPV-with-the-ordinary-resource"),
        pytest.param(NO_LEVEL, [replace(DPV_SECRET, resource=None)], True, None, id="DPV-without-a-resource"),
        pytest.param(NO_LEVEL, [replace(DPF_4, security_level=None)], True, None, id="DPF-without-a-level"),
        pytest.param(NO_LEVEL, [record(Channel.DPE, TAUSHETSBELAGT)], True, None, id="DPE"),
        pytest.param(NO_LEVEL, [record(Channel.UNKNOWN, TAUSHETSBELAGT)], True, None, id="unknown-channel"),
        pytest.param([record(Channel.DPO)], [DPV_SECRET], True, DPV_SECRET, id="DPO-for-another-process"),
    ],
)
def test_a_confidential_message_takes_a_secure_way_or_none(
    level_4: object, plain: object, dpf: bool, expected: ServiceRecord | None
) -> None:
    """Sealed for the recipient, or a channel's own mark of confidence; never the weaker one that is there."""
    routed = decide(SECRET, plain, replace(ALL, confidential_dpf=dpf), level_4=level_4)
    assert routed.record == expected
    assert codes(routed) == ([] if expected else ["NO_SECURE_CHANNEL"])


@pytest.mark.parametrize(
    ("plain", "everything", "code"),
    [
        pytest.param(Rejected("unknown", status=404), Rejected("unknown", status=404), "NOT_REGISTERED", id="unknown"),
        pytest.param([], [record(Channel.DPO, HELSE)], "NO_CHANNEL", id="another-process-only"),
        pytest.param(Rejected("no such process"), [record(Channel.DPO, HELSE)], "NO_CHANNEL", id="process-refused"),
        pytest.param([], [], "NO_CHANNEL", id="nothing"),
        pytest.param(Unavailable("500"), [record(Channel.DPO)], "REGISTRY_FAILED", id="failed"),
        pytest.param(TokenRefused("no"), Rejected("unknown"), "REGISTRY_FAILED", id="not-let-in"),
        pytest.param(Rejected("unknown"), Unavailable("away"), "REGISTRY_FAILED", id="half-failed"),
    ],
)
def test_why_there_is_no_way(plain: object, everything: object, code: str) -> None:
    """A failed question is never taken for a no, and a no never for a failure."""
    routed = decide(OPEN, plain, everything=everything)
    assert (routed.route, routed.record, codes(routed)) == (None, None, [code])


def test_a_failed_question_about_level_4_is_no_answer() -> None:
    """What is found without it is secure all the same; where nothing is, it is told as failed and asked again."""
    assert decide(SECRET, [DPO], level_4=Unavailable("away")).route is not None
    assert codes(decide(SECRET, [DPF_3], ALL, level_4=Unavailable("away"))) == ["REGISTRY_FAILED"]


def test_alternatives_are_other_ways_of_the_same_recipient() -> None:
    """Each once, without the chosen one; a confidential message is offered no weaker one."""
    ways = [
        record(Channel.DPO),
        record(Channel.DPO, HELSE),
        record(Channel.DPV, HELSE),
        DPF_3,
        DPV_SECRET,
        record(Channel.DPO),
    ]
    routed = decide(OPEN, [record(Channel.DPO)], everything=ways)
    assert [(each.channel, each.process) for each in routed.alternatives] == [
        (Channel.DPO, HELSE),
        (Channel.DPV, HELSE),
        (Channel.DPF, TAUSHETSBELAGT),
        (Channel.DPV, TAUSHETSBELAGT),
    ]
    secret = decide(SECRET, [DPO], everything=[*ways, DPO, DPF_4], level_4=NO_LEVEL)
    assert [(each.channel, each.process) for each in secret.alternatives] == [(Channel.DPV, TAUSHETSBELAGT)]
    failed = decide(OPEN, [record(Channel.DPO), record(Channel.DPV)], everything=Unavailable("away"))
    assert [each.channel for each in failed.alternatives] == [Channel.DPV]


def test_the_callers_channel_is_kept_to() -> None:
    """And where the registry no longer offers it, there is no way rather than another one."""
    ways = [record(Channel.DPO), record(Channel.DPV)]
    chosen = decide(replace(OPEN, channel=Channel.DPV), ways, ALL)
    assert chosen.route is not None
    assert chosen.route.channel is Channel.DPV
    assert codes(decide(replace(OPEN, channel=Channel.DPF), ways, ALL)) == ["NO_CHANNEL"]
    assert codes(decide(replace(SECRET, channel=Channel.DPF), [DPF_3], ALL, level_4=NO_LEVEL)) == ["NO_SECURE_CHANNEL"]


anything = st.lists(
    st.builds(
        record,
        st.sampled_from(Channel),
        st.sampled_from([ADMINISTRASJON, TAUSHETSBELAGT, HELSE]),
        level=st.sampled_from([None, 3, 4]),
        resource=st.sampled_from([None, SECRET_RESOURCE, "eformidling-dpv-administrasjon"]),
    ),
    max_size=4,
) | st.sampled_from([NO_LEVEL, Unavailable("away")])


@settings(max_examples=200)
@given(anything, anything, anything, st.booleans(), st.sampled_from([None, *Channel]))
def test_no_answer_makes_a_secret_go_over_a_weak_channel(
    plain: object, everything: object, level_4: object, dpf: bool, channel: Channel | None
) -> None:
    """Whatever the registry says: the route and every alternative are secure, of this process, and asked for."""
    settings_ = replace(ALL, confidential_dpf=dpf)
    routed = decide(replace(SECRET, channel=channel), plain, settings_, everything=everything, level_4=level_4)
    if routed.record is None:
        assert routed.route is None
        assert routed.problems
    else:
        assert routed.route == Route(routed.record.channel, TAUSHETSBELAGT, ARKIVMELDING, routed.record.security_level)
        assert channel in (None, routed.record.channel)
        if routed.record.channel is Channel.DPV:
            assert routed.record.resource == SECRET_RESOURCE
        elif routed.record.channel is not Channel.DPO:
            assert (routed.record.channel, routed.record.security_level, dpf) == (Channel.DPF, 4, True)
    for each in routed.alternatives:
        assert each.channel in (Channel.DPO, Channel.DPV, Channel.DPF)
        assert each.channel is not Channel.DPF or (each.security_level == 4 and dpf)
