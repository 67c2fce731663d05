"""Messages a second from commit to SENDT, on SQLite and PostgreSQL with 1, 2 and 4 workers; and one message, when idle.

Server, workers and sandbox are processes of their own. Prints rates, the sandbox's share of the CPU, and how long commit →
SENDT takes when nothing else is going on as a multiple of the bare upload of the same package. Aim of that: 3.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import requests  # noqa: E402  (the path comes first)

from tests.bench.processes import cpu_seconds, running  # noqa: E402
from tests.documents import DPO, Message, Part  # noqa: E402
from tests.postgresql import is_installed, running_server  # noqa: E402

MESSAGES = 200
SINGLE = 25
PDF = b"%PDF-1.7\n" + b"0" * 100_000


class Fagsystem:
    """Whoever posts and commits."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()

    def prepare(self) -> str:
        """A draft that could be committed."""
        xml = Message(parts=(Part("Fjordvik tilsyn", DPO),)).xml()
        body = self._call("POST", "/out/messages", data=xml, headers={"Content-Type": "application/xml"})
        for document in body["documents"]:
            self._call("PUT", f"/out/messages/{body['conversationId']}/documents/{document['filename']}", data=PDF)
        return str(body["conversationId"])

    def commit(self, conversation_id: str) -> None:
        """Let it go."""
        self._call("POST", f"/out/messages/{conversation_id}")

    def times(self, conversation_id: str) -> dict[str, float]:
        """When each status of the one message came, in seconds."""
        (message,) = self._call("GET", f"/statuses/{conversation_id}")["messages"]
        return {each["status"]: datetime.fromisoformat(each["at"]).timestamp() for each in message["statuses"]}

    def sent(self, conversation_id: str) -> dict[str, float]:
        """The same, once it is SENDT."""
        give_up = time.monotonic() + 120
        while "SENDT" not in (found := self.times(conversation_id)):
            if time.monotonic() > give_up:
                raise SystemExit(f"{conversation_id} was not sent: {found}")
            time.sleep(0.05)
        return found

    def _call(self, method: str, path: str, **more: object) -> dict:  # type: ignore[type-arg]
        answer = self.session.request(method, self.url + path, timeout=60, **more)  # type: ignore[arg-type]
        if not answer.ok:
            raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json()  # type: ignore[no-any-return]


@contextmanager
def served(folder: Path, database: str) -> Iterator[tuple[Fagsystem, int]]:
    """A server without a worker over a sandbox; who posts, and the sandbox's pid."""
    with running(folder, "sandbox", "--port", "0") as (sandbox, _):
        arguments = ("serve", "--port", "0", "--no-worker")
        with running(folder, *arguments, database=database) as (_, line):
            yield Fagsystem(line.removeprefix("listening on ")), sandbox.pid


def rate(folder: Path, database: str, *, workers: int) -> None:
    """Commit everything, then let the workers loose; print what they did in a second between the first and the last."""
    with served(folder, database) as (fagsystem, sandbox), ExitStack() as stack:
        drafts = [fagsystem.prepare() for _ in range(MESSAGES)]
        for draft in drafts:
            fagsystem.commit(draft)
        pids = [stack.enter_context(running(folder, "worker", database=database))[0].pid for _ in range(workers)]
        fagsystem.sent(drafts[0])
        before = [cpu_seconds(pid) for pid in (sandbox, *pids)]
        moments = sorted(fagsystem.sent(draft)["SENDT"] for draft in drafts)
        used = [after - begun for after, begun in zip(map(cpu_seconds, (sandbox, *pids)), before, strict=True)]
    span = moments[-1] - moments[0]
    share = used[0] / sum(used) if sum(used) else 0
    print(
        f"  {workers} worker{'s' if workers > 1 else ' '}: {(MESSAGES - 1) / span:6.1f} messages a second;"
        f" of the CPU that sandbox and workers used, the sandbox {share:.0%}",
        flush=True,
    )


def idle(folder: Path, database: str) -> None:
    """One message at a time, and the bare upload of a package of the same size in turn."""
    with served(folder, database) as (fagsystem, _), running(folder, "worker", database=database):
        fagsystem.commit(first := fagsystem.prepare())
        fagsystem.sent(first)
        upload = bare_upload(folder)
        upload()
        pairs = []
        for _ in range(SINGLE):
            fagsystem.commit(draft := fagsystem.prepare())
            times = fagsystem.sent(draft)
            begin = time.perf_counter()
            upload()
            pairs.append((times["SENDT"] - times["OPPRETTET"], time.perf_counter() - begin))
    ours, bare = (statistics.median(each) * 1000 for each in zip(*pairs, strict=True))
    print(
        f"  idle: commit to SENDT {ours:.0f} ms / bare upload {bare:.0f} ms: ratio {ours / bare:.1f} (aim 3)",
        flush=True,
    )


def bare_upload(folder: Path):  # type: ignore[no-untyped-def]
    """A call that begins a transfer and uploads bytes of a package's size to it, with a token that it holds already."""
    from dataclasses import replace
    from uuid import uuid4

    from gateway.app import assemble
    from gateway.config import load
    from gateway.transports.port import Consignment, Parcel

    settings = load(folder)
    (folder / "bare").mkdir(exist_ok=True)
    assembly = assemble(replace(settings, data=folder / "bare", database=str(folder / "bare" / "gateway.db")))
    content = b"0" * (len(PDF) + 12_000)

    def upload() -> None:
        parcel = Parcel(len(content), lambda: iter((content,)))
        consignment = Consignment(str(uuid4()), settings.organisations[0], DPO, parcel)
        assembly.dpo.send(consignment, reference=None, remember=lambda reference: None)

    return upload


def main() -> None:
    """SQLite, then PostgreSQL where it is installed."""
    kinds = ["SQLite", *(["PostgreSQL"] if is_installed() else [])]
    for kind in kinds:
        print(f"{kind}: {MESSAGES} messages of {len(PDF) // 1000} kB to one recipient")
        for workers in (1, 2, 4, 0):
            with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
                database = stack.enter_context(running_server(durable=True)) if kind == "PostgreSQL" else ""
                idle(Path(name), database) if workers == 0 else rate(Path(name), database, workers=workers)


if __name__ == "__main__":
    main()
