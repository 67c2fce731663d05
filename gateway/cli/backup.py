"""`gateway backup`: a copy of database, documents and sealing keys, while the gateway runs.

In come settings and a folder, out come the copy and what must be kept beside it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.places import Place, with_place
from gateway.cli.tongue import told
from gateway.errors import SetupFault
from gateway.language import say

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.storage.backup import Places, Taken


@click.command()
@click.argument("target", type=click.Path(path_type=Path, file_okay=False))
@click.option("--without-keys", is_flag=True, help="Leave the sealing keys out; no document opens without them.")
@with_place
def command(place: Place, target: Path, *, without_keys: bool) -> None:
    """Copy database, documents and keys, while the gateway runs.

    They go into the new folder TARGET. The copy is of one moment, and every document that it names is in it. It holds
    the sealing keys unless --without-keys: whoever has both can read every document. gateway.toml and the business
    certificate are not in it.

    For a SQLite database and a folder of documents; the README says what to do with PostgreSQL and S3.

    \b
    Exit code: 0 whole, 1 a document that a row names was not there, 2 it could not be made.

    \b
    Examples:
      gateway backup /backup/2026-03-02 --data /var/lib/gateway
      gateway backup /backup/2026-03-02 --data /var/lib/gateway --without-keys
    """
    from gateway import __version__
    from gateway.app import now
    from gateway.storage.backup import take

    places = _places(place.load(), without_keys=without_keys)
    note = {"made": now().isoformat(timespec="seconds"), "gateway": __version__}
    taken = take(target, places, note=note)
    _tell(taken, target)
    if taken.lost:
        raise SystemExit(1)


def _places(settings: "Settings", *, without_keys: bool) -> "Places":
    from gateway.keys import sealing_key_files
    from gateway.storage.backup import Places
    from gateway.storage.bucket import BucketSettings

    documents = settings.documents.place or settings.data / "documents"
    if "://" in settings.database or isinstance(documents, BucketSettings):
        raise SetupFault(
            say("this installation keeps its things in PostgreSQL or in a bucket, which have their own backups"),
            mend="First pg_dump --format=custom, then a copy of the bucket, and the folder of sealing keys; see “Backup” "
            "in the README.",
        )
    database = Path(settings.database)
    if not database.is_file():
        raise SetupFault(say("there is no database {path}", path=str(database)), mend="Check --data.")
    folder = settings.documents.sealing_keys or settings.data / "keys"
    keys = () if without_keys or not folder.is_dir() else sealing_key_files(folder)
    return Places(database, documents, keys)


def _tell(taken: "Taken", target: Path) -> None:
    held = say("{count} documents, {size} bytes in all", count=taken.documents, size=taken.size)
    click.echo(told(say("backup taken into {target}: {held}", target=str(target), held=held)))
    if taken.with_keys:
        words = say("the sealing keys are in it: guard it like the gateway itself")
    else:
        words = say("the sealing keys are NOT in it: no document opens without them, so keep a copy elsewhere")
    click.echo(told(words))
    for key in taken.lost:
        click.echo(told(say("lost: the bytes of document {key} are not in the document folder", key=key)), err=True)
