"""Photos by the thousand: which ones, who does the work, what is kept, and what a shop needs to see."""

from __future__ import annotations

from embroider_prep.batches.job import BatchResult
from embroider_prep.batches.run import batch

__all__ = ["BatchResult", "batch"]
