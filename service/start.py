"""The console script. It loads little itself, so that Ctrl-C is answered while the commands are being loaded."""

from __future__ import annotations

import gc
import sys

from service.stopping import STOPPED, STOPPED_TEXT


def main() -> None:
    """Load the commands, and run the one that is asked for."""
    try:
        gc.disable()  # a tenth of the loading, and nothing of what is loaded is garbage
        from service.cli import main as run

        gc.freeze()  # nor does it become any: to look through it again took a fifth of a short command
        gc.enable()
        run()
    except KeyboardInterrupt:
        sys.stderr.write(f"{STOPPED_TEXT}\n")
        sys.exit(STOPPED)
