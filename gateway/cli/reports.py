"""Reports in words and in JSON: what `gateway validate` prints.

In comes a `Report`, out comes text that ends with a newline. JSON is one object a line, with the members of
contract §8.
"""

from gateway.cli.checking import Report
from gateway.errors import Fault, Severity


def write(report: Report, form: str) -> str:
    """One report as text or json."""
    return _as_json(report) if form == "json" else _as_text(report)


def write_counts(valid: int, invalid: int, *, unreadable: int) -> str:
    """The closing line where there were several files."""
    parts = [f"{valid} valid", f"{invalid} invalid"] + ([f"{unreadable} could not be read"] if unreadable else [])
    return f"{valid + invalid + unreadable} files: {', '.join(parts)}\n"


def _as_text(report: Report) -> str:
    file = report.file if report.file.isprintable() else repr(report.file)[1:-1]
    lines = [f"{file}: {_verdict(report)}"]
    for fault in report.faults:
        lines += _fault_lines(fault, file)
    return "\n".join(lines) + "\n"


def _verdict(report: Report) -> str:
    if not report.readable:
        return "could not be read"
    facts = [report.dialect or ""]
    if report.profile:
        broken = any(fault.rule == "XSD" for fault in report.faults)
        facts.append(f"{'nearest profile' if broken else 'profile'} {report.profile}")
    if report.shielding:
        facts.append(report.shielding)
    if report.recipients is not None:
        facts.append(_count(len(report.recipients), "recipient"))
    word = "valid" if report.valid else "invalid"
    return f"{word} ({', '.join(filter(None, facts))})" + (_counts(report.faults) if report.faults else "")


def _counts(faults: tuple[Fault, ...]) -> str:
    kinds = [fault.severity for fault in faults]
    return "".join(f", {_count(kinds.count(kind), kind.value)}" for kind in Severity if kind in kinds)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _fault_lines(fault: Fault, file: str) -> list[str]:
    place = f"{file}:{fault.line}" if fault.line else file
    weight = "" if fault.severity is Severity.ERROR else f" ({fault.severity.value})"
    lines = [f"{place}: {fault.rule}{weight} {fault.message}"]
    if fault.path:
        lines.append(f"    at {fault.path}")
    if fault.value and fault.value not in fault.message:
        lines.append(f"    value: {' '.join(fault.value.split())}")
    if fault.mend:
        lines.append(f"    mend: {fault.mend}")
    return lines


def _as_json(report: Report) -> str:
    import json

    body = {
        "file": report.file.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
        "valid": report.valid,
        "dialect": report.dialect,
        "profile": report.profile,
        "shielding": report.shielding,
        "recipients": _recipients_json(report),
        "faults": [_fault_json(fault) for fault in report.faults],
    }
    return json.dumps(body, ensure_ascii=False) + "\n"


def _recipients_json(report: Report) -> list[dict[str, object]] | None:
    if report.recipients is None:
        return None
    return [
        {"korrespondansepart": each.part, "type": each.type, "name": each.name, "identifier": each.identifier}
        for each in report.recipients
    ]


def _fault_json(fault: Fault) -> dict[str, object]:
    return {
        "rule": fault.rule,
        "severity": fault.severity.value,
        "line": fault.line,
        "column": fault.column,
        "path": fault.path,
        "message": fault.message,
        "mend": fault.mend,
        "value": fault.value,
    }
