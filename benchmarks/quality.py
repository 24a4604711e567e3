"""The table of what the location models reach: benchmarks/QUALITY.md, written by `scripts/bench location`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("QUALITY.md")
_HEAD = (
    "| model | instance | published | value | bound | gap | status | seconds | peer | peer s | ratio | literature |\n"
)
_WORDS = """# What the location models reach

Written by `scripts/bench location`. Seconds are wall clock of one run after the kernels are compiled; the peer's are of
the same instance in the same run, to its own proof. Empty: no peer was run, or nobody published a value or time.
"""


@dataclass(frozen=True)
class Line:
    """One instance: what is published, what was found, and what others need."""

    model: str
    instance: str
    published: float | None
    value: float
    bound: float
    gap: float
    status: str
    seconds: float
    peer: str = ""
    peer_s: float | None = None
    literature: str = ""

    def text(self) -> str:
        ratio = f"{self.peer_s / max(self.seconds, 1e-9):.0f}" if self.peer_s else ""
        published = f"{self.published:,.12g}" if self.published is not None else ""
        peer_s = f"{self.peer_s:.2f}" if self.peer_s else ""
        return (
            f"| {self.model} | {self.instance} | {published} | {self.value:,.12g} | {self.bound:,.12g} | "
            f"{self.gap:.4%} | {self.status} | {self.seconds:.3f} | {self.peer} | {peer_s} | {ratio} | "
            f"{self.literature} |\n"
        )


def write(lines: Sequence[Line], machine: str) -> None:
    """The whole table anew."""
    rule = "|" + "---|" * (_HEAD.count("|") - 1) + "\n"
    TABLE.write_text(
        f"{_WORDS}\nMachine: {machine}.\n\n{_HEAD}{rule}{''.join(line.text() for line in lines)}", encoding="utf-8"
    )
