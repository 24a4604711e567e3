"""What the commands share: what they work with, and what they are told."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import typer
from rich.console import Console

from service.engine import Engine
from service.first_use import Report
from service.settings import Settings


@dataclass(frozen=True)
class Run:
    """What every command works with."""

    settings: Settings
    out: Console
    err: Console
    step: Report
    """Names what kernels are compiled for; see `service.first_use`."""

    @cached_property
    def engine(self) -> Engine:
        return Engine(self.settings)


CityArgument = Annotated[str, typer.Argument(metavar="CITY", help="Id of the city, for example helsinki.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
AlsoReplaced = Annotated[
    bool, typer.Option("--replaced", help="Tell also which trips replaced which, and what CO2 that saves.")
]
WithCongestion = Annotated[
    bool, typer.Option("--congestion", help="Both days at the times that their own traffic causes; takes longer.")
]


def print_text(text: str) -> None:
    """Text for programs: no colours, no line breaks of ours."""
    sys.stdout.write(text + "\n")
