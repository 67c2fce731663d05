"""Reports in words, in JSON and in SARIF: what `gateway validate` prints.

In comes a `Report`, out comes text that ends with a newline. JSON is one object a line, with the members of
contract §8 and those of a fix where one was wanted.
"""

from gateway.arkivmelding.changes import Changes, Filled, Lost, Mend, Mended, changes_json
from gateway.cli.checking import Report, Wanted
from gateway.errors import Fault, Severity
from gateway.language import Language, Phrase, as_phrase, say, tell
from gateway.message.identifiers import mask_persons

_LONGEST_VALUE = 60
_LENIENT = say("accepted all the same with handling=lenient: spelling mended, the rest a warning")
_VALID, _INVALID = say("valid"), say("invalid")
_SHIELDING_WORDS = {
    "open": say("open"),
    "confidential": say("confidential"),
    "undecided": say("undecided"),
    "classified": say("classified"),
}
_SEVERITY_WORDS = {Severity.ERROR: say("error"), Severity.WARNING: say("warning"), Severity.INFO: say("note")}


def write(report: Report, wanted: Wanted) -> str:
    """One report in the form that is wanted; of SARIF its results, one a line."""
    if wanted.form == "json":
        return _as_json(report, wanted)
    if wanted.form == "sarif":
        from gateway.cli.sarif import results

        return "".join(f"{line}\n" for line in results(report, wanted.language))
    return _as_text(report, wanted.language)


def write_counts(valid: int, invalid: int, *, unreadable: int, language: Language) -> str:
    """The closing line where there were several files."""
    total = valid + invalid + unreadable
    counts = {"total": total, "valid": valid, "invalid": invalid, "unreadable": unreadable}
    if unreadable:
        line = say("{total} files: {valid} valid, {invalid} invalid, {unreadable} could not be read", **counts)
    else:
        line = say("{total} files: {valid} valid, {invalid} invalid", **counts)
    return f"{tell(line, language)}\n"


def _as_text(report: Report, language: Language) -> str:
    file = _printable(report.file)
    lines = []
    if report.changes:
        lines += _change_lines(report.changes, file, language=language)
    if report.written:
        lines.append(tell(say("{file}: mended, in a new file", file=file), language))
        file = _printable(report.written)
    lines.append(f"{file}: {_verdict(report, language)}")
    for fault in report.faults:
        lines += _fault_lines(fault, file, language=language)
    if report.lenient:
        lines.append(f"    {tell(_LENIENT, language)}")
    return "\n".join(lines) + "\n"


def _verdict(report: Report, language: Language) -> str:
    if not report.readable:
        read = all(fault.rule == "NOT_WRITTEN" for fault in report.faults)
        return tell(say("could not be written") if read else say("could not be read"), language)
    facts = [report.dialect or ""]
    if report.profile:
        broken = any(fault.rule == "XSD" for fault in report.faults)
        profile = (
            say("nearest profile {name}", name=report.profile) if broken else say("profile {name}", name=report.profile)
        )
        facts.append(tell(profile, language))
    if report.shielding:
        facts.append(tell(_SHIELDING_WORDS[report.shielding], language))
    if report.recipients is not None:
        facts.append(_recipients(len(report.recipients), language))
    word = tell(_VALID if report.valid else _INVALID, language)
    return f"{word} ({', '.join(filter(None, facts))})" + _counts(report.faults, language)


def _recipients(number: int, language: Language) -> str:
    count = say("1 recipient") if number == 1 else say("{number} recipients", number=number)
    return tell(count, language)


def _counts(faults: tuple[Fault, ...], language: Language) -> str:
    if not faults:
        return ""
    kinds = [fault.severity for fault in faults]
    counted = [(kind, kinds.count(kind)) for kind in Severity if kind in kinds]
    return "".join(
        f", {tell(_SEVERAL_WORDS[kind, number == 1], language).format(number=number)}" for kind, number in counted
    )


