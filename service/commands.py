"""The commands that stand in files of their own, as `service/cli.py` takes them over."""

from __future__ import annotations

from typing import Final

from service.cli_bike_flows import app as bike_flows
from service.cli_bike_replay import app as bike_days
from service.cli_bikes import app as bikes
from service.cli_calibrate import app as calibration
from service.cli_charging import app as charging
from service.cli_corridors import app as corridors
from service.cli_explain import app as reasons
from service.cli_parking import app as parking
from service.cli_parking_replay import app as parking_days
from service.cli_piles import app as piles
from service.cli_propose import app as proposals
from service.cli_streets import app as streets
from service.cli_trade_off import app as trade_offs

_APPS: Final = (
    bike_days,
    bike_flows,
    bikes,
    calibration,
    charging,
    corridors,
    reasons,
    parking,
    parking_days,
    piles,
    proposals,
    streets,
    trade_offs,
)
COMMANDS: Final = [command for app in _APPS for command in app.registered_commands]
