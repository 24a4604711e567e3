"""The only room that opens files: builds cities from what people have, keeps them in folders, reads parameters.

What takes seconds to import (osmnx, geopandas) is imported by the functions that need it.
"""

from network.io.build import STAGES, BuildReport, build_city
from network.io.parameters import Parameter, Parameters
from network.io.spec import CitySpec, city_ids, read_spec, spec_for_roads
from network.io.store import load_city, save_city, stored_digest

__all__ = [
    "STAGES",
    "BuildReport",
    "CitySpec",
    "Parameter",
    "Parameters",
    "build_city",
    "city_ids",
    "load_city",
    "read_spec",
    "save_city",
    "spec_for_roads",
    "stored_digest",
]