_SEVERAL_WORDS = {
    (Severity.ERROR, True): "1 error",
    (Severity.ERROR, False): "{number} errors",
    (Severity.WARNING, True): "1 warning",
    (Severity.WARNING, False): "{number} warnings",
    (Severity.INFO, True): "1 note",
    (Severity.INFO, False): "{number} notes",
}


def _fault_lines(fault: Fault, file: str, *, language: Language) -> list[str]:
    place = f"{file}:{fault.line}" if fault.line else file
    weight = "" if fault.severity is Severity.ERROR else f" ({tell(_SEVERITY_WORDS[fault.severity], language)})"
    message = tell(fault.message, language)
    lines = [f"{place}: {fault.rule}{weight} {message}"]
    if fault.path:
        lines.append(f"    {tell(say('at {path}', path=fault.path), language)}")
    if fault.value and fault.value not in message:
        lines.append(f"    {tell(say('value: {value}', value=' '.join(fault.value.split())), language)}")
    if fault.mend:
        lines.append(f"    {tell(say('mend: {mend}', mend=as_phrase(fault.mend)), language)}")
    return lines


def _change_lines(changes: Changes, file: str, *, language: Language) -> list[str]:
    lines = [f"{file}:{each.line}: {tell(_mended(each), language)}" for each in changes.mended]
    lines += [f"{file}:{each.line}: {tell(_lost(each), language)}" for each in changes.lost]
    return lines + [f"{file}: {tell(_filled(each), language)}" for each in changes.filled]


def _mended(change: Mended) -> Phrase:
    if change.what is Mend.PLACE:
        return say(
            "moved: {path}, from {before} to {after}: {reason}",
            path=change.path,
            before=change.before,
            after=change.after,
            reason=change.reason,
        )
    return say(
        "mended: {path}: “{before}” is now “{after}”: {reason}",
        path=change.path,
        before=_short(change.before),
        after=_short(change.after),
        reason=change.reason,
    )


def _lost(change: Lost) -> Phrase:
    return say("lost: {path}: “{value}”: {reason}", path=change.path, value=_short(change.value), reason=change.reason)


def _filled(change: Filled) -> Phrase:
    return say(
        "filled in: {path}: “{value}”, from {source}",
        path=change.path,
        value=_short(change.value),
        source=change.source,
    )


def _short(value: str) -> str:
    """A value as it may be shown: masked, on one line, not too long."""
    line = mask_persons(" ".join(value.split()))
    return line if len(line) <= _LONGEST_VALUE else line[: _LONGEST_VALUE - 1] + "…"


def _printable(file: str) -> str:
    return file if file.isprintable() else repr(file)[1:-1]


def _as_json(report: Report, wanted: Wanted) -> str:
    import json

    body: dict[str, object] = {
        "file": _text(report.file),
        "valid": report.valid,
        "dialect": report.dialect,
        "profile": report.profile,
        "shielding": report.shielding,
        "recipients": _recipients_json(report),
        "acceptedIfLenient": report.lenient,
        "faults": [_fault_json(fault, wanted.language) for fault in report.faults],
    }
    if wanted.fix:

        def told(text: str) -> str:
            return tell(text, wanted.language)

        body |= {"written": _text(report.written) if report.written else None, **changes_json(report.changes, told)}
    return json.dumps(body, ensure_ascii=False) + "\n"


def _text(name: str) -> str:
    """A file's name, which need not be text, as text."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _recipients_json(report: Report) -> list[dict[str, object]] | None:
    if report.recipients is None:
        return None
    return [
        {"korrespondansepart": each.part, "type": each.type, "name": each.name, "identifier": each.identifier}
        for each in report.recipients
    ]


def _fault_json(fault: Fault, language: Language) -> dict[str, object]:
    return {
        "rule": fault.rule,
        "class": fault.fault_class.value if fault.fault_class else None,
        "severity": fault.severity.value,
        "line": fault.line,
        "column": fault.column,
        "path": fault.path,
        "message": tell(fault.message, language),
        "mend": tell(fault.mend, language),
        "value": fault.value,
    }
