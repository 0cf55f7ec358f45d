"""Kernel matrices on the disk, that survive being killed."""

from fastntk.store.fill import StoreReport
from fastntk.store.gram_to_store import gram_to_store
from fastntk.store.open import StoredGram, open_store
from fastntk.store.verify import VerifyReport, verify_store

__all__ = [
    "StoreReport",
    "StoredGram",
    "VerifyReport",
    "gram_to_store",
    "open_store",
    "verify_store",
]
