from __future__ import annotations

import pytest

from network import InputError
from network.io.plugs import PLUG_COLUMNS, Port, PowerClasses, output_kw, plugs_of, plugs_of_table, power_kw
from network.io.tables import read_table

CLASSES = PowerClasses(fast_from_kw=22.5, ultra_fast_from_kw=150, ac_kw=7, dc_kw=60, any_kw=7)


@pytest.mark.parametrize(
    ("text", "kw"),
    [
        ("22 kW", 22.0),
        ("50;150 kW", 150.0),
        ("2 x 50 kW", 50.0),
        ("3,7 kw", 3.7),
        ("7.4kVA", 7.4),
        ("22", 22.0),
        ("22000", 22.0),
        ("11000 W", 11.0),
        ("32 A", None),
        ("400V", None),
        ("yes", None),
        ("0 kW", None),
        ("", None),
        (None, None),
    ],
)
def test_power_in_a_tag(text, kw):
    assert output_kw(text) == (None if kw is None else pytest.approx(kw))


@pytest.mark.parametrize(
    ("tags", "plugs", "guessed"),
    [
        pytest.param({}, (1, 0, 0), 1, id="nothing_told"),
        pytest.param({"capacity": "6"}, (6, 0, 0), 6, id="capacity_alone"),
        pytest.param({"socket:type2": "3", "socket:chademo": "1"}, (3, 1, 0), 4, id="sockets_alone"),
        pytest.param(
            {"socket:type2": "2", "socket:type2:output": "22 kW", "socket:type2_combo": "4",
             "socket:type2_combo:output": "300 kW"}, (2, 0, 4), 0, id="sockets_with_output",
        ),
        pytest.param({"capacity": "2", "socket:type2": "2", "socket:chademo": "2"}, (0, 2, 0), 2, id="faster_first"),
        pytest.param({"capacity": "5", "socket:type2": "3", "socket:chademo": "1"}, (4, 1, 0), 5, id="more_places"),
        pytest.param({"capacity": "4", "charging_station:output": "600 kW"}, (0, 0, 4), 0, id="output_of_all"),
        pytest.param({"capacity": "4", "charging_station:output": "44 kW"}, (4, 0, 0), 0, id="output_of_all_shared"),
        pytest.param({"socket:type2": "yes"}, (1, 0, 0), 1, id="a_socket_without_number"),
    ],
)  # fmt: skip
def test_plugs_of_a_station_on_the_map(tags, plugs, guessed):
    assert plugs_of({"amenity": "charging_station"} | tags, CLASSES) == (plugs, guessed)


def test_plugs_of_a_car_park_are_slow_unless_told():
    assert plugs_of({"amenity": "parking", "capacity": "900", "capacity:charging": "30"}, CLASSES) == ((30, 0, 0), 30)
    assert plugs_of({"amenity": "parking", "capacity": "900"}, CLASSES) == ((0, 0, 0), 0)


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        (Port(1, 22.0), (1, 0, 0)),
        (Port(1, 22.5), (0, 1, 0)),
        (Port(1, 149.9), (0, 1, 0)),
        (Port(1, 150.0), (0, 0, 1)),
        (Port(1, None, is_dc=False), (1, 0, 0)),
        (Port(1, None, is_dc=True), (0, 1, 0)),
        (Port(1), (1, 0, 0)),
    ],
    ids=str,
)
def test_where_classes_end(port, expected):
    assert CLASSES.sort([port]) == (expected, int(port.kw is None))


def test_classes_are_parameters(parameters):
    assert PowerClasses.of(parameters) == CLASSES


@pytest.mark.parametrize(
    ("value", "unit", "kw"), [(60, "kW", 60.0), (60_000, "W", 60.0), (0.06, "MW", 60.0), (0, "kW", None)]
)
def test_power_in_a_unit(value, unit, kw):
    problems = []
    found = power_kw(value, unit, "here", problems)
    assert found == (None if kw is None else pytest.approx(kw))
    assert problems == []


@pytest.mark.parametrize(
    ("value", "unit", "hint"),
    [
        (60_000, "kW", 'is it in W? then write unit = "W"'),
        (60, "W", 'is it in kW? then write unit = "kW"'),
        (0.06, "kW", 'is it in MW? then write unit = "MW"'),
        (-7, "kW", "correct the value, or leave it blank"),
    ],
)
def test_power_of_another_unit(value, unit, hint):
    problems = []
    assert power_kw(value, unit, "here", problems) is None
    assert [p.hint for p in problems] == [hint]
    assert problems[0].what == f"{value:,g} {unit} is not the power of a plug for cars"


def of_table(folder, text, **how):
    (folder / "t.csv").write_text(text, encoding="utf-8")
    return plugs_of_table(read_table(folder / "t.csv", PLUG_COLUMNS), CLASSES, **how)


def test_plugs_of_a_table(tmp_path):
    assert of_table(tmp_path, "plugs,power_kw\n4,7\n2,120\n6,\n1,350\n") == [
        ((4, 0, 0), 0),
        ((0, 2, 0), 0),
        ((6, 0, 0), 6),
        ((0, 0, 1), 0),
    ]
    assert of_table(tmp_path, "plugs,current\n4,AC\n2,直流\n1,\n") == [((4, 0, 0), 4), ((0, 2, 0), 2), ((1, 0, 0), 1)]
    assert of_table(tmp_path, "plugs_slow,plugs_fast\n4,1\n0,2\n") == [((4, 1, 0), 0), ((0, 2, 0), 0)]
    assert of_table(tmp_path, "power_kw\n60\n", each=1) == [((0, 1, 0), 0)]
    assert of_table(tmp_path, "power_kw\n60\n") == [((0, 0, 0), 0)]
    assert of_table(tmp_path, "plugs,power_kw\n2,60000\n", unit="W") == [((0, 2, 0), 0)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("plugs\n-1\n", r"row 2, column plugs: -1 is below 0"),
        ("plugs\n2.5\n", r"row 2, column plugs: 2.5 is not a whole number"),
        ("plugs,power_kw\n2,60\n2,120000\n", r"row 3, column power_kw: 120,000 kW .* unit = \"W\""),
        ("plugs,current\n2,three\n", r"row 2, column current: 'three' is not known"),
        ("plugs,plugs_slow,plugs_fast\n5,2,2\n4,2,2\n", r"row 2: says 5 plugs, but its classes sum to 4"),
    ],
)
def test_bad_rows_are_named(tmp_path, text, problem):
    with pytest.raises(InputError, match=problem) as error:
        of_table(tmp_path, text)
    assert len(error.value.problems) == 1
