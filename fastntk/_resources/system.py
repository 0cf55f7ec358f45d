"""Processes of this machine, and its disks."""

from pathlib import Path

__all__ = ["file_system_of", "process_exists"]


def process_exists(number: int) -> bool:
    """Say whether a process of this machine has a number."""
    import psutil

    try:
        return bool(psutil.pid_exists(number))
    except OverflowError:  # larger than any
        return False


def file_system_of(folder: Path) -> str:
    """Return the name of the file system that a folder is in, such as "ext4", or "".

    Parameters
    ----------
    folder : Path
        Resolved: without symbolic links.
    """
    import psutil

    try:
        mounts = psutil.disk_partitions(all=True)
    except (OSError, RuntimeError, psutil.Error):
        return ""
    kind, longest = "", -1
    for mount in mounts:  # of several in one place the last one is seen
        place = mount.mountpoint
        if len(place) >= longest and folder.is_relative_to(place):
            kind, longest = mount.fstype, len(place)
    return kind
