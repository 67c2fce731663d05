"""From a TOML file and the environment to the frozen settings records of the rooms.

In come the data folder and maybe a file, out come `Settings`, or a `SetupFault` with every fault at once. Called by `cli`.
"""

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from gateway.api.hosts import LOOPBACK_HOSTS
from gateway.arkivmelding.rendering import Hiding
from gateway.arkivmelding.shielding import DEFAULT_GROUNDS, Ground, Grounds
from gateway.config.form import ENVIRONMENT, SECTIONS, Section, Source, check, overlay
from gateway.config.records import DocumentSettings, KeySettings, ServerSettings, Settings
from gateway.delivery.inbox import InboxSettings
from gateway.delivery.retry import RetrySettings
from gateway.delivery.submission import IntakeSettings, ProcessRule
from gateway.delivery.webhooks.endpoints import WebhookSettings
from gateway.delivery.worker import WorkerSettings
from gateway.errors import SetupFault
from gateway.language import as_phrase, say
from gateway.maskinporten import MaskinportenSettings
from gateway.message.processes import SIZE_LIMITS, Channel
from gateway.registry.client import RegistrySettings
from gateway.registry.routing import RoutingSettings
from gateway.storage.bucket import SCHEME, BucketSettings, read_bucket_address
from gateway.transports.dpo import DpoSettings


