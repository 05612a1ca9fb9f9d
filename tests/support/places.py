"""Where things lie."""

from __future__ import annotations

from pathlib import Path

# The checkout that these tests belong to.
ROOT = Path(__file__).resolve().parents[2]
