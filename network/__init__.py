"""The city as it is, and how its people travel. This is the only door for `optimise` and `service`."""

from network import units
from network.checks import check
from network.city import Behaviour, City, Fleet, Places, Provenance, Roads, Snap, Supply, Transit, Zones
from network.errors import CityError, InputError, Problem, ScenarioError, UnknownId
from network.outcome import METRICS, Metric, Outcome
from network.part import Part, digest_of
from network.scenario import (
    EDITS,
    AddChargers,
    AddPlace,
    CloseStreet,
    Edit,
    Scenario,
    SetDemand,
    SetPrice,
    SetStreetSpeed,
)
from network.simulate import simulate
from network.synthetic import grid_city
from network.travel import Travel, travel_times

__all__ = [
    "EDITS",
    "METRICS",
    "AddChargers",
    "AddPlace",
    "Behaviour",
    "City",
    "CityError",
    "CloseStreet",
    "Edit",
    "Fleet",
    "InputError",
    "Metric",
    "Outcome",
    "Part",
    "Places",
    "Problem",
    "Provenance",
    "Roads",
    "Scenario",
    "ScenarioError",
    "SetDemand",
    "SetPrice",
    "SetStreetSpeed",
    "Snap",
    "Supply",
    "Transit",
    "Travel",
    "UnknownId",
    "Zones",
    "check",
    "digest_of",
    "grid_city",
    "simulate",
    "travel_times",
    "units",
]