def load(data: Path, file: Path | None = None, *, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read `file` (default: gateway.toml in `data`, if it is there) and the environment; `SetupFault` with every fault."""
    path = file or data / "gateway.toml"
    if file is not None and not _is_there(file):
        raise SetupFault(say("there is no settings file {path}", path=str(file)), mend="Check --config.")
    text = _read(path) if _is_there(path) else ""
    try:
        document: dict[str, object] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        message = say("{path} is not TOML: {reason}", path=str(path), reason=str(fault))
        raise SetupFault(message, mend="Mend the line that is named.") from fault
    source = Source(text, overlay(document, environ))
    sections, faults = check(document, source)
    faults += _take_password(path.parent, sections.get("keys", {}), source=source)
    if faults:
        raise _all_at_once(path, faults)
    return _build(data, path.parent, sections=sections)


def _all_at_once(path: Path, faults: Sequence[str]) -> SetupFault:
    only_variables = all(fault.startswith(ENVIRONMENT) for fault in faults)
    place = say("the environment") if only_variables else str(path)
    several = say("{path} has {count} faults", path=place, count=len(faults))
    return SetupFault(
        several if len(faults) > 1 else say("{path} has 1 fault", path=place),
        mend="The README's table of settings says what fits.",
        faults=tuple(faults),
    )


def _build(data: Path, base: Path, *, sections: Mapping[str, Section]) -> Settings:
    """Each section over the defaults of its room's record; paths are relative to the settings file."""
    given = {name: dict(sections.get(name, {})) for name in SECTIONS}
    dpo, keys = given["dpo"], given["keys"]
    sizes = {**SIZE_LIMITS, **({Channel.DPO: dpo.pop("maximum_message")} if "maximum_message" in dpo else {})}
    return Settings(
        data=data,
        organisations=tuple(sections["organisations"]["list"]),
        server=_server(given["server"]),
        keys=KeySettings(_path(base, keys.get("keystore")), keys.get("password"), _path(base, keys.get("roots"))),
        database=_database(base, given["storage"].get("database")) or str(data / "gateway.db"),
        documents=_documents(base, given["storage"]),
        maskinporten=MaskinportenSettings(**given["maskinporten"]) if given["maskinporten"] else None,
        registry=RegistrySettings(**given["registry"]) if given["registry"] else None,
        token_exchange_url=dpo.pop("token_exchange_url", ""),
        poll=timedelta(seconds=dpo.pop("poll_seconds", 15)),
        dpo=DpoSettings(spool=data / "spool", **dpo) if dpo else None,
        routing=_routing(given["routing"]),
        intake=replace(
            _intake(given["intake"]),
            hold=_span(given["delivery"], "hold_seconds", default=timedelta()),
            size_limits=sizes,
        ),
        inbox=_inbox(given["inbox"]),
        retry=_retry(given["delivery"]),
        worker=_worker(given["delivery"]),
        webhooks=_webhooks(base, given["webhooks"]),
        grounds=_grounds(given["shielding"]),
    )


def _server(section: Section) -> ServerSettings:
    hosts = (*LOOPBACK_HOSTS, *section.pop("hosts", ()))
    settings = ServerSettings(hosts=hosts, **section)
    return replace(settings, hosts=tuple(dict.fromkeys((*hosts, settings.host.lower()))))


def _database(base: Path, named: str | None) -> str:
    return named if named and "://" in named else str(_path(base, named) or "")


def _documents(base: Path, section: Section) -> DocumentSettings:
    defaults, named = DocumentSettings(), section.get("documents", "")
    place: Path | BucketSettings | None = _path(base, named)
    if named.startswith(SCHEME):
        own = {"endpoint", "region", "access_key_id", "secret_access_key", "allow_http"} & section.keys()
        place = BucketSettings(*read_bucket_address(named), **{name: section[name] for name in own})
    return DocumentSettings(
        place=place,
        sealing_keys=_path(base, section.get("sealing_keys")),
        retention=_span(section, "retention_days", default=defaults.retention),
    )


def _take_password(base: Path, section: Section, *, source: Source) -> list[str]:
    """Put what the password file holds in the place of the password; the fault where it cannot be read."""
    file = _path(base, section.pop("password_file", None))
    if file is None:
        return []
    try:
        section["password"] = _read(file).strip()
    except SetupFault as fault:
        place = source.place_of("keys", key="password_file")
        return [say("{place}: {fault}", place=place, fault=as_phrase(fault.message))]
    return []


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # who tries to read it is told why
        return True


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as fault:
        raise SetupFault(say("{path} is not UTF-8", path=str(path)), mend="Save it as UTF-8.") from fault
    except OSError as fault:
        message = say("{path} cannot be read: {reason}", path=str(path), reason=fault.strerror)
        raise SetupFault(message, mend="Let the user that runs the gateway read it.") from fault


def _routing(section: Section) -> RoutingSettings:
    if "enabled" in section:
        section["enabled"] = frozenset(section["enabled"])
    return RoutingSettings(**section)


def _intake(section: Section) -> IntakeSettings:
    defaults = IntakeSettings()
    hiding = Hiding(
        korrespondanseparter=section.get("hide_korrespondanseparter", True),
        merknader=section.get("hide_merknader", True),
        saksparter=section.get("hide_saksparter", True),
    )
    return IntakeSettings(
        maximum_upload=section.get("maximum_upload", defaults.maximum_upload),
        draft_lifetime=_span(section, "draft_days", default=defaults.draft_lifetime),
        confidential_draft_lifetime=_span(
            section, "confidential_draft_hours", default=defaults.confidential_draft_lifetime
        ),
        message_lifetime=_span(section, "message_hours", default=defaults.message_lifetime),
        processes=tuple(ProcessRule(**rule) for rule in section.get("processes", ())),
        hiding=hiding,
    )


def _inbox(section: Section) -> InboxSettings:
    defaults = InboxSettings()
    lock = _span(section, "lock_seconds", default=defaults.lock)
    return InboxSettings(lock, max(lock, _span(section, "longest_lock_seconds", default=defaults.longest_lock)))


def _retry(section: Section) -> RetrySettings:
    defaults = RetrySettings()
    return RetrySettings(
        first=_span(section, "first_pause_seconds", default=defaults.first),
        longest=_span(section, "longest_pause_seconds", default=defaults.longest),
    )


def _worker(section: Section) -> WorkerSettings:
    defaults = WorkerSettings()
    return WorkerSettings(
        lanes=replace(defaults.lanes, limit=section.get("parallel", defaults.lanes.limit)),
        lease=_span(section, "lease_seconds", default=defaults.lease),
    )


def _webhooks(base: Path, section: Section) -> WebhookSettings:
    defaults = WebhookSettings()
    return WebhookSettings(
        allow_hosts=tuple(section.get("allow_hosts", defaults.allow_hosts)),
        timeout=_span(section, "timeout_seconds", default=defaults.timeout),
        give_up=_span(section, "give_up_hours", default=defaults.give_up),
        parallel=section.get("parallel", defaults.parallel),
        roots=_path(base, section.get("roots")),
    )


def _grounds(section: Section) -> Grounds:
    return Grounds(
        secrecy=(*DEFAULT_GROUNDS.secrecy, *(Ground(**each) for each in section.get("secrecy", ()))),
        no_secrecy=(*DEFAULT_GROUNDS.no_secrecy, *(Ground(**each) for each in section.get("no_secrecy", ()))),
        allow_beskyttelsesgrad=section.get("allow_beskyttelsesgrad", False),
    )


def _span(section: Section, key: str, *, default: timedelta) -> timedelta:
    """A span of time; its unit is the last word of the key."""
    unit = key.rpartition("_")[2]
    return timedelta(**{unit: section[key]}) if key in section else default


def _path(base: Path, text: str | None) -> Path | None:
    return (base / text).resolve() if text else None
