"""Which class of the reference system stands for which of our codes: tables only.

Its clients compare these names letter by letter. Called by `errors`. Reference §7.
"""

from collections.abc import Mapping, Sequence

from gateway.message.places import Constraint


def own(name: str) -> str:
    """The full name of one of its own classes."""
    return f"no.difi.meldingsutveksling.exceptions.{name}"


NOT_READABLE = "org.springframework.http.converter.HttpMessageNotReadableException"
NOT_AUTHENTICATED = "org.springframework.security.authentication.BadCredentialsException"
ACCESS_DENIED = "org.springframework.security.access.AccessDeniedException"
MEDIA_TYPE = "org.springframework.web.HttpMediaTypeNotSupportedException"
CONSTRAINT_VIOLATION = "jakarta.validation.ConstraintViolationException"
RUNTIME = own("MeldingsUtvekslingRuntimeException")
RECEIVER_PROCESS = own("ReceiverDoesNotAcceptProcessException")

BY_STATUS: Mapping[int, str] = {
    400: "org.springframework.web.bind.ServletRequestBindingException",
    404: "org.springframework.web.servlet.resource.NoResourceFoundException",
    405: "org.springframework.web.HttpRequestMethodNotSupportedException",
    413: "org.springframework.web.multipart.MaxUploadSizeExceededException",
}

_NAMES: Mapping[str, tuple[int, str]] = {
    # out
    "MESSAGE_EXISTS": (400, "MessageAlreadyExistsException"),
    "NOT_REGISTERED": (400, "ReceiverDoesNotAcceptProcessException"),
    "NO_CHANNEL": (400, "ReceiverDoesNotAcceptProcessException"),
    "NO_SECURE_CHANNEL": (400, "ReceiverDoesNotAcceptProcessException"),
    "CHANNEL_NOT_ENABLED": (400, "ServiceNotEnabledException"),
    "MESSAGE_CHANNEL": (400, "MessageChannelInvalidException"),
    "MISSING_FILE": (400, "MissingFileException"),
    "MISSING_ARKIVMELDING": (400, "MissingArkivmeldingException"),
    "DOCUMENT_MISSING": (400, "MissingArkivmeldingFileException"),
    "MAIN_DOCUMENT_MISSING": (400, "MissingPrimaryDocumentException"),
    "OTHER_BYTES": (400, "DuplicateFilenameException"),
    "NAME_TAKEN": (400, "DuplicateFilenameException"),
    "DUPLICATE_FILENAME": (400, "DuplicateFilenameException"),
    "TOO_LARGE": (400, "MaxFileSizeExceededException"),
    "PART_TOO_LARGE": (400, "MultipartFileToLargeException"),
    "DEADLINE_PASSED": (400, "TimeToLiveException"),
    "DRAFT_EXPIRED": (400, "TimeToLiveException"),
    # in
    "NOT_LOCKED": (400, "MessageNotLockedException"),
    "ACKNOWLEDGED": (404, "MessageNotFoundException"),
    "NOT_HANDED_ON": (404, "MessageNotFoundException"),
    # the rest
    "IDENTIFIER_NOT_FOUND": (404, "IdentifierNotFoundException"),
    "CONVERSATION": (404, "ConversationNotFoundException"),
    "SUBSCRIPTION": (404, "SubscriptionNotFoundException"),
    "SUBSCRIPTION_EXISTS": (400, "SubscriptionWithSameNameAndPushEndpointAlreadyExists"),
}
_FRAMEWORK: Mapping[str, tuple[int, str]] = {
    "TYPE_MISMATCH": (400, "org.springframework.web.method.annotation.MethodArgumentTypeMismatchException"),
    "SORT": (400, "org.springframework.data.mapping.PropertyReferenceException"),
    "HEADER_MISSING": (400, "org.springframework.web.bind.MissingRequestHeaderException"),
    "PART_MISSING": (400, "org.springframework.web.multipart.support.MissingServletRequestPartException"),
}
BY_CODE: Mapping[str, tuple[int, str]] = {
    **{code: (status, own(name)) for code, (status, name) in _NAMES.items()},
    **_FRAMEWORK,
}

# What a message is not ready for, in the order in which the reference looks.
NOT_READY = "NOT_READY"
READINESS = ("MISSING_FILE", "MISSING_ARKIVMELDING", "DOCUMENT_MISSING", "MAIN_DOCUMENT_MISSING", "TOO_LARGE")

UNKNOWN_TYPE = own("UnknownMessageTypeException")
# Whose body has `errors`.
VALIDATIONS = frozenset({CONSTRAINT_VIOLATION, UNKNOWN_TYPE})


def class_of_sbd(broken: Sequence[Constraint]) -> str:
    """The class for an SBD with these faults."""
    if Constraint.MESSAGE_TYPE in broken:
        return UNKNOWN_TYPE
    if set(broken) == {Constraint.DOCUMENT_TYPE}:
        return own("MessageTypeDoesNotFitDocumentTypeException")
    return CONSTRAINT_VIOLATION
