"""Stations for swapped batteries and hydrogen, as an answer."""

from __future__ import annotations

from pydantic import Field

from network import SwapRules, station_needs, units
from network.io import Parameters, city_ids, given_part, read_spec
from service.engine import Engine, attribution
from service.models import Answer
from service.schemas import CityRef, Default

NEEDS_ARE = (
    "The fewest stations if all were of one class, on days at an even pace. A station swaps as many batteries as its "
    "bays can exchange, and no more than it can charge."
)


class SwapClass(Answer):
    """A class of swap stations."""

    swap_class: str
    swaps_per_day: float = Field(description="most that a station can do")
    stations: int
    vehicles_per_station: dict[str, float] = Field(
        description="by segment, if all their energy is swapped; 0: none needs any"
    )


class HydrogenClass(Answer):
    """A class of hydrogen stations."""

    kg_per_day: float
    stations: int


class SwappingAnswer(Answer):
    """What the fleet of a city asks of swap and hydrogen stations."""

    city: CityRef
    swaps_per_day: dict[str, float] = Field(description="by segment")
    swap_classes: list[SwapClass]
    hydrogen_kg_per_day: dict[str, float] = Field(description="by segment")
    hydrogen_classes: list[HydrogenClass]
    note: str = NEEDS_ARE
    defaults: list[Default]
    attribution: list[str]


def swapping(engine: Engine, city_id: str) -> SwappingAnswer:
    """The answer for a built city. Raises UnknownId, and InputError for parameters that cannot be used."""
    city, data = engine.loaded(city_id), engine.settings.data_folder
    own = read_spec(data, city_id).parameters if city_id in city_ids(data) else None
    parameters = Parameters.load(data, own)
    rules = given_part(SwapRules, "swapping", parameters)
    found = station_needs(city, rules)
    used = [Default(key=row[0], value=row[1], unit=row[2], source=row[3]) for row in parameters.provenance() if row[4]]
    return SwappingAnswer(
        city=CityRef(id=city.id, name=city.name, digest=city.digest),
        swaps_per_day=_by_segment(found.swaps.tolist()),
        swap_classes=[
            SwapClass(
                swap_class=str(name),
                swaps_per_day=found.swaps_per_station[k],
                stations=int(found.swap_stations[k]),
                vehicles_per_station=_by_segment(found.vehicles_per_station[k].tolist()),
            )
            for k, name in enumerate(rules.swap_class)
        ],
        hydrogen_kg_per_day=_by_segment(found.hydrogen_kg.tolist()),
        hydrogen_classes=[
            HydrogenClass(kg_per_day=kg, stations=int(count))
            for kg, count in zip(rules.hydrogen_class_kg.tolist(), found.hydrogen_stations.tolist(), strict=True)
        ],
        defaults=[Default(**row) for row in city.provenance.defaults()] + used,
        attribution=attribution(city),
    )


def _by_segment(values: list[float]) -> dict[str, float]:
    return dict(zip(units.SEGMENTS, values, strict=True))
