"""Kernels that run on all cores take turns."""

from __future__ import annotations

import threading
from typing import Final

TURN: Final = threading.Lock()
"""Held while a kernel runs on all cores: without GNU OpenMP or TBB numba's threads end the process when two threads of
ours call them at once, and with them two kernels at once are no faster than one after the other."""
