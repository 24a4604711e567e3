"""The table of what the solvers reach: benchmarks/QUALITY.md, to which each benchmark of a solver writes its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("QUALITY.md")
_HEAD = (
    "| model | instance | published | value | bound | gap | status | seconds | peer | peer s | ratio | literature |\n"
)
_WORDS = """# What the solvers reach

Written by `scripts/bench`. Seconds are wall clock of one run after the kernels are compiled; the peer's are of the same
instance in the same run, to its own proof. Empty: no peer was run, or nobody published a value or time.
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
    """Put the lines into the table, in the place of what it had of the same instances.

    A table of another machine is begun anew, for rows are there to be compared.
    """
    said = f"Machine: {machine}."
    before = TABLE.read_text(encoding="utf-8") if TABLE.exists() else ""
    rows = {_key(row): row for row in _rows(before)} if said in before else {}
    rows |= {_key(text): text for text in (line.text() for line in lines)}
    rule = "|" + "---|" * (_HEAD.count("|") - 1) + "\n"
    TABLE.write_text(f"{_WORDS}\n{said}\n\n{_HEAD}{rule}{''.join(rows.values())}", encoding="utf-8")


def _rows(table: str) -> list[str]:
    """The rows below the head."""
    return [line for line in table.splitlines(keepends=True) if line.startswith("|")][2:]


def _key(row: str) -> tuple[str, str]:
    model, instance = row.split("|")[1:3]
    return model.strip(), instance.strip()
