"""The only room that opens files: builds cities from what people have, keeps them in folders, reads parameters.

What takes seconds to import (osmnx, geopandas) is imported by the functions that need it.
"""

from network.io.area import area_beside
from network.io.bike_flows import BikeLog, LogRules, flow_table, read_bike_flows
from network.io.bike_orders import read_orders
from network.io.bike_sites import BikeSitesRead, read_bike_sites
from network.io.bike_snapshots import read_snapshots
from network.io.bike_status import CLIPS, BikeStatus, bike_status_of, read_bike_status
from network.io.blocks import read_blocks
from network.io.build import STAGES, BuildReport, build_city
from network.io.fragment import Fitted, fragment
from network.io.gbfs import FEED_FILES, LEAST_TIME_S, bike_feed, write_bike_feed
from network.io.given import given_part
from network.io.graph import RoadsReport
from network.io.islands import ModeReport
from network.io.layers import read_rings
from network.io.lot_hours import read_lot_hours
from network.io.occupancy import OccupancyLog, read_occupancy, read_spaces
from network.io.parameters import Parameter, Parameters, Value
from network.io.parking_blocks import read_parking_blocks
from network.io.schedules import SCHEDULES, read_schedule
from network.io.sessions import SessionLog, read_sessions
from network.io.space_candidates import read_space_candidates
from network.io.spec import CitySpec, city_ids, read_spec, spec_for_roads
from network.io.store import load_city, save_city, stored_digest
from network.io.survey import read_minutes, read_shares, read_survey
from network.io.survey_model import read_survey_model
from network.io.tables import LONLAT, Column, Table, read_table

__all__ = [
    "CLIPS",
    "FEED_FILES",
    "LEAST_TIME_S",
    "LONLAT",
    "SCHEDULES",
    "STAGES",
    "BikeLog",
    "BikeSitesRead",
    "BikeStatus",
    "BuildReport",
    "CitySpec",
    "Column",
    "Fitted",
    "LogRules",
    "ModeReport",
    "OccupancyLog",
    "Parameter",
    "Parameters",
    "RoadsReport",
    "SessionLog",
    "Table",
    "Value",
    "area_beside",
    "bike_feed",
    "bike_status_of",
    "build_city",
    "city_ids",
    "flow_table",
    "fragment",
    "given_part",
    "load_city",
    "read_bike_flows",
    "read_bike_sites",
    "read_bike_status",
    "read_blocks",
    "read_lot_hours",
    "read_minutes",
    "read_occupancy",
    "read_orders",
    "read_parking_blocks",
    "read_rings",
    "read_schedule",
    "read_sessions",
    "read_shares",
    "read_snapshots",
    "read_space_candidates",
    "read_spaces",
    "read_spec",
    "read_survey",
    "read_survey_model",
    "read_table",
    "save_city",
    "spec_for_roads",
    "stored_digest",
    "write_bike_feed",
]
