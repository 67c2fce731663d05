"""File names: which are safe, which are reserved, and which two are the same."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.arkivmelding.filenames import folded, is_reserved, normal, unsafe_reason

SMALL_AA = "å"


@pytest.mark.parametrize(
    "name",
    [
        "vedtak.pdf",
        "Søknad om støtte – vedlegg 2 (signert).pdf",
        ".skjult",
        "uten endelse",
        "a.b.c..d.pdf",
        "日本語.pdf",
        "x" * 255,
        "å" * 127,
        "mimetype.txt",
    ],
)
def test_ordinary_names_are_safe(name: str) -> None:
    """Norwegian letters, blanks inside, several dots, and names of the full length."""
    assert unsafe_reason(name) == ""
    assert not is_reserved(name)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param("a/b.pdf", id="slash"),
        pytest.param("a\\b.pdf", id="backslash"),
        pytest.param("C:vedtak.pdf", id="colon"),
        pytest.param("..", id="parent"),
        pytest.param(".", id="here"),
        pytest.param("..skjult", id="begins-with-two-dots"),
        pytest.param("../vedtak.pdf", id="climbs"),
        pytest.param("vedtak.pdf.", id="dot-behind"),
        pytest.param("vedtak.pdf ", id="blank-behind"),
        pytest.param(" vedtak.pdf", id="blank-before"),
        pytest.param("ved\ntak.pdf", id="line-break"),
        pytest.param("ved\ttak.pdf", id="tabulator"),
        pytest.param("vedtak\x00.pdf", id="nul"),
        pytest.param("vedtak\x7f.pdf", id="delete"),
        pytest.param("vedtak\u202efdp.exe", id="turned-around"),
        pytest.param("vedtak\u200b.pdf", id="zero-width"),
        pytest.param("vedtak\u00ad.pdf", id="soft-hyphen"),
        pytest.param("vedtak\u2028.pdf", id="line-separator"),
        pytest.param("vedtak\u2029.pdf", id="paragraph-separator"),
        pytest.param("vedtak\ue000.pdf", id="private-use"),
        pytest.param("vedtak\ud800.pdf", id="half-a-character"),
        pytest.param("x" * 256, id="too-long"),
        pytest.param("å" * 128, id="too-long-in-bytes"),
    ],
)
def test_dangerous_names_are_refused_with_a_reason(name: str) -> None:
    """Each for what it would do at the receiver."""
    assert unsafe_reason(name)


@pytest.mark.parametrize(
    "name",
    [
        "arkivmelding.xml",
        "Arkivmelding.XML",
        "manifest.xml",
        "MANIFEST.xml",
        "mimetype",
        "META-INF",
        "META-INF/manifest.xml",
        "meta-inf/signatures.xml",
    ],
)
def test_names_that_the_package_needs_are_reserved(name: str) -> None:
    """In upper and lower case."""
    assert is_reserved(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Vedtak.PDF", "vedtak.pdf"),
        ("SØKNAD.pdf", "søknad.pdf"),
        (unicodedata.normalize("NFD", "på.pdf"), unicodedata.normalize("NFC", "PÅ.pdf")),
        ("Straße.pdf", "STRASSE.pdf"),
    ],
)
def test_twins_fold_to_the_same(one: str, other: str) -> None:
    """Case and the way a letter is composed do not make two names."""
    assert folded(one) == folded(other)


def test_different_names_stay_different() -> None:
    """Nothing else is taken for the same."""
    assert len({folded(name) for name in ("vedtak.pdf", "vedtak1.pdf", "vedtak .pdf", "vedtåk.pdf", "vedtak.pd")}) == 5


@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_forms_are_settled(name: str) -> None:
    """Bringing a name into its form twice changes nothing more, and no form makes an unsafe name safe."""
    assert normal(normal(name)) == normal(name)
    assert folded(normal(name)) == folded(name)
    assert bool(unsafe_reason(normal(name))) == bool(unsafe_reason(name))


@given(st.text(max_size=300))
def test_every_text_gets_an_answer(name: str) -> None:
    """Whatever a name is made of, the answer is a reason or none; a safe one can be written in UTF-8."""
    if not unsafe_reason(name):
        assert 0 < len(normal(name).encode()) <= 255
        assert not set("/\\:") & set(name)
