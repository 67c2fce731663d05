"""Of which class each kind of fault is: what decides who gets what, or what is secret, is never anything but unsafe."""

import pytest

from gateway.arkivmelding.reader import read
from gateway.errors import Fault, FaultClass
from tests.arkivmelding.documents_for_schema import SCHEMAS
from tests.arkivmelding.test_mending import changed
from tests.documents import GUID, Doc, Message, gradering, merknad, skjerming

UNSAFE, PROVENANCE, SPELLING = FaultClass.UNSAFE, FaultClass.PROVENANCE, FaultClass.SPELLING
SECRET = skjerming("offl. § 13")
SECRETIVE = Message(skjerming=SECRET)
REFERENCE = f"<referanseForelderMappe>{GUID.format(1)}</referanseForelderMappe>"
PART = "<korrespondanseparttype>Mottaker</korrespondanseparttype>"
NAME = "<korrespondansepartNavn>Fjordvik tilsyn</korrespondansepartNavn>"
FILE = "<referanseDokumentfil>vedtak.pdf</referanseDokumentfil>"
VARIANT = "<variantformat>Arkivformat</variantformat>"
TYPE = "<journalposttype>"


def faults_of(*changes: tuple[str, str], message: Message | None = None) -> tuple[Fault, ...]:
    """The faults of the XSD in a valid document with these changes."""
    return SCHEMAS.check(read(changed(*changes, message=message))).faults


def classes_of(*changes: tuple[str, str], message: Message | None = None) -> set[FaultClass | None]:
    """Their classes; there is at least one."""
    faults = faults_of(*changes, message=message)
    assert faults
    return {each.fault_class for each in faults}


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        ("<arkivertDato>2026-11-20T10:00:00+01:00</arkivertDato>\n      <arkivertAv>Arkivar</arkivertAv>", None),
        ("<saksansvarlig>Saksbehandler</saksansvarlig>", PROVENANCE),
        ("<saksdato>2026-11-20</saksdato>", PROVENANCE),
        (REFERENCE, PROVENANCE),
        ("<journaldato>2026-11-20</journaldato>", PROVENANCE),
        ("<tittel>Vedtak om støtte</tittel>", PROVENANCE),
        ("<meldingId>3b0a2a0e-76a4-4b5a-8d9c-1f2e3d4c5b6a</meldingId>", PROVENANCE),
        ("<tilknyttetRegistreringSom>Hoveddokument</tilknyttetRegistreringSom>", PROVENANCE),
        (PART, UNSAFE),
        (NAME, UNSAFE),
        (FILE, UNSAFE),
        (VARIANT, UNSAFE),
        ("<tilgangsrestriksjon>Unntatt offentlighet</tilgangsrestriksjon>", UNSAFE),
        ("<skjermingshjemmel>offl. § 13</skjermingshjemmel>", UNSAFE),
        ("<skjermingMetadata>tittel</skjermingMetadata>", UNSAFE),
    ],
)
def test_something_missing(gone: str, expected: FaultClass | None) -> None:
    """Facts for the archive, in one profile not even a fault; who, which file, which variant, and what is secret."""
    faults = faults_of((gone, ""), message=SECRETIVE)
    assert {each.fault_class for each in faults} == ({expected} if expected else set())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            (
                ("<saksdato>2026-11-20</saksdato>", ""),
                ("<tittel>Støtte", "<saksdato>2026-11-20</saksdato><tittel>Støtte"),
            ),
            SPELLING,
        ),
        (((f"{PART}\n        {NAME}", f"{NAME}{PART}"),), SPELLING),
        (((FILE, ""), ("<versjonsnummer>", f"{FILE}<versjonsnummer>")), SPELLING),
        (((f"{REFERENCE}{SECRET}", f"{SECRET}{REFERENCE}"),), UNSAFE),
        (((SECRET, ""), (TYPE, f"{SECRET}{TYPE}")), UNSAFE),
    ],
    ids=["fact", "part", "file", "beside-skjerming", "skjerming"],
)
def test_something_misplaced(changes: tuple[tuple[str, str], ...], expected: FaultClass) -> None:
    """In the wrong place among its brothers: certain what is meant, unless only a skjerming makes the place wrong."""
    assert classes_of(*changes, message=SECRETIVE) == {expected}


