"""The city as it is, and how its people travel. This is the only door for `optimise` and `service`."""

from network import units
from network.checks import check
from network.city import Behaviour, City, Fleet, Places, Provenance, Roads, Snap, Supply, Transit, Zones
from network.edits import (
    EDITS,
    AddChargers,
    AddPlace,
    AddStreet,
    CloseStreet,
    Edit,
    OpenStreet,
    SetDemand,
    SetOneWay,
    SetPrice,
    SetStreetSpeed,
)
from network.edits.base import did_you_mean, outside
from network.errors import CityError, InputError, Problem, ScenarioError, UnknownId
from network.outcome import METRICS, Metric, Outcome
from network.part import Part, digest_of
from network.scenario import Scenario
from network.simulate import simulate
from network.snap import crossed, on_street, snap
from network.synthetic import grid_city
from network.travel import Travel, travel_times
from network.travel.reach import Reach, nearest, reach
from network.travel.roads import StreetMetric, metric_of, skim
from network.travel.routes import Isochrone, Leg, Path, isochrone, paths

__all__ = [
    "EDITS",
    "METRICS",
    "AddChargers",
    "AddPlace",
    "AddStreet",
    "Behaviour",
    "City",
    "CityError",
    "CloseStreet",
    "Edit",
    "Fleet",
    "InputError",
    "Isochrone",
    "Leg",
    "Metric",
    "OpenStreet",
    "Outcome",
    "Part",
    "Path",
    "Places",
    "Problem",
    "Provenance",
    "Reach",
    "Roads",
    "Scenario",
    "ScenarioError",
    "SetDemand",
    "SetOneWay",
    "SetPrice",
    "SetStreetSpeed",
    "Snap",
    "StreetMetric",
    "Supply",
    "Transit",
    "Travel",
    "UnknownId",
    "Zones",
    "check",
    "crossed",
    "did_you_mean",
    "digest_of",
    "grid_city",
    "isochrone",
    "metric_of",
    "nearest",
    "on_street",
    "outside",
    "paths",
    "reach",
    "simulate",
    "skim",
    "snap",
    "travel_times",
    "units",
]
