"""What every schema is made of. A command uses few of them, so each is built when it is first used; a server builds
them all, see `service.endpoints`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """What goes out."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class Asked(BaseModel):
    """What comes in: nothing is guessed, and what is not known is refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True, frozen=True, defer_build=True)


def build_schemas() -> None:
    """Build every schema that has been declared and is not built."""
    for model in _all_of(Answer, Asked):
        model.model_config["defer_build"] = False  # else its adapters would still wait
        model.model_rebuild()


def _all_of(*kinds: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for kind in kinds:
        yield kind
        yield from _all_of(*kind.__subclasses__())
