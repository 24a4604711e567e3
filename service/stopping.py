"""How a command ends that Ctrl-C stops."""

from typing import Final

STOPPED: Final = 130
"""Its exit code."""
STOPPED_TEXT: Final = "stopped: files are written whole or not at all"