def test_order_in_a_shielding_is_unsafe() -> None:
    """Though nothing is missing."""
    ground, restriction = (
        "<skjermingshjemmel>offl. § 13</skjermingshjemmel>",
        "<tilgangsrestriksjon>Unntatt offentlighet</tilgangsrestriksjon>",
    )
    assert classes_of((restriction + ground, ground + restriction), message=SECRETIVE) == {UNSAFE}


@pytest.mark.parametrize(
    "twice",
    [
        "<saksansvarlig>Saksbehandler</saksansvarlig>",
        "<journaldato>2026-11-20</journaldato>",
        "<tittel>Vedtak om støtte</tittel>",
        NAME,
        FILE,
        SECRET,
    ],
)
def test_something_repeated(twice: str) -> None:
    """Nobody can know which of the two is meant."""
    assert classes_of((twice, twice * 2), message=SECRETIVE) == {UNSAFE}


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ("<referanseArkivdel>A</referanseArkivdel>", PROVENANCE),
        (f"<referanseKlasse>{GUID.format(7)}</referanseKlasse>", PROVENANCE),
        (f"<referanseArkivdel>A<korrespondansepart>{PART}{NAME}</korrespondansepart></referanseArkivdel>", UNSAFE),
        (f"<referanseArkivdel>{FILE}</referanseArkivdel>", UNSAFE),
        ("<referanseArkivdel><graderingsdato/><gradertAv/></referanseArkivdel>", UNSAFE),
    ],
)
def test_two_references_where_one_belongs(second: str, expected: FaultClass) -> None:
    """Where an entry belongs is a matter for the archive; what is hidden in the second one may not be."""
    assert classes_of((REFERENCE, f"{REFERENCE}{second}")) == {expected}


def test_folders_beside_entries_are_unsafe() -> None:
    """The root holds one or the other, and receivers read only one."""
    extra = f"<registrering><systemID>{GUID.format(9)}</systemID></registrering>"
    assert UNSAFE in classes_of(("</mappe>", f"</mappe>{extra}"))


@pytest.mark.parametrize(
    ("strange", "expected"),
    [
        ("<journalpoststatus2>x</journalpoststatus2>", PROVENANCE),
        ("<egetFelt>x</egetFelt>", PROVENANCE),
        ('<f:felt xmlns:f="urn:x"><f:del/></f:felt>', PROVENANCE),
        ("<saksaar>2026</saksaar>", PROVENANCE),
        ("<organisasjonsnummer>311000020</organisasjonsnummer>", PROVENANCE),
        (f"<kopi><korrespondansepart>{PART}{NAME}</korrespondansepart></kopi>", UNSAFE),
        (f"<kopi>{NAME}</kopi>", UNSAFE),
        (f"<fil>{FILE}</fil>", UNSAFE),
        ("<kopi><dokumentobjekt/></kopi>", UNSAFE),
        ('<f:kopi xmlns:f="urn:x"><f:mappe/></f:kopi>', UNSAFE),
        (f"<egetFelt>{SECRET}</egetFelt>", UNSAFE),
        ("<egetFelt><grad>B</grad></egetFelt>", UNSAFE),
        ("<skjermet>ja</skjermet>", UNSAFE),
    ],
)
def test_something_unknown(strange: str, expected: FaultClass) -> None:
    """No receiver reads it, which matters where it holds a part, a document, a file or something of secrecy."""
    assert classes_of((TYPE, f"{strange}{TYPE}")) == {expected}


def test_something_unknown_in_a_shielding_is_unsafe() -> None:
    """Whatever it says."""
    assert classes_of(("</skjerming>", "<egetFelt>x</egetFelt></skjerming>"), message=SECRETIVE) == {UNSAFE}


@pytest.mark.parametrize(
    ("name", "written", "expected"),
    [
        ("saksansvarlig", "Saksansvarlig", SPELLING),
        ("meldingId", "meldingsId", SPELLING),
        ("korrespondansepartNavn", "KorrespondansePartNavn", SPELLING),
        ("referanseDokumentfil", "referansedokumentfil", SPELLING),
        ("dokumentbeskrivelse", "Dokumentbeskrivelse", SPELLING),
        ("saksansvarlig", "saksansvarligg", PROVENANCE),
        ("administrativEnhet", "administrativeEnhet", PROVENANCE),
        ("korrespondansepartNavn", "korrespondansepartNamn", UNSAFE),
        ("variantformat", "variantformatet", UNSAFE),
        ("dokumentobjekt", "dokumentobjekter", UNSAFE),
        ("skjermingshjemmel", "Skjermingshjemmel", UNSAFE),
        ("skjermingMetadata", "skjermingMetadat", UNSAFE),
        ("skjerming", "Skjerming", UNSAFE),
    ],
)
def test_something_misspelt(name: str, written: str, expected: FaultClass) -> None:
    """Certain in other case, unless it speaks of secrecy; nearly right is a guess, harmless where nothing hangs on it."""
    found = [
        each
        for each in faults_of((f"<{name}>", f"<{written}>"), (f"</{name}>", f"</{written}>"), message=SECRETIVE)
        if "probably meant" in each.message
    ]
    assert {each.fault_class for each in found} == {expected}


