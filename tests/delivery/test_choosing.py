"""Choosing: which process, and what the registry's answers make of each recipient."""

import inspect
import re
from dataclasses import replace

import pytest

from gateway.delivery.choosing import ROUTING_CODES, Course, choose_routes, course_for, wish_for
from gateway.delivery.submission import ProcessRule
from gateway.errors import Outside, Rejected, TokenRefused, Unavailable, Verdict
from gateway.message.processes import ADMINISTRASJON, TAUSHETSBELAGT, Channel
from gateway.message.prototype import Choice, Confirmation, NameMatch, PartRef, Problem, Weight
from gateway.registry import routing
from gateway.registry.records import Query
from gateway.registry.routing import Wish
from tests.delivery.desk import HELSE, NOW, PLAN, ROUTING, Register, choices_of, look
from tests.documents import DPF, DPO, DPV, Message, Part
from tests.secrets import PERSON_NUMBER

OPEN = Course(ADMINISTRASJON, confidential=False)
SECRET = Course(TAUSHETSBELAGT, confidential=True)
RULES = (
    ProcessRule("by-class", klasse="K-7"),
    ProcessRule("by-arkivdel", arkivdel="SAK"),
    ProcessRule("never"),
)


def choice(recipient: str | None = DPO, name: str = "Fjordvik tilsyn", **facts: object) -> Choice:
    """A choice about which nobody has been asked."""
    bare = Choice(f"m-{recipient}", "c", PartRef(1, "Mottaker", name), recipient=recipient)
    return replace(bare, **facts)  # type: ignore[arg-type]


def choose(*choices: Choice, course: Course = OPEN, register: Register | None = None) -> tuple[Choice, ...]:
    """The choices after the registry's answers."""
    return choose_routes(choices, course, registry=register or Register(), settings=ROUTING)


@pytest.mark.parametrize(
    ("message", "confidential", "process", "expected"),
    [
        pytest.param(Message(), False, None, ADMINISTRASJON, id="nothing-said"),
        pytest.param(Message(), True, None, TAUSHETSBELAGT, id="confidential"),
        pytest.param(Message(), False, "own", "own", id="the-callers-own"),
        pytest.param(Message(), True, "own", TAUSHETSBELAGT, id="confidential-before-the-callers-own"),
        pytest.param(Message(klasse="K-7"), False, None, "by-class", id="class"),
        pytest.param(Message(klasse="K-7"), True, None, TAUSHETSBELAGT, id="confidential-before-the-class"),
        pytest.param(Message(klasse="K-8"), False, None, ADMINISTRASJON, id="another-class"),
        pytest.param(
            Message(folder_extra="<referanseArkivdel>SAK</referanseArkivdel>"),
            False,
            None,
            "by-arkivdel",
            id="arkivdel",
        ),
    ],
)
def test_which_process(message: Message, confidential: bool, process: str | None, expected: str) -> None:
    """That of confidential post, else the caller's, else the table's, else administrasjon."""
    course = course_for(look(message).facts, confidential=confidential, process=process, rules=RULES)
    assert course == Course(expected, confidential)


def test_every_recipient_is_asked_about_once() -> None:
    """All questions go together, none twice, and none about a person or about nobody."""
    register = Register()
    choose(choice(), choice(HELSE), choice(DPO), choice(None), choice(PERSON_NUMBER), register=register)
    assert register.asked == [Query(DPO, ADMINISTRASJON), Query(DPO), Query(HELSE, ADMINISTRASJON), Query(HELSE)]
    nobody = Register()
    choose(choice(None), register=nobody)
    assert nobody.asked == []


def test_what_was_answered_is_written_down() -> None:
    """Route, the registry's own words, how the names compare, alternatives and reasons."""
    (chosen,) = choose(choice())
    assert chosen.route is not None
    assert (chosen.route.channel, chosen.route.process) == (Channel.DPO, ADMINISTRASJON)
    assert chosen.registered is not None
    assert chosen.registered.name == "FJORDVIK TILSYN"
    assert (chosen.name_match, chosen.confidential, chosen.problems) == (NameMatch.SAME, False, ())
    assert (Channel.DPV, ADMINISTRASJON) in [(each.channel, each.process) for each in chosen.alternatives]
    assert chosen.why[0] == "korrespondansepart 1, Mottaker"
    assert "DPO" in chosen.why[1]
    (added,) = choose(choice(part=PartRef(0, "Mottaker", "Fjordvik tilsyn")))
    assert "not in the arkivmelding" in added.why[0]


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("Breidal kommune", NameMatch.DIFFERENT),
        ("Fjordvik tilsyn, Postmottak", NameMatch.SIMILAR),
        ("", NameMatch.UNVERIFIABLE),
    ],
)
def test_the_parts_name_is_held_against_the_registrys(name: str, match: NameMatch) -> None:
    """For every recipient, whatever its channel."""
    assert choose(choice(name=name))[0].name_match is match


