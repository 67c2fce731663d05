"""Reports as SARIF 2.1.0, which editors and code review read: one log for the whole run.

In come reports, out come one result a line; head and foot make a log of them. Source: OASIS SARIF 2.1.0.
"""

import json
from urllib.parse import quote

from gateway import __version__
from gateway.arkivmelding.rules import RULES
from gateway.cli.checking import Report
from gateway.errors import Fault, Severity
from gateway.language import Language, tell

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def head(language: Language) -> str:
    """The beginning of the log, with the table of rules."""
    rules = [
        {
            "id": each.code,
            "shortDescription": {"text": tell(each.sentence, language)},
            "help": {"text": tell(each.mend, language)},
            "defaultConfiguration": {"level": _LEVELS[each.severity]},
            "properties": {"class": each.fault_class.value},
        }
        for each in RULES
    ]
    driver = {"name": "gateway validate", "version": __version__, "language": language.value, "rules": rules}
    return (
        '{"version": "2.1.0", "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "runs": [{"tool": {"driver": '
        f'{json.dumps(driver, ensure_ascii=False)}}}, "columnKind": "unicodeCodePoints", "results": [\n'
    )


def foot() -> str:
    """The end of the log."""
    return "\n]}]}\n"


def results(report: Report, language: Language) -> list[str]:
    """One line of JSON for each fault of a file."""
    return [json.dumps(_result(report.file, fault, language=language), ensure_ascii=False) for fault in report.faults]


def _result(file: str, fault: Fault, *, language: Language) -> dict[str, object]:
    place: dict[str, object] = {"physicalLocation": _physical(file, fault)}
    if fault.path:
        place["logicalLocations"] = [{"fullyQualifiedName": fault.path, "kind": "element"}]
    message, mend = tell(fault.message, language), tell(fault.mend, language)
    body: dict[str, object] = {
        "ruleId": fault.rule,
        "level": _LEVELS[fault.severity],
        "message": {"text": f"{message}. {mend}" if mend else message},
        "locations": [place],
    }
    if fault.fault_class:
        body["properties"] = {"class": fault.fault_class.value}
    return body


def _physical(file: str, fault: Fault) -> dict[str, object]:
    name = file.encode("utf-8", "surrogateescape")
    physical: dict[str, object] = {"artifactLocation": {"uri": quote(name)}}
    if fault.line:
        region = {"startLine": fault.line} | ({"startColumn": fault.column} if fault.column else {})
        physical["region"] = region
    return physical
