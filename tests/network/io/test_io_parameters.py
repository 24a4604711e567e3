from __future__ import annotations

import dataclasses
import json

import pytest

from network import (
    BikeSharingRules,
    BusFleet,
    CarbonRules,
    ChargingRules,
    Fleet,
    InputError,
    NewSpaceRules,
    ParkingRules,
)
from network.behaviour import Behaviour
from network.city import Supply
from network.congestion_rules import CongestionRules
from network.io import Parameters
from network.io.parameters import provenance_part
from network.loop_rules import LoopRules
from network.part import specs
from network.stop_rules import StopRules
from network.swap_rules import SwapRules
from network.units import TRANSIT_MODES
from optimise.corridor_network import CorridorRules


def write(folder, text, name="demo.toml"):
    (folder / "parameters").mkdir(exist_ok=True)
    (folder / "parameters" / name).write_text(text, encoding="utf-8")
    return folder


ONE = '[reach_m]\nvalue = 500\nunit = "m"\nlabel = "Walk"\nsource = "made up"\ndefault = true\n'


def test_used_values_become_provenance_and_unused_do_not(tmp_path):
    more = ONE + ONE.replace("reach_m", "other_m").replace("500", '["b", 1.5]')
    parameters = Parameters.load(write(tmp_path, more))
    assert parameters.provenance() == []
    assert parameters.value("demo.other_m") == ["b", 1.5]
    assert parameters.provenance() == [("demo.other_m", '["b",1.5]', "m", "made up", True)]
    part = provenance_part(parameters.provenance(), ("somebody",))
    assert part.defaults() == [{"key": "demo.other_m", "value": '["b",1.5]', "unit": "m", "source": "made up"}]


def test_an_override_is_no_default_and_keeps_the_unit(tmp_path):
    own = {"demo.reach_m": {"value": 300, "source": "survey 2024"}}
    parameters = Parameters.load(write(tmp_path, ONE), own)
    assert parameters.number("demo.reach_m") == 300.0
    assert parameters.provenance() == [("demo.reach_m", "300", "m", "survey 2024", False)]
    own["demo.reach_m"]["default"] = True
    parameters = Parameters.load(tmp_path, own)
    parameters.value("demo.reach_m")
    assert parameters.provenance()[0][-1]


def test_unknown_keys_name_the_nearest(tmp_path):
    parameters = Parameters.load(write(tmp_path, ONE))
    with pytest.raises(InputError, match=r"did you mean demo.reach_m"):
        parameters.value("demo.reach")
    with pytest.raises(InputError, match=r"city.toml.*demo.raech_m.*did you mean demo.reach_m"):
        Parameters.load(tmp_path, {"demo.raech_m": {"value": 1, "source": "x"}})


def test_everything_wrong_is_said_at_once(tmp_path):
    text = ONE.replace('source = "made up"\n', "") + ONE.replace("reach_m", "b").replace('unit = "m"', 'units = "m"')
    with pytest.raises(InputError) as error:
        Parameters.load(write(tmp_path, text), {"demo.b": {"value": 3}, "nothing": {"value": 1, "source": "x"}})
    text = str(error.value)
    assert "demo.toml [reach_m]: has missing or unknown entries: source" in text
    assert "demo.toml [b]" in text
    assert "needs value and source" in text
    assert "no parameter nothing" in text


def test_wrong_kinds_of_values_are_refused(tmp_path):
    parameters = Parameters.load(write(tmp_path, ONE.replace("500", '"far"')))
    with pytest.raises(InputError, match="not a number"):
        parameters.number("demo.reach_m")
    with pytest.raises(InputError, match="not a regular table of numbers"):
        parameters.array("demo.reach_m")
    with pytest.raises(InputError, match="unlike"):
        Parameters.load(tmp_path, {"demo.reach_m": {"value": 3, "source": "x"}})
    with pytest.raises(InputError, match="not valid TOML"):
        Parameters.load(write(tmp_path, "[x\n"))
    with pytest.raises(InputError, match="no parameter file"):
        Parameters.load(tmp_path / "nowhere")


def test_every_shipped_parameter_is_complete(data_folder):
    parameters = Parameters.load(data_folder)
    assert len(parameters.keys()) > 60
    for key in parameters.keys():  # noqa: SIM118 - not a mapping
        p = parameters.parameter(key)
        assert p.unit, key
        assert p.label, key
        assert p.source, key
        assert isinstance(p.default, bool), key
        json.dumps(p.value)


def test_every_shipped_parameter_is_asked_for_by_the_code(data_folder):
    """A number nobody reads would be a lie in the docs."""
    rooms = (data_folder.parent / "network" / "io", data_folder.parent / "service")
    code = "\n".join(p.read_text(encoding="utf-8") for room in rooms for p in room.glob("*.py"))
    parts = {"behaviour": Behaviour, "fleet": Fleet, "supply": Supply, "stops": StopRules, "loops": LoopRules}
    parts |= {"carbon": CarbonRules, "congestion": CongestionRules, "swapping": SwapRules}
    parts |= {"charging": ChargingRules, "buses": BusFleet, "parking": ParkingRules, "new_spaces": NewSpaceRules}
    parts |= {"bike_sharing": BikeSharingRules}
    fields = {stem: set(specs(part)) for stem, part in parts.items()}
    fields["corridors"] = {field.name for field in dataclasses.fields(CorridorRules)}
    for key in Parameters.load(data_folder).keys():  # noqa: SIM118
        stem, name = key.split(".", 1)
        if stem in fields:
            assert name in fields[stem] or key in code, key
        elif stem == "places" and name.endswith(("_most_plugs", "_open_cny", "_plug_cny")):
            kind = name.removesuffix("_most_plugs").removesuffix("_open_cny").removesuffix("_plug_cny")
            assert f'"{kind}"' in code, key
        elif stem == "roads":
            assert f'"{name}"' in code or key in code, key
        elif stem == "transit" and name.split("_", 1)[0] in TRANSIT_MODES:
            assert f"transit.{{mode}}_{name.split('_', 1)[1]}" in code, key
        else:
            assert key in code or (stem == "zones" and f'"{key}"' in code), key


@pytest.mark.parametrize("value", [-150, float("nan"), float("inf"), True, "250", [250]])
def test_an_override_of_another_kind_or_sign_is_refused(data_folder, value):
    with pytest.raises(InputError, match=r"zones.cell_m.*unlike 250"):
        Parameters.load(data_folder, {"zones.cell_m": {"value": value, "source": "s"}})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("places.kerb_most_plugs", 1e12),
        ("places.kerb_most_plugs", 10**400),
        ("corridors.winter_c", -2e9),
        ("fleet.adoption_share", [[0.5], [1e12]]),
        ("fleet.adoption_share", [float("nan")]),
    ],
    ids=["large", "beyond any float", "below", "in a table", "none"],
)
def test_a_number_beyond_what_is_computed_with_is_refused(data_folder, key, value):
    with pytest.raises(InputError) as error:
        Parameters.load(data_folder, {key: {"value": value, "source": "s"}})
    (problem,) = error.value.problems
    assert key in problem.where
    assert problem.what.startswith("holds")
    assert "1,000,000,000" in problem.hint


def test_what_is_divided_by_must_be_above_nothing(data_folder):
    parameters = Parameters.load(data_folder, {"zones.cell_m": {"value": 0, "source": "s"}})
    assert parameters.number("zones.cell_m") == 0
    with pytest.raises(InputError, match=r"parameter zones.cell_m: is 0"):
        parameters.positive("zones.cell_m")
