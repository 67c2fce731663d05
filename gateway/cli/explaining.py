"""`gateway validate --rules` and `--explain CODE`: the table of rules, and what one code means.

In come codes, out comes text. Loaded only where one of the two is asked for.
"""

from collections.abc import Mapping

from gateway.arkivmelding.rules import RULES, Rule
from gateway.errors import FaultClass
from gateway.language import Language, as_phrase, say, tell

CLASS_WORDS: Mapping[FaultClass, str] = {
    FaultClass.UNSAFE: "who gets what, or what is secret, would be in doubt: refused, however it is handled",
    FaultClass.PROVENANCE: "a fact for the archive is missing or malformed: refused strictly, a warning leniently",
    FaultClass.SPELLING: "it is certain what is meant: refused strictly, mended leniently, and every mend is listed",
    FaultClass.ADVISORY: "worth knowing: never refused",
}
# What is not in the table of rules: (class, sentence, mend).
OTHER_WORDS: Mapping[str, tuple[FaultClass | None, str, str]] = {
    "XSD": (
        None,
        "The document breaks the schema; each fault says where, and is of a class of its own",
        "Each fault says how; gateway validate --fix mends the spelling.",
    ),
    "NOT_XML": (None, "The file is not well-formed XML", "The system that made the file must mend it."),
    "DTD": (
        None,
        "The document has a DTD (<!DOCTYPE …>), which is never read: it could pull in other files",
        "Take the <!DOCTYPE …> line out; an arkivmelding needs none.",
    ),
    "LIMIT": (None, "The document is larger or deeper than is taken", "Split it into several arkivmeldinger."),
    "NOT_READABLE": (None, "The file cannot be read", "Check the name, and that you may read it."),
    "NOT_WRITTEN": (None, "The mended file could not be written", "The fault says why; nothing was changed."),
    "CLASSIFIED": (
        FaultClass.UNSAFE,
        "The document is graded (sikkerhetsgrad or beskyttelsesgrad), and graded documents never travel this way",
        "Send it by the route that the security law prescribes.",
    ),
    "DIALECT_NOT_DELIVERABLE": (
        FaultClass.UNSAFE,
        "The arkivmelding is in a dialect that receivers of eFormidling cannot read",
        "gateway validate --fix converts it, where everything that is needed is there.",
    ),
    "NOT_CONVERTED": (
        FaultClass.UNSAFE,
        "The document cannot be converted: something is missing, unclear, or would be lost that must not be",
        "Each fault says what; --fill NAME=VALUE gives what is missing.",
    ),
    "PART_MISMATCH": (
        None,
        "An identifier was given for a part of another name: an index may have slipped",
        "Let korrespondansepart and navn of the adressering name the same part.",
    ),
    "ID_INVALID": (None, "An identifier is no valid organisation or person number", "Correct the number."),
    "ID_CONFLICT": (None, "One part has been given two different identifiers", "Keep the right one."),
}


def rules_text(language: Language) -> str:
    """The table: code, class, severity, sentence, mend."""
    return "\n".join(_brief(each, language) for each in RULES)


def explain(code: str, language: Language) -> str | None:
    """What a code means, and what follows from it; None for one that there is not."""
    wanted = code.strip().upper()
    rule = next((each for each in RULES if each.code == wanted), None)
    if rule is not None:
        return _long(rule.code, (rule.fault_class, rule.sentence, rule.mend), language=language)
    return _long(wanted, OTHER_WORDS[wanted], language=language) if wanted in OTHER_WORDS else None


def codes() -> tuple[str, ...]:
    """Every code that can be explained."""
    return (*(each.code for each in RULES), *OTHER_WORDS)


def _brief(rule: Rule, language: Language) -> str:
    sentence, mend = tell(rule.sentence, language), tell(say("mend: {mend}", mend=as_phrase(rule.mend)), language)
    return f"{rule.code}  {rule.fault_class.value:<10}  {rule.severity.value}\n    {sentence}.\n    {mend}"


def _long(code: str, words: tuple[FaultClass | None, str, str], *, language: Language) -> str:
    fault_class, sentence, mend = words
    lines = [code, f"    {tell(sentence, language)}."]
    if fault_class:
        lines.append(f"    {fault_class.value}: {tell(CLASS_WORDS[fault_class], language)}.")
    lines.append(f"    {tell(say('mend: {mend}', mend=as_phrase(mend)), language)}")
    return "\n".join(lines)
