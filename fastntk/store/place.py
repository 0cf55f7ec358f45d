"""The place of a store on the disk: made at once, or found, or removed."""

import os
import shutil
import tempfile
import time
from pathlib import Path

from fastntk._errors import StoreError
from fastntk.store.files import FileLayer, worded
from fastntk.store.formats.choose import Format, format_of
from fastntk.store.journal import Journal
from fastntk.store.manifest import Manifest, meta_folder, read_manifest

__all__ = ["Place"]

OLD = 3600.0  # seconds after which a folder of a store that was never made is removed


class Place:
    """A path, and what is there.

    Parameters
    ----------
    path : Path
        Of the store, ``.zarr`` or ``.npy``.
    files : FileLayer
        How files are written.
    """

    def __init__(self, path: Path, files: FileLayer | None = None) -> None:
        self.path = path
        self.files = FileLayer() if files is None else files
        self.meta = meta_folder(path)

    def manifest(self) -> Manifest | None:
        """Return the manifest of the store that is there; None if nothing is.

        Raises
        ------
        StoreError
            If something else is there.
        """
        file = self.meta / "manifest.json"
        if file.is_file():
            return read_manifest(file)
        if self.path.exists() or self.meta.exists():
            there = self.path if self.path.exists() else self.meta
            raise StoreError(
                f"{there}: something is there that fastntk.gram_to_store did not "
                "write; nothing was changed. Name another path, or move it away"
            )
        return None

    def remove(self) -> None:
        """Remove the store that is there, if any; nothing else is ever removed."""
        if self.manifest() is None:
            return
        try:
            # without its manifest a half-removed store can't be taken for a whole one
            shutil.rmtree(self.meta)
            if self.path.is_dir():
                shutil.rmtree(self.path)
            else:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            raise worded(error, self.path, "removing") from error

    def create(self, manifest: Manifest) -> Manifest:
        """Make a new store, at once; return its manifest.

        If another shard made it in the same moment, theirs is returned.
        """
        goal = self.path if manifest.kind == "zarr" else self.meta
        parent = goal.parent
        self._check_room(manifest, parent)
        begun = f".{goal.name}.new-"
        for left in parent.glob(f"{begun}*"):
            if time.time() - left.stat().st_mtime > OLD:
                shutil.rmtree(left, ignore_errors=True)
        folder: Path | None = None
        try:
            folder = Path(tempfile.mkdtemp(prefix=begun, dir=parent))
            folder.chmod(0o755)
            self._write_new(manifest, folder)
            self.files.rename(folder, goal)
            self.files.sync_path(parent)
        except OSError as error:
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
            if (self.meta / "manifest.json").is_file():
                return read_manifest(self.meta / "manifest.json")
            raise worded(error, self.path, "making the store") from error
        except BaseException:
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        return manifest

    def open(self, manifest: Manifest, label: str | None = None) -> Format:
        """Return the open store: to write the shard of a label, or to read."""
        store = format_of(self.path, manifest, self.files)
        try:
            store.open(label)
        except StoreError:
            raise
        except OSError as error:
            raise worded(error, self.path, "opening") from error
        return store

    def journal(self, shard: tuple[int, int]) -> Journal:
        """Return the journal of a shard, locked."""
        path = self.meta / f"journal-{shard[0]:04d}-of-{shard[1]:04d}"
        try:
            return Journal(path, self.files)
        except StoreError:
            raise
        except OSError as error:
            raise worded(error, path, "opening") from error

    def check_free(self, n_bytes: int) -> None:
        """Refuse to begin what can't fit the disk."""
        free = self.files.free_bytes(self.path.parent)
        if n_bytes > free:
            raise StoreError(
                f"{self.path}: the tiles left need {n_bytes:,} bytes; {free:,} are "
                "free on that disk. Make room, name another disk, or store half of a "
                "symmetric matrix with layout='lower'"
            )

    def _check_room(self, manifest: Manifest, parent: Path) -> None:
        """Refuse a folder that is not there, or too small a disk."""
        if not parent.is_dir():
            raise StoreError(f"{parent}: there is no such folder; make it first")
        if not os.access(parent, os.W_OK | os.X_OK):
            raise StoreError(
                f"{parent}: this folder can't be written to; name another one"
            )
        if manifest.kind == "npy":
            store = format_of(self.path, manifest, self.files)
            self.check_free(int(getattr(store, "n_bytes", 0)))

    def _write_new(self, manifest: Manifest, folder: Path) -> None:
        """Write all that a store has before its first tile."""
        format_of(self.path, manifest, self.files).create(folder)
        inner = folder
        if manifest.kind == "zarr":
            inner = folder / ".fastntk"
            inner.mkdir()
            (folder / "c").mkdir()
        text = manifest.to_json().encode()
        fd = self.files.open(inner / "manifest.json", os.O_WRONLY | os.O_CREAT)
        try:
            self.files.write(fd, text)
            self.files.sync(fd)
        finally:
            self.files.close(fd)
        for place in {inner, folder}:
            self.files.sync_path(place)