def test_a_confidential_course_reaches_every_choice() -> None:
    """Those without a recipient too, so that nothing is rendered as if it were open."""
    chosen = choose(choice(), choice(DPF), choice(DPV), choice(None), course=SECRET)
    assert all(each.confidential for each in chosen)
    assert [each.route and each.route.channel for each in chosen] == [Channel.DPO, None, Channel.DPV, None]
    assert [problem.code for problem in chosen[1].problems] == ["NO_SECURE_CHANNEL"]


def test_the_callers_own_process_and_channel_are_asked_for() -> None:
    """Of the choice before those of the course; what is secret goes by the process for it, whatever was chosen."""
    own = choice(process=PLAN, channel=Channel.DPV)
    assert wish_for(own, SECRET) == Wish(DPO, TAUSHETSBELAGT, confidential=True, channel=Channel.DPV)
    assert wish_for(choice(), SECRET) == Wish(DPO, TAUSHETSBELAGT, confidential=True)
    (chosen,) = choose(own)
    assert chosen.route is not None
    assert (chosen.route.channel, chosen.route.process) == (Channel.DPV, PLAN)


def test_a_new_answer_takes_the_place_of_the_old_one() -> None:
    """Problems of the look-up are replaced; those of the addressing and the confirmations stay."""
    mismatch = Problem("PART_MISMATCH", Weight.BLOCK, "slipped")
    old = choice(
        problems=(mismatch, Problem("REGISTRY_FAILED", Weight.BLOCK, "away")),
        confirmations=(Confirmation("NAME_MISMATCH", None, NOW),),
    )
    (chosen,) = choose(old)
    assert chosen.problems == (mismatch,)
    assert chosen.confirmations == old.confirmations
    failing = Register({DPO: Unavailable("away"), HELSE: Rejected("unknown")})
    again, _ = choose(chosen, choice(HELSE), register=failing)
    assert again.route is None
    assert again.alternatives == ()
    assert [problem.code for problem in again.problems] == ["PART_MISMATCH", "REGISTRY_FAILED"]


@pytest.mark.parametrize("code", sorted(ROUTING_CODES))
def test_every_problem_of_a_look_up_goes_with_the_next_one(code: str) -> None:
    """Nothing of an older answer is left."""
    assert choose(choice(problems=(Problem(code, Weight.BLOCK, "before"),)))[0].problems == ()


def test_the_problems_of_routing_are_known() -> None:
    """Every code that routing gives is one that the next look-up replaces."""
    told = set(re.findall(r'Problem\(\s+"([A-Z_]+)"', inspect.getsource(routing)))
    assert told == ROUTING_CODES


@pytest.mark.parametrize("error", [Unavailable("away", retry_after=7), TokenRefused("no", mend="Renew the key.")])
def test_where_no_question_was_answered_nothing_is_decided(error: Outside) -> None:
    """503 with a time to come again, the reason and who can mend it."""
    with pytest.raises(Unavailable) as caught:
        choose(choice(), choice(HELSE), register=Register({DPO: error, HELSE: error}))
    assert caught.value.verdict is Verdict.AGAIN
    assert caught.value.code == "REGISTRY_UNAVAILABLE"
    assert caught.value.retry_after == (error.retry_after or 30)
    assert error.message in caught.value.message
    assert caught.value.mend == (error.mend or "Try again in a little while.")


def test_one_failed_recipient_does_not_hold_back_the_others() -> None:
    """It has REGISTRY_FAILED, they have their channels; a no from the registry is an answer."""
    first, second = choose(choice(), choice(HELSE), register=Register({DPO: Unavailable("away")}))
    assert [problem.code for problem in first.problems] == ["REGISTRY_FAILED"]
    assert second.route is not None
    (unknown,) = choose(choice("0192:311000098"))
    assert [problem.code for problem in unknown.problems] == ["NOT_REGISTERED"]


def test_every_recipient_of_a_document_has_a_choice_of_its_own() -> None:
    """With ids of its own; one without an identifier is there too."""
    parts = (Part(), Part("Breidal kommune", None), Part("Lia Snekkeri AS", DPV))
    chosen = choices_of(Message(parts=parts))
    assert [each.recipient for each in chosen] == [DPO, None, DPV]
    assert len({each.message_id for each in chosen} | {each.conversation_id for each in chosen}) == 6
    assert [problem.code for problem in chosen[1].problems] == ["NO_ID"]
