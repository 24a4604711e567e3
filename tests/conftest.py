from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of published instances and real data beside the checkout."""
    folder = Path(os.environ.get("LUXING_SHARED", Path(__file__).parents[2] / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no published data at {folder}: set LUXING_SHARED to read it")
    return folder
