"""The answer to a preview: as JSON, and as a marshmallow schema for /docs.

In comes a `Preview`, out comes a plain dict; a test loads real answers with the schema. Called by `api.single`.
"""

from marshmallow import fields

from gateway.api.answers import ProblemAnswer, RegisteredAnswer
from gateway.api.members import Answer, moment_or_none, one_of
from gateway.api.times import moment
from gateway.api.tongue import told
from gateway.api.views import Json, problem_json, registered_json, route_members
from gateway.delivery.preview import Kind, Preview, SentFile


class SeesAnswer(Answer):
    """What the recipient's archive shows before anybody opens a file."""

    sender = fields.String()
    title = fields.String(allow_none=True)
    publicTitle = fields.String(allow_none=True)
    caseTitle = fields.String(allow_none=True)


class SentFileAnswer(Answer):
    """One file of the package; null what is not known before it is uploaded."""

    filename = fields.String()
    title = fields.String(allow_none=True)
    mimeType = fields.String(allow_none=True)
    size = fields.Integer(allow_none=True)
    sha256 = fields.String(allow_none=True)
    main = fields.Boolean()


class LostInSendingAnswer(Answer):
    """Something that this recipient does not get, and why."""

    what = one_of(Kind)
    place = fields.String(metadata={"description": "the file's name, or the path in the arkivmelding or the SBD"})
    line = fields.Integer(allow_none=True)
    reason = fields.String()


class PreviewAnswer(Answer):
    """One message as it would go now."""

    messageId = fields.String()
    conversationId = fields.String()
    recipient = fields.String(allow_none=True)
    registered = fields.Nested(RegisteredAnswer, allow_none=True)
    process = fields.String(allow_none=True)
    serviceIdentifier = fields.String(allow_none=True)
    documentType = fields.String(allow_none=True)
    securityLevel = fields.Integer(allow_none=True)
    confidential = fields.Boolean()
    expectedResponseDateTime = moment_or_none()
    sees = fields.Nested(SeesAnswer)
    files = fields.List(fields.Nested(SentFileAnswer), metadata={"description": "in sending order"})
    size = fields.Integer(allow_none=True)
    sizeLimit = fields.Integer(allow_none=True)
    lost = fields.List(fields.Nested(LostInSendingAnswer))
    ready = fields.Boolean()
    problems = fields.List(fields.Nested(ProblemAnswer))
    arkivmelding = fields.String(allow_none=True, metadata={"description": "the XML, with ?xml=true"})
    standardBusinessDocument = fields.Dict(allow_none=True)


def preview_json(preview: Preview, *, with_xml: bool) -> Json:
    """The preview as an answer."""
    choice, titles = preview.choice, preview.titles
    return {
        "messageId": choice.message_id,
        "conversationId": preview.conversation_id,
        "recipient": choice.recipient,
        "registered": registered_json(choice.registered),
        **route_members(choice.route),
        "confidential": choice.confidential,
        "expectedResponseDateTime": moment(choice.deadline),
        "sees": {
            "sender": preview.sender,
            "title": titles.title or None,
            "publicTitle": titles.public_title or None,
            "caseTitle": titles.case or None,
        },
        "files": [_file(each, main=number == 0) for number, each in enumerate(preview.files)],
        "size": preview.size,
        "sizeLimit": preview.size_limit,
        "lost": [
            {"what": each.kind.value, "place": each.place, "line": each.line or None, "reason": told(each.reason)}
            for each in preview.lost
        ],
        "ready": preview.ready,
        "problems": [problem_json(each) for each in preview.problems],
        "arkivmelding": preview.xml if with_xml else None,
        "standardBusinessDocument": preview.sbd,
    }


def _file(file: SentFile, *, main: bool) -> Json:
    return {
        "filename": file.filename,
        "title": file.title or None,
        "mimeType": file.mime,
        "size": file.size,
        "sha256": file.sha256.hex() if file.sha256 else None,
        "main": main,
    }
