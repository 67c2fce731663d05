"""In which language this request is answered: the one that its Accept-Language asks for, English where it asks for none.

In come texts of the other rooms, out go the same as the reader wants them. Called by problems and views, which tell
everything that is said in words; codes, numbers and what the caller wrote itself stay as they are.
"""

from flask import Flask, Response, g, request

from gateway.language import Language, choose_language, tell

# What is written in English alone: the description of the API for programs, and what tells a monitor that all is well.
_ENGLISH_ALONE = ("api-docs.", "manage.")
_TOLD_IN = frozenset({"application/json", "application/problem+json"})


def speak(app: Flask) -> None:
    """Let every answer that may hold words say in which language they are, and that it was asked for."""

    @app.after_request
    def name_language(response: Response) -> Response:
        if response.mimetype in _TOLD_IN and not (request.endpoint or "").startswith(_ENGLISH_ALONE):
            # An answer that was kept for its Idempotency-Key stays in the language of the first.
            response.headers.setdefault("Content-Language", spoken().value)
            response.vary.add("Accept-Language")
        return response


def spoken() -> Language:
    """The language of the answer to this request."""
    language: Language | None = g.get("language")
    if language is None:
        language = g.language = choose_language(tag for tag, quality in request.accept_languages if quality > 0)
    return language


def told(text: str) -> str:
    """A text of ours as the caller of this request reads it."""
    return tell(text, spoken())
