"""What-ifs: an ordered list of tagged edits, and the one way to apply them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from network.city import City
from network.edits import EDITS, Edit
from network.edits.base import STRICT, Refused
from network.errors import CityError, Problem, ScenarioError


class _ByType:
    """Tells pydantic, wherever it reads a Scenario, that `type` alone says which edit is meant."""

    def __get_pydantic_core_schema__(self, _source: Any, handler: Any) -> dict[str, Any]:
        choices = {edit.type: handler.generate_schema(edit) for edit in EDITS}
        return {"type": "tagged-union", "discriminator": "type", "choices": choices}


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """An ordered list of edits to a city; applying it returns another city and leaves the first as it was."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    edits: tuple[Annotated[Edit, _ByType()], ...] = field(default=())
    name: str = ""

    @property
    def layers(self) -> frozenset[str]:
        """Layers the edits touch: of roads, transit, places, supply, demand."""
        return frozenset[str]().union(*(edit.layers for edit in self.edits))

    def apply(self, city: City) -> City:
        """The city after all edits. Raises ScenarioError with every problem of every edit; nothing is changed then."""
        problems = []
        for i, edit in enumerate(self.edits):
            where = f"edits[{i}] {edit.type}"
            try:
                city = edit.apply(city)
            except Refused as refused:
                problems.append(Problem(where, refused.what, refused.hint))
            except CityError as error:
                problems += [Problem(f"{where}, {p.where}", p.what, p.hint) for p in error.problems]
        if problems:
            raise ScenarioError(problems)
        return city
