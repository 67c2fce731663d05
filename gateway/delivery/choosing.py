"""From recipients to channels: ask the registry about every recipient side by side, and write down what was decided.

In come choices without a route, out come choices with one, or with the problem that stands in its way. Called by intake
(all recipients), editing (those that changed) and commit (those whose look-up failed).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from gateway.arkivmelding.facts import Facts
from gateway.arkivmelding.parties import Addressee
from gateway.delivery.submission import NewId, ProcessRule
from gateway.errors import Outside, Rejected, Unavailable
from gateway.language import as_phrase, say
from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING, TAUSHETSBELAGT
from gateway.message.prototype import Choice, Problem
from gateway.registry.names import compare_names
from gateway.registry.records import LookUp, Query
from gateway.registry.routing import Routed, RoutingSettings, Wish, questions, route

ROUTING_CODES = frozenset(
    {"REGISTRY_FAILED", "NOT_REGISTERED", "NO_CHANNEL", "NO_SECURE_CHANNEL", "CHANNEL_NOT_ENABLED"}
)
RETRY_AFTER = 30


class Registry(Protocol):
    """What is needed of the ServiceRegistry."""

    def look_up_all(self, queries: Sequence[Query]) -> Mapping[Query, LookUp | Outside]:
        """Every question at once; a failure stands in the place of its answer."""
        ...


@dataclass(frozen=True, slots=True)
class Course:
    """How messages of one conversation go unless a choice says otherwise."""

    process: str
    confidential: bool


def course_for(facts: Facts, *, confidential: bool, process: str | None, rules: Sequence[ProcessRule]) -> Course:
    """That of confidential post where it is; else the caller's, else the configured table's, else administrasjon."""
    if confidential:
        return Course(TAUSHETSBELAGT, confidential)
    if process:
        return Course(process, confidential)
    folder = facts.saksmappe
    for rule in rules:
        if folder and (
            (rule.klasse and rule.klasse in folder.classes) or (rule.arkivdel and rule.arkivdel == folder.arkivdel)
        ):
            return Course(rule.process, confidential)
    return Course(ADMINISTRASJON, confidential)


def start_choices(addressees: Sequence[Addressee], new_id: NewId) -> tuple[Choice, ...]:
    """One choice for each recipient, nothing asked yet."""
    return tuple(
        Choice(
            message_id=new_id(),
            conversation_id=new_id(),
            part=addressee.part,
            recipient=addressee.identifier,
            identified_by=addressee.identified_by,
            problems=addressee.problems,
        )
        for addressee in addressees
    )


def choose_routes(
    choices: Sequence[Choice], course: Course, *, registry: Registry, settings: RoutingSettings
) -> tuple[Choice, ...]:
    """Ask about every choice that has a recipient; `Unavailable` where not one question could be answered."""
    wishes = {choice.message_id: wish_for(choice, course) for choice in choices if choice.recipient}
    queries = list(dict.fromkeys(query for wish in wishes.values() for query in questions(wish)))
    answers = registry.look_up_all(queries) if queries else {}
    _require_some_answer(answers)
    return tuple(
        _decide(choice, wishes[choice.message_id], answers=answers, settings=settings)
        if choice.message_id in wishes
        else replace(choice, confidential=course.confidential)
        for choice in choices
    )


def wish_for(choice: Choice, course: Course) -> Wish:
    """What to ask for this choice; `choice.recipient` is set."""
    process = course.process if course.confidential else choice.process or course.process
    document_type = choice.route.document_type if choice.route else ARKIVMELDING
    return Wish(choice.recipient or "", process, course.confidential, choice.channel, document_type, choice.level)


def _decide(
    choice: Choice, wish: Wish, *, answers: Mapping[Query, LookUp | Outside], settings: RoutingSettings
) -> Choice:
    asked = {query: answers[query] for query in questions(wish) if query in answers}
    routed = route(wish, asked, settings=settings)
    name = routed.registered.name if routed.registered else None
    return replace(
        choice,
        route=routed.route,
        registered=routed.registered,
        name_match=compare_names(choice.part.name, name),
        confidential=wish.confidential,
        alternatives=routed.alternatives,
        why=_reasons(choice, routed),
        problems=(*_other_problems(choice), *routed.problems),
    )


def _reasons(choice: Choice, routed: Routed) -> tuple[str, ...]:
    part = choice.part
    named = say("added by hand, not in the arkivmelding")
    if part.index:
        named = say("korrespondansepart {index}, {type}", index=part.index, type=part.type)
    return (named, *routed.why)


def _other_problems(choice: Choice) -> tuple[Problem, ...]:
    return tuple(problem for problem in choice.problems if problem.code not in ROUTING_CODES)


def _require_some_answer(answers: Mapping[Query, LookUp | Outside]) -> None:
    failures = [
        answer for answer in answers.values() if isinstance(answer, Outside) and not isinstance(answer, Rejected)
    ]
    if not failures or len(failures) < len(answers):
        return
    first = failures[0]
    raise Unavailable(
        say(
            "the ServiceRegistry could not be asked about any recipient, so nothing was kept: {reason}",
            reason=as_phrase(first.message),
        ),
        mend=first.mend or say("Try again in a little while."),
        code="REGISTRY_UNAVAILABLE",
        retry_after=first.retry_after or RETRY_AFTER,
    )
