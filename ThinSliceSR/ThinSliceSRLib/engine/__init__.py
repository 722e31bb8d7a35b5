"""The engine: thick-slice CT volumes in, synthetic thin-slice volumes out. It knows nothing of Slicer."""

from __future__ import annotations

ENGINE_VERSION = "0.1.0"
