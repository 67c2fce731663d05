"""The problems of a draft, in words: what is wrong, and who can mend it how.

Called by assessment and editing; each function makes one `Problem` with its stable code. The codes are part of the API.
"""

from collections.abc import Iterable

from gateway.arkivmelding.facts import Dokumentbeskrivelse, Facts
from gateway.language import listed, say
from gateway.message.processes import Channel
from gateway.message.prototype import Choice, Problem, Weight

OUTGOING = "Utgående dokument"


def document_missing(filename: str) -> Problem:
    """A file that is to be sent has not been uploaded."""
    return Problem(
        "DOCUMENT_MISSING",
        Weight.BLOCK,
        say("{filename} is named by the arkivmelding and has not been uploaded", filename=filename),
        say("PUT its bytes to …/documents/{filename}.", filename=filename),
        filename=filename,
    )


def document_not_referenced(filename: str) -> Problem:
    """A file was uploaded that the document does not name."""
    return Problem(
        "DOCUMENT_NOT_REFERENCED",
        Weight.INFO,
        say("{filename} is not named by the arkivmelding, so it is sent to nobody", filename=filename),
        "Delete it, or name it in a dokumentobjekt and replace the arkivmelding.",
        filename=filename,
    )


def no_recipient(any_prototype: bool) -> Problem:
    """Nobody would get it."""
    nobody = say("the arkivmelding has no recipient but the sender itself")
    message = say("no recipient is selected") if any_prototype else nobody
    return Problem("NO_RECIPIENT", Weight.BLOCK, message, "Select a recipient, or add one with PUT.")


def shielding_unclear(grounds: Iterable[str]) -> Problem:
    """The ground of shielding is not on the lists."""
    return Problem(
        "SHIELDING_UNCLEAR",
        Weight.CONFIRM,
        say(
            "the document is shielded, and its ground ({grounds}) is neither a known secrecy ground nor known to be none",
            grounds=listed((ground or say("empty") for ground in grounds), "; "),
        ),
        'Say with PUT whether it is confidential: {"confidential": true} or {"confidential": false}. Until then it counts '
        "as confidential.",
    )


def confidentiality_lowered() -> Problem:
    """The caller says open where the document says secret."""
    return Problem(
        "CONFIDENTIALITY_LOWERED",
        Weight.CONFIRM,
        "the document is shielded on a secrecy ground, and it has been set to not confidential",
        _confirm_all("CONFIDENTIALITY_LOWERED"),
    )


def state_problems(facts: Facts) -> tuple[Problem, ...]:
    """What the direction and the states in the document say against sending it."""
    entry = facts.journalpost
    if entry is None:
        return ()
    found = [_direction(entry.type, entry.line)]
    if entry.status == "Utgår":
        found.append(_cancelled(entry.line))
    found += [_unfinished(each) for each in entry.documents if each.status == "Dokumentet er under redigering"]
    return tuple(problem for problem in found if problem)


def _direction(kind: str, line: int) -> Problem | None:
    if kind == OUTGOING:
        return None
    if kind.startswith("Organinternt"):
        return Problem(
            "INTERNAL_DOCUMENT",
            Weight.BLOCK,
            say("the journalpost is «{kind}», which must not leave the organisation", kind=kind),
            "Register it as «Utgående dokument» if it is meant to be sent.",
            line=line,
        )
    return Problem(
        "NOT_OUTGOING",
        Weight.CONFIRM,
        say("the journalpost is «{kind}», not «Utgående dokument»", kind=kind),
        _confirm_all("NOT_OUTGOING"),
        line=line,
    )


def _cancelled(line: int) -> Problem:
    return Problem(
        "JOURNALPOST_CANCELLED",
        Weight.BLOCK,
        "the journalpost has status «Utgår»: it has been taken out of the journal",
        "Send the journalpost that replaces it.",
        line=line,
    )


def _unfinished(document: Dokumentbeskrivelse) -> Problem:
    message = say("document has status «Dokumentet er under redigering»")
    if document.number:
        message = say("document {number} has status «Dokumentet er under redigering»", number=document.number)
    return Problem(
        "DOCUMENT_UNFINISHED",
        Weight.BLOCK,
        message,
        "Finish the document (Dokumentet er ferdigstilt) and replace the arkivmelding.",
        line=document.line,
    )


def name_mismatch(choice: Choice) -> Problem:
    """The number belongs to somebody with another name."""
    registered = choice.registered.name if choice.registered else ""
    return Problem(
        "NAME_MISMATCH",
        Weight.CONFIRM,
        say(
            "the arkivmelding says «{name}», but {recipient} is «{registered}» in the registry",
            name=choice.part.name,
            recipient=choice.recipient,
            registered=registered,
        ),
        "If the organisation was renamed, say yes with PUT: "
        '{"prototypes": [{"messageId": "…", "confirm": ["NAME_MISMATCH"]}]}; or correct it.',
        part=choice.part.index,
    )


def not_in_arkivmelding(choice: Choice) -> Problem:
    """A recipient that the document does not name."""
    return Problem(
        "NOT_IN_ARKIVMELDING",
        Weight.CONFIRM,
        say(
            "{recipient} («{name}») is no part of the arkivmelding; the archive will not show that it got it",
            recipient=choice.recipient,
            name=choice.part.name,
        ),
        _confirm_one("NOT_IN_ARKIVMELDING"),
    )


def too_large(size: int, limit: int, *, channel: Channel) -> Problem:
    """More bytes than the channel carries in one message."""
    return Problem(
        "TOO_LARGE",
        Weight.BLOCK,
        say(
            "the documents are {size} bytes together, and {channel} carries at most {limit}",
            size=size,
            channel=channel.value,
            limit=limit,
        ),
        "Send fewer or smaller documents to this recipient, or choose an alternative.",
    )


def person_number_in_title(where: tuple[str, ...], channel: Channel, *, blocks: bool) -> Problem:
    """A person number stands where the channel shows it."""
    places = listed(where)
    message = say("a fødselsnummer or D-nummer stands in {places}", places=places)
    if blocks:
        message = say(
            "a fødselsnummer or D-nummer stands in {places}, which {channel} shows before the document is opened",
            places=places,
            channel=channel.value,
        )
    return Problem(
        "PERSON_NUMBER_IN_TITLE",
        Weight.BLOCK if blocks else Weight.INFO,
        message,
        "Take the number out of the title or the file name and replace the arkivmelding.",
    )


def person_number_visible() -> Problem:
    """The recipient organisation will see a person number."""
    return Problem(
        "PERSON_NUMBER_VISIBLE",
        Weight.CONFIRM,
        "a fødselsnummer or D-nummer stands in what this recipient gets",
        _confirm_one("PERSON_NUMBER_VISIBLE"),
    )


def public_title_missing(channel: Channel) -> Problem:
    """A shielded document without a title that may be shown."""
    return Problem(
        "PUBLIC_TITLE_MISSING",
        Weight.BLOCK,
        say("the document is shielded and has no offentligTittel, and {channel} shows a title", channel=channel.value),
        "Add an offentligTittel to the journalpost and replace the arkivmelding.",
    )


def _confirm_all(code: str) -> str:
    return say('Say yes with PUT: {{"confirm": ["{code}"]}}; or correct the document.', code=code)


def _confirm_one(code: str) -> str:
    return say(
        'Say yes with PUT: {{"prototypes": [{{"messageId": "…", "confirm": ["{code}"]}}]}}; or correct it.', code=code
    )
