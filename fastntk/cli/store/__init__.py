"""The command ``fastntk verify``: stores on the disk."""
