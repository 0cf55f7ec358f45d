"""Which tiles of a store can be believed when the work goes on."""

from concurrent.futures import ThreadPoolExecutor

from fastntk.store.checksum import checksum
from fastntk.store.formats.choose import Format
from fastntk.store.journal import Record
from fastntk.store.manifest import Manifest
from fastntk.tiling.plan import Tile

__all__ = ["is_sound", "sound_tiles"]

SMALL_BYTES = 1 << 30  # of tiles to look at: up to here all are read again


def sound_tiles(
    store: Format,
    manifest: Manifest,
    records: dict[int, Record],
    check: str,
    threads: int,
) -> set[int]:
    """Return the indices of the tiles that are there, and right.

    Parameters
    ----------
    store : Format
        Open.
    manifest : Manifest
        Of the store.
    records : dict of Record
        What the journals say.
    check : {"auto", "all", "recent"}
        Which tiles are read and compared with their checksums: all, or those that were
        not known to be on the disk. The sizes of all are looked at.
    threads : int
        Readers.
    """
    if not records:
        return set()
    total = sum(sum(record.sizes) for record in records.values())
    reads_all = check == "all" or (check == "auto" and total <= SMALL_BYTES)

    def is_good(tile: Tile) -> bool:
        record = records[tile.index]
        is_read = reads_all or not record.is_synced
        return is_sound(store, manifest, tile, record, is_read=is_read)

    known = [tile for tile in manifest.plan if tile.index in records]
    with ThreadPoolExecutor(threads, thread_name_prefix="fastntk-check") as executor:
        good = executor.map(is_good, known)
        return {
            tile.index for tile, is_right in zip(known, good, strict=True) if is_right
        }


def is_sound(
    store: Format, manifest: Manifest, tile: Tile, record: Record, *, is_read: bool
) -> bool:
    """Say whether a tile, and its mirror image, are as they were written.

    ``is_read``: compare the checksums too, not only the sizes.
    """
    has_image = manifest.has_mirrors and not tile.is_diagonal
    for k, is_mirrored in enumerate((False, True)[: 1 + has_image]):
        if store.size(tile, is_mirrored=is_mirrored) != record.sizes[k]:
            return False
        if not is_read:
            continue
        try:
            block = store.read(tile, is_mirrored=is_mirrored)
        except (OSError, ValueError, RuntimeError):
            return False
        if checksum(block) != record.checksums[k]:
            return False
    return True
