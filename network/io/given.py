"""Parts of a city that are parameters alone: a table for every field."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np

from network.behaviour import Behaviour
from network.city import Supply
from network.errors import InputError, Problem
from network.io.parameters import Parameters
from network.part import I32, Part, specs
from network.units import PERIODS

P = TypeVar("P", bound=Part)
_DTYPES: Final = {"U": np.dtype(np.str_), "b": np.dtype(np.bool_), "i4": np.dtype(np.int32), "f8": np.dtype(np.float64)}


def given_part(part: type[P], stem: str, parameters: Parameters) -> P:
    """The part of data/parameters/<stem>.toml. Raises InputError that names every table that is not what it needs."""
    problems = []
    values = {}
    for name, spec in specs(part).items():
        key = f"{stem}.{name}"
        if spec.dtype == "U":
            values[name] = np.array(parameters.value(key), dtype=np.str_)
            continue
        numbers = parameters.array(key)
        if spec.dtype != "f8" and (numbers != np.floor(numbers)).any():
            problems.append(Problem(f"parameter {key}", "holds numbers that are not whole", "write whole numbers"))
        if spec.dtype == "b" and not np.isin(numbers, (0, 1)).all():
            problems.append(Problem(f"parameter {key}", "holds numbers other than 0 and 1", "1 for yes, 0 for no"))
        values[name] = numbers.astype(_DTYPES[spec.dtype])
    if problems:
        raise InputError(problems)
    return part(**values)


def supply_and_behaviour(
    parameters: Parameters, zones: int, station_spaces: I32, plugs: I32, feeders: int
) -> tuple[Supply, Behaviour]:
    """Parts that come from parameters alone: one parameter per field."""
    periods = parameters.positions("behaviour.purpose_period", PERIODS)
    behaviour = {name: parameters.array(f"behaviour.{name}") for name in specs(Behaviour) if name != "purpose_period"}
    counted = {"plugs", "feeder_steps", "parking_cny", "parking_spaces", "parking_turnover"}
    counted |= {"station_racks", "station_spaces"}
    supply = {name: parameters.array(f"supply.{name}") for name in specs(Supply) if name not in counted}
    parking = {
        "parking_cny": np.full(zones, parameters.number("supply.parking_cny")),
        "parking_spaces": np.zeros(zones),
        "parking_turnover": np.full(zones, parameters.number("supply.parking_turnover")),
    }
    return (
        Supply(
            plugs=plugs,
            feeder_steps=np.zeros(feeders, np.int32),
            station_racks=np.zeros_like(station_spaces),
            station_spaces=station_spaces,
            **parking,
            **supply,
        ),
        Behaviour(purpose_period=periods, **behaviour),
    )
