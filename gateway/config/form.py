"""The form of the settings file: which sections and keys there are, what fits, and where a fault stands.

In come the TOML document and the environment, out come loaded sections and faults with their lines. Called by
`config.reading`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from gateway.api.foreign import recognise
from gateway.language import as_phrase, listed, say
from gateway.message.identifiers import parse_identifier
from gateway.message.processes import Channel
from gateway.storage.bucket import SCHEME, is_safe_endpoint, read_bucket_address

ENVIRONMENT = "GATEWAY_"

# What marshmallow has loaded and checked; `Any` stays inside this room.
Section = dict[str, Any]

# The names of the variables that set something, by section and key.
Variables = Mapping[tuple[str, str], str]

# Marshmallow's sentences that the door does not meet, as they are found in the catalogue.
FOREIGN_WORDS = (
    "Not a valid date.",
    "Not a valid number.",
    "Not a valid URL.",
    "Special numeric values (nan or infinity) are not permitted.",
)


class _Strict(Schema):
    class Meta:
        unknown = RAISE


class _Identifier(fields.String):
    """An organisation, in any of its spellings, as `0192:…`."""

    def _deserialize(self, value: object, attr: str | None, data: object, **more: object) -> str:
        text = super()._deserialize(value, attr, data, **more)
        try:
            return str(parse_identifier(text))
        except ValueError as fault:
            raise ValidationError(fault.args[0]) from fault


class _Server(_Strict):
    host = fields.String()
    port = fields.Integer(validate=validate.Range(0, 65535))
    threads = fields.Integer(validate=validate.Range(1, 512))
    hosts = fields.List(fields.String())


class _Keys(_Strict):
    keystore = fields.String()
    password = fields.String()
    password_file = fields.String()
    roots = fields.String()


class _Storage(_Strict):
    database = fields.String()
    documents = fields.String()
    endpoint = fields.Url(schemes={"http", "https"}, require_tld=False)
    region = fields.String()
    access_key_id = fields.String()
    secret_access_key = fields.String()
    allow_http = fields.Boolean()
    sealing_keys = fields.String()
    retention_days = fields.Float(validate=validate.Range(0))

    @validates_schema(skip_on_field_errors=False)
    def _check_bucket(self, section: Section, **_: object) -> None:
        """A bucket is named as one, and what goes to it is encrypted on the wire unless somebody says otherwise."""
        documents, endpoint = section.get("documents", ""), section.get("endpoint")
        faults: dict[str, list[str]] = {}
        try:
            if documents.startswith(SCHEME):
                read_bucket_address(documents)
        except ValueError:
            faults["documents"] = [say("a bucket is named as s3://bucket/prefix")]
        if endpoint and not section.get("allow_http") and not is_safe_endpoint(endpoint):
            faults["endpoint"] = [say("it is not https; set allow_http where the network is trusted")]
        if faults:
            raise ValidationError(faults)


class _Maskinporten(_Strict):
    token_url = fields.Url(schemes={"http", "https"}, require_tld=False, required=True)
    audience = fields.String(required=True)
    client_id = fields.String(required=True)


class _Registry(_Strict):
    url = fields.Url(schemes={"http", "https"}, require_tld=False, required=True)
    jwk_url = fields.Url(schemes={"http", "https"}, require_tld=False)
    signed = fields.Boolean()
    scope = fields.String()
    cache_seconds = fields.Float(validate=validate.Range(0))
    negative_seconds = fields.Float(validate=validate.Range(0))


class _Dpo(_Strict):
    url = fields.Url(schemes={"http", "https"}, require_tld=False, required=True)
    token_exchange_url = fields.Url(schemes={"http", "https"}, require_tld=False, required=True)
    resource = fields.String()
    message_channel = fields.String(validate=validate.Regexp(r"^[a-zA-Z0-9_-]{1,25}$"))
    system_users = fields.Dict(keys=_Identifier(), values=fields.String(), required=True)
    maximum_message = fields.Integer(validate=validate.Range(1))
    poll_seconds = fields.Float(validate=validate.Range(0.1))


class _Routing(_Strict):
    enabled = fields.List(fields.Enum(Channel, by_value=True))
    confidential_resource = fields.String()
    confidential_dpf = fields.Boolean()


class _Process(_Strict):
    process = fields.String(required=True)
    klasse = fields.String(load_default="")
    arkivdel = fields.String(load_default="")


class _Intake(_Strict):
    maximum_upload = fields.Integer(validate=validate.Range(1))
    draft_days = fields.Float(validate=validate.Range(0.01))
    confidential_draft_hours = fields.Float(validate=validate.Range(0.01))
    message_hours = fields.Float(validate=validate.Range(0.01))
    processes = fields.List(fields.Nested(_Process))
    hide_korrespondanseparter = fields.Boolean()
    hide_merknader = fields.Boolean()
    hide_saksparter = fields.Boolean()


class _Inbox(_Strict):
    lock_seconds = fields.Float(validate=validate.Range(1, 86400))
    longest_lock_seconds = fields.Float(validate=validate.Range(1, 86400))


class _Delivery(_Strict):
    parallel = fields.Integer(validate=validate.Range(1, 128))
    lease_seconds = fields.Float(validate=validate.Range(1))
    first_pause_seconds = fields.Float(validate=validate.Range(0.01))
    longest_pause_seconds = fields.Float(validate=validate.Range(1))
    hold_seconds = fields.Float(validate=validate.Range(0))


class _Webhooks(_Strict):
    allow_hosts = fields.List(fields.String())
    timeout_seconds = fields.Float(validate=validate.Range(0.1, 60))
    give_up_hours = fields.Float(validate=validate.Range(0.01))
    parallel = fields.Integer(validate=validate.Range(1, 128))
    roots = fields.String()


class _Ground(_Strict):
    law = fields.String(required=True)
    section = fields.String(required=True)
    name = fields.String(required=True)
    since = fields.Date(required=True)
    source = fields.String(required=True)


class _Shielding(_Strict):
    allow_beskyttelsesgrad = fields.Boolean()
    secrecy = fields.List(fields.Nested(_Ground))
    no_secrecy = fields.List(fields.Nested(_Ground))


SECTIONS: Mapping[str, Schema] = {
    "server": _Server(),
    "keys": _Keys(),
    "storage": _Storage(),
    "maskinporten": _Maskinporten(),
    "registry": _Registry(),
    "dpo": _Dpo(),
    "routing": _Routing(),
    "intake": _Intake(),
    "inbox": _Inbox(),
    "delivery": _Delivery(),
    "webhooks": _Webhooks(),
    "shielding": _Shielding(),
}


@dataclass(frozen=True, slots=True)
class Source:
    """The text of the settings file, and the variables that were put over it, by section and key."""

    text: str
    variables: Variables

    def place_of(self, section: str, *, key: str = "") -> str:
        """The variable that has set a key, else its line in the file, as far as a search for it tells."""
        if variable := self.variables.get((section, key)):
            return variable
        inside = not section
        for number, line in enumerate(self.text.splitlines(), start=1):
            if match := re.match(r"\s*\[+\s*([\w.]+)", line):
                inside = match[1].split(".")[0] == section
                if inside and not key:
                    return say("line {number}, [{section}]", number=number, section=section)
            elif inside and key and re.match(rf"\s*{re.escape(key)}\s*=", line):
                if section:
                    return say("line {number}, [{section}] {key}", number=number, section=section, key=key)
                return say("line {number}, {key}", number=number, key=key)
        return f"[{section}] {key}".strip() if section else key


def overlay(document: dict[str, object], environ: Mapping[str, str]) -> Variables:
    """Put GATEWAY_SECTION_KEY over the file; what is no text is read as JSON, lists and tables too. Returns what was set."""
    used: dict[tuple[str, str], str] = {}
    for name, value in environ.items():
        section, _, key = name.removeprefix(ENVIRONMENT).lower().partition("_")
        if not name.startswith(ENVIRONMENT) or (section not in SECTIONS and section != "organisations"):
            continue
        if section == "organisations":
            document["organisations"] = [entry.strip() for entry in value.split(",")]
            used["", section] = name
        else:
            held = document.setdefault(section, {})
            if isinstance(held, dict):
                held[key] = _plain(SECTIONS[section].fields.get(key), value)
                used[section, key] = name
    return used


def _plain(field: fields.Field[Any] | None, value: str) -> object:
    """A password of digits is a text, whatever JSON would make of it."""
    if isinstance(field, fields.String):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def check(document: Mapping[str, object], source: Source) -> tuple[dict[str, Section], list[str]]:
    """Every section loaded, and every fault as `line 12, [server] port: …`."""
    sections: dict[str, Section] = {}
    faults: list[str] = []
    for name, section in document.items():
        if name == "organisations":
            continue
        schema = SECTIONS.get(name)
        if schema is None:
            there = say("there is no such section; there are {names}", names=", ".join(SECTIONS))
            faults.append(say("{place}: {fault}", place=source.place_of(name), fault=there))
            continue
        if not isinstance(section, Mapping):
            place = source.place_of(name) if isinstance(section, list) else source.place_of("", key=name)
            there = say("it must be a section [{name}]", name=name)
            faults.append(say("{place}: {fault}", place=place, fault=there))
            continue
        try:
            sections[name] = schema.load(section)
        except ValidationError as fault:
            faults += [
                say("{place}: {fault}", place=source.place_of(name, key=key), fault=_words(messages))
                for key, messages in _by_key(fault.messages)
            ]
    try:
        given = document.get("organisations", [])
        sections["organisations"] = {"list": fields.List(_Identifier()).deserialize(given)}
    except ValidationError as fault:
        place = source.place_of("", key="organisations")
        faults.append(say("{place}: {fault}", place=place, fault=_words(fault.messages)))
    return sections, faults


def _by_key(messages: object) -> list[tuple[str, object]]:
    return list(messages.items()) if isinstance(messages, Mapping) else [("", messages)]


def _words(messages: object) -> str:
    if isinstance(messages, Mapping):
        return listed((say("{key}: {fault}", key=key, fault=_words(value)) for key, value in messages.items()), "; ")
    if isinstance(messages, list):
        return listed((_words(each) for each in messages), "; ")
    return as_phrase(recognise(messages) if isinstance(messages, str) else str(messages))
