"""What the tests of batches share."""

from __future__ import annotations

from batch_fixtures import batch, scheduler, weights

__all__ = ["batch", "scheduler", "weights"]