@pytest.mark.parametrize(
    "message",
    [
        Message(documents=(Doc(skjerming=SECRET),)),
        Message(documents=(Doc(skjerming=gradering("Begrenset (sikkerhetsgrad)")),)),
    ],
)
def test_an_element_around_secrecy_by_another_name_is_unsafe(message: Message) -> None:
    """It is not mended, for where a shielding stands decides what it shields; so it cannot be passed over either."""
    assert classes_of(("dokumentbeskrivelse>", "Dokumentbeskrivelse>"), message=message) == {UNSAFE}


@pytest.mark.parametrize("name", ["saksansvarlig", "korrespondansepartNavn", "skjermingshjemmel"])
def test_a_wrong_namespace_is_unsafe(name: str) -> None:
    """Whatever stands in it, the receiver does not see it."""
    assert UNSAFE in classes_of((f"<{name}>", f'<{name} xmlns="urn:x">'), message=SECRETIVE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('xsi:type="saksmappe"', 'xsi:type="Saksmappe"'),
        ('xsi:type="saksmappe"', ""),
        ('xsi:type="journalpost"', 'xsi:type="journalposten"'),
        ('xsi:type="journalpost"', 'xsi:type="finnesIkke"'),
        ("<skjerming>", '<skjerming xsi:type="merknad">'),
        ("<saksansvarlig>", '<saksansvarlig xsi:type="finnesIkke">'),
    ],
)
def test_a_wrong_type_is_unsafe(old: str, new: str) -> None:
    """It says what the whole element is."""
    assert classes_of((old, new), message=SECRETIVE) == {UNSAFE}


@pytest.mark.parametrize(
    ("where", "message", "expected"),
    [
        (f"      {TYPE}", Message(), PROVENANCE),
        (f"      {TYPE}", SECRETIVE, UNSAFE),
        ("<tilgangsrestriksjon>", SECRETIVE, UNSAFE),
        ("<graderingsdato>", Message(gradering=gradering("x")), UNSAFE),
        ("    <saksdato>", SECRETIVE, PROVENANCE),
    ],
    ids=["entry", "beside-skjerming", "in-skjerming", "in-gradering", "around-the-entry"],
)
def test_loose_text(where: str, message: Message, expected: FaultClass) -> None:
    """Nobody's but where it may belong to a shielding: inside one, or beside it."""
    assert classes_of((where, f"se notat{where}"), message=message) == {expected}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (">Ekspedert<", ">ekspedert<", SPELLING),
        (">Ekspedert<", ">E<", SPELLING),
        (">Ekspedert<", ">F<", PROVENANCE),
        (">Ekspedert<", ">Sendt<", PROVENANCE),
        (">Ekspedert<", "><", PROVENANCE),
        (">Mottaker<", ">EM<", SPELLING),
        (">Mottaker<", ">Til<", UNSAFE),
        (">Mottaker<", "><", UNSAFE),
        (">Arkivformat<", ">arkivformat<", SPELLING),
        (">Arkivformat<", ">PDF/A<", UNSAFE),
        (
            "<skjermingMetadata>",
            "<skjermingMetadata/><skjermingDokument>H</skjermingDokument><skjermingMetadata>",
            UNSAFE,
        ),
        ("</skjerming>", "<skjermingDokument>skjerming av hele dokumentet</skjermingDokument></skjerming>", UNSAFE),
    ],
)
def test_a_label(old: str, new: str, expected: FaultClass) -> None:
    """Certain by its spelling or its letter; else a fact for the archive, or who gets what."""
    assert classes_of((old, new), message=SECRETIVE) >= {expected}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f" {GUID.format(1)}", SPELLING),
        (f"\u00a0{GUID.format(1)}\n", SPELLING),
        ("7", PROVENANCE),
        ("", PROVENANCE),
        (GUID.format(1)[:-1], PROVENANCE),
    ],
)
def test_a_guid(text: str, expected: FaultClass) -> None:
    """With blanks around it, it is one."""
    assert classes_of((REFERENCE, f"<referanseForelderMappe>{text}</referanseForelderMappe>")) == {expected}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("<journaldato>2026-11-20", "<journaldato>2026-11-20T10:15:00", SPELLING),
        ("<journaldato>2026-11-20", "<journaldato>20.11.2026", PROVENANCE),
        ("<journaldato>2026-11-20", "<journaldato>", PROVENANCE),
        ("<tidspunkt>2026-11-20T10:00:00+01:00", "<tidspunkt>2026-11-20", PROVENANCE),
        ("</skjerming>", "<skjermingOpphoererDato>2031-01-01T00:00:00</skjermingOpphoererDato></skjerming>", UNSAFE),
        ("</skjerming>", "<skjermingOpphoererDato>snart</skjermingOpphoererDato></skjerming>", UNSAFE),
        ("</skjerming>", "<skjermingsvarighet>lenge</skjermingsvarighet></skjerming>", UNSAFE),
    ],
)
def test_a_date(old: str, new: str, expected: FaultClass) -> None:
    """With a time of day it is that day, but for one that says how long something is shielded."""
    assert classes_of((old, new), message=SECRETIVE) == {expected}


