"""A stored run that somebody, or another version, wrote differently."""

from __future__ import annotations

import json


def edit_info(folder, **changes):
    """Change keys of run.json and leave out its seal, which versions before it did not write."""
    path = folder / "run.json"
    info = {**json.loads(path.read_text("utf-8")), **changes}
    info.pop("seal", None)
    path.write_text(json.dumps(info), "utf-8")
