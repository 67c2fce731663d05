"""The real documents of the corpus: what becomes of each, strictly, leniently and converted, through the door."""

import json
from pathlib import Path

import pytest

from tests.api.drafts import form, json_part
from tests.live import Gateway
from tests.secrets import PDF

CORPUS = sorted((Path(__file__).resolve().parents[3] / "shared" / "data" / "corpus").glob("*.xml"))
FILL = {
    "administrativEnhet": "Plan og miljø",
    "saksansvarlig": "Saksbehandler",
    "saksstatus": "Under behandling",
    "journalposttype": "Utgående dokument",
    "journalstatus": "Ekspedert",
    "dokumentstatus": "Dokumentet er ferdigstilt",
    "tilknyttetDato": "2026-11-20T10:15:00+01:00",
}
RECIPIENT = {"recipient": "0192:311000020", "name": "Fjordvik tilsyn", "role": "Mottaker"}
# Strict, lenient, converted: taken (1) or not (0); and why it cannot be delivered ("" where it can).
INTERNAL = "INTERNAL_DOCUMENT"
WANTED = {
    "docs-03-arkivmelding": ("000", "AM-001"),
    "ip-02-arkivmelding_error": ("010", ""),
    "ip-06-arkivmelding": ("111", ""),
    "ip-14-arkivmelding_ok": ("001", ""),
    "ip-19-arkivmelding_ok": ("001", ""),
    "ksmove-01-Lagre_i_eksisterende_mappe": ("000", "XSD"),
    "ksmove-03-overf_re_sak_og_jp": ("001", ""),
    "ksmove-05-Lagre_som_ny_mappe_med_ny_jp_minimum": ("001", ""),
    "nav-19-arkivmelding": ("011", ""),
    "nav-21-arkivMeldingRequest": ("010", ""),
    **{f"fiksarkiv-{number:02}-arkivmelding": ("000", "NOT_CONVERTED") for number in (4, 8, 12, 16, 20, 24)},
    **{f"fiksarkiv-{number:02}-arkivmelding": ("001", INTERNAL) for number in (6, 10, 14, 18, 22)},
    **{path.stem: ("001", "") for path in CORPUS if path.stem.startswith("nav-") and path.stem[4:6] < "19"},
}
CONFIRMED = ("NAME_MISMATCH", "NOT_IN_ARKIVMELDING", "PERSON_NUMBER_VISIBLE")

pytestmark = pytest.mark.skipif(not CORPUS, reason="the corpus is not on this machine")


def post(gateway: Gateway, path: Path, **options: object) -> dict:  # type: ignore[type-arg]
    """The answer to one document, never a 5xx."""
    answer = form(gateway, path.read_bytes(), options=json_part(json.dumps(options)))
    assert answer.status_code in (201, 422), answer.text
    return answer.json()  # type: ignore[no-any-return]


def made_ready(gateway: Gateway, body: dict) -> dict:  # type: ignore[type-arg]
    """The draft after all that a person would do: name a recipient, say yes, upload, leave out whom no channel reaches."""
    address = f"/out/messages/{body['conversationId']}"

    def edit(**changes: object) -> None:
        answer = gateway.call("PUT", address, json=changes)
        assert answer.status_code == 200, answer.text

    if not any(each["recipient"] == RECIPIENT["recipient"] for each in body["prototypes"]):
        edit(prototypes=[RECIPIENT])
    for name in {each["filename"] for each in body["documents"]}:
        gateway.upload(body["conversationId"], name, PDF)
    body = gateway.call("GET", address).json()
    if any(each["code"] == "NOT_OUTGOING" for each in body["problems"]):
        edit(confirm=["NOT_OUTGOING"])
    for each in body["prototypes"]:
        asked = [problem["code"] for problem in each["problems"] if problem["severity"] == "confirm"]
        if each["recipient"] == RECIPIENT["recipient"] and asked:
            assert set(asked) <= set(CONFIRMED)
            edit(prototypes=[{"messageId": each["messageId"], "confirm": asked}])
    edit(select="ready")
    return gateway.call("GET", address).json()  # type: ignore[no-any-return]


def reason(body: dict) -> tuple[str, str]:  # type: ignore[type-arg]
    """The code and the sentence of the first thing that stands in the way."""
    for each in body.get("errors", []):
        if each["severity"] == "error":
            return each["rule"], each["message"]
    for each in body.get("problems", []):
        if each["severity"] == "block":
            return each["code"], each["message"]
    return "", ""


def test_what_becomes_of_every_real_document(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    """Every verdict is as it was; what is taken becomes ready with a recipient given, or says in one sentence why not."""
    rows, found = [], {}
    for path in CORPUS:
        answers = [post(gateway, path), post(gateway, path, handling="lenient")]
        answers.append(post(gateway, path, handling="lenient", convert=True, fill=FILL))
        taken = ["conversationId" in each for each in answers]
        best = next((each for each, was in zip(reversed(answers), reversed(taken), strict=True) if was), None)
        final = made_ready(gateway, best) if best else answers[-1]
        code, sentence = ("", "ready") if final.get("ready") else reason(final)
        found[path.stem] = ("".join(str(int(each)) for each in taken), code)
        dialect = best["arkivmelding"]["dialect"] if best else "–"
        verdicts = " | ".join("taken" if each else "refused" for each in taken)
        rows.append(f"| {path.stem} | {dialect} | {verdicts} | {code} {sentence} |")
    with capsys.disabled():
        print("\n| file | dialect | strict | lenient | converted | in the end |", *rows, sep="\n")
    assert set(found) == set(WANTED)
    assert {name: got for name, got in found.items() if got != WANTED[name]} == {}