@pytest.mark.parametrize(
    ("old", "new"), [("<antallFiler>1", "<antallFiler>en"), ("<dokumentnummer>1", "<dokumentnummer>1,0")]
)
def test_a_number(old: str, new: str) -> None:
    """A fact for the archive."""
    assert classes_of((old, new)) == {PROVENANCE}


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        ("<saksansvarlig", PROVENANCE),
        ("<korrespondansepart", PROVENANCE),
        ("<mappe", PROVENANCE),
        ("<skjerming", UNSAFE),
        ("<skjermingshjemmel", UNSAFE),
    ],
)
def test_an_attribute(old: str, expected: FaultClass) -> None:
    """Nobody reads it, but of a shielding it may say that it does not count."""
    text = changed(
        (f"{old}>", f'{old} merke="1">') if old != "<mappe" else ("<mappe ", '<mappe merke="1" '), message=SECRETIVE
    )
    assert {each.fault_class for each in SCHEMAS.check(read(text)).faults} == {expected}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("saksansvarlig", PROVENANCE),
        ("tilknyttetRegistreringSom", PROVENANCE),
        ("merknad", PROVENANCE),
        ("korrespondansepart", UNSAFE),
        ("korrespondansepartNavn", UNSAFE),
        ("dokumentobjekt", UNSAFE),
        ("referanseDokumentfil", UNSAFE),
        ("dokumentbeskrivelse", UNSAFE),
        ("skjerming", UNSAFE),
        ("tilgangsrestriksjon", UNSAFE),
    ],
)
def test_nil(name: str, expected: FaultClass) -> None:
    """It says that nothing is there, which matters for whoever decides who gets what."""
    message = SECRETIVE.having(merknad=merknad("Ring"))
    assert expected in classes_of((f"<{name}>", f'<{name} xsi:nil="true">'), message=message)
    assert (UNSAFE in classes_of((f"<{name}>", f'<{name} xsi:nil="true">'), message=message)) is (expected is UNSAFE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<saksansvarlig>Saksbehandler", "<saksansvarlig>Saksbehandler<b/>"),
        ("<tittel>Vedtak om støtte", "<tittel>Vedtak om støtte<skjerming/>"),
        ("<journaldato>2026-11-20", "<journaldato><dag>20</dag>"),
    ],
)
def test_elements_in_a_value_are_unsafe(old: str, new: str) -> None:
    """What they say may be anything."""
    assert UNSAFE in classes_of((old, new))


def test_another_root_is_unsafe() -> None:
    """Nothing in it can be known."""
    assert classes_of(("<arkivmelding ", "<arkiv "), ("</arkivmelding>", "</arkiv>")) == {UNSAFE}


def test_every_fault_has_a_class() -> None:
    """Of a document with many faults at once, too."""
    faults = faults_of(
        ("<saksdato>2026-11-20</saksdato>", ""),
        (">Ekspedert<", ">E<"),
        ("<skjerming>", '<skjerming merke="1">'),
        (TYPE, f"<egetFelt/>tekst{TYPE}"),
        message=SECRETIVE,
    )
    assert {each.fault_class for each in faults} == {UNSAFE, PROVENANCE, SPELLING}
