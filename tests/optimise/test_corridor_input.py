"""Tables of a corridor and limits that cannot be meant: named by their row, all at once."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from corridor_cases import CARS, RULES, flow, line, node

from network import InputError
from optimise import CorridorLink, CorridorNode, corridor_of, propose_corridor


@pytest.mark.parametrize(
    ("table", "row", "changes", "words"),
    [
        ("nodes", 1, {"id": "west"}, r"nodes\[1\].id: 'west' stands at nodes\[0\].id already"),
        ("nodes", 1, {"id": ""}, r"nodes\[1\].id: is empty"),
        ("nodes", 1, {"kind": "hotel"}, r"nodes\[1\].kind: is 'hotel'"),
        ("nodes", 1, {"lat": 120.0}, r"nodes\[1\].lat: is 120.0 .*swapped"),
        ("nodes", 1, {"lon": math.nan}, r"nodes\[1\].lon: is nan"),
        ("nodes", 1, {"plugs": -1}, r"nodes\[1\].plugs: is -1"),
        ("nodes", 1, {"plugs": 60_000}, r"nodes\[1\].plugs: is 60000"),
        ("nodes", 1, {"open_cny": -5.0}, r"nodes\[1\].open_cny: is -5"),
        ("nodes", 1, {"grid_kw": 2_400_000.0}, r"nodes\[1\].grid_kw: is 2,400,000 \(power in kW, not W"),
        ("nodes", 1, {"grid_kw": -1.0}, r"nodes\[1\].grid_kw: is -1"),
        ("links", 0, {"length_km": -3.0}, r"links\[0\].length_km: is -3"),
        ("links", 0, {"length_km": math.inf}, r"links\[0\].length_km: is inf"),
        ("links", 0, {"end": "s9"}, r"links\[0\].to: no node is called 's9' \(did you mean 's1'"),
        ("links", 0, {"end": "west"}, r"links\[0\].to: is 'west', where it starts"),
        ("flows", 0, {"origin": "moon"}, r"flows\[0\].origin: no node is called 'moon'"),
        ("flows", 0, {"vehicles_per_day": -1.0}, r"flows\[0\].vehicles_per_day: is -1"),
        ("flows", 0, {"vehicles_per_day": math.nan}, r"flows\[0\].vehicles_per_day: is nan"),
        ("flows", 1, {"origin": "west", "destination": "east"}, r"flows\[1\]: west to east stands at flows\[0\]"),
        ("vehicles", 0, {"share": 0.9}, r"vehicles\[0\].share: the shares add up to 1.5"),
        ("vehicles", 0, {"range_km": 0.0}, r"vehicles\[0\].range_km: is 0"),
        ("vehicles", 0, {"kwh_per_km": 140.0}, r"vehicles\[0\].kwh_per_km: is 140 \(kWh \(not Wh\)"),
        ("vehicles", 1, {"segment": "short"}, "a segment stands there twice"),
    ],
)  # fmt: skip
def test_bad_input_is_named_by_its_row(table, row, changes, words):
    nodes, links = line(100, 100)
    tables = {
        "nodes": nodes, "links": links, "flows": [flow("west", "east"), flow("east", "west")], "vehicles": list(CARS),
    }  # fmt: skip
    tables[table][row] = replace(tables[table][row], **changes)
    with pytest.raises(InputError, match=words):
        corridor_of(*tables.values(), rules=RULES)


def test_lengths_are_held_against_the_straight_line():
    a, b = (
        CorridorNode(id="a", lon=120.0, lat=31.0, kind="city"),
        CorridorNode(id="b", lon=121.0, lat=31.0, kind="city"),
    )
    rules = replace(RULES, most_detour=10.0)
    for km, words in ((60.0, "is 60, the straight line 95.3 km"), (96_000.0, "kilometres, not metres")):
        with pytest.raises(InputError, match=words):
            corridor_of([a, b], [CorridorLink(start="a", end="b", length_km=km)], [flow("a", "b")], CARS, rules=rules)


def test_all_problems_are_told_at_once_and_a_flow_without_a_way_too():
    nodes, links = line(100, 100)
    with pytest.raises(InputError) as caught:
        corridor_of([*nodes, node("s1")], [], [flow("west", "moon", -1.0)], [], rules=RULES)
    assert len(caught.value.problems) == 5
    with pytest.raises(InputError, match=r"flows\[0\]: no road leads from west to east"):
        corridor_of(nodes, links[:1], [flow("west", "east")], CARS, rules=RULES)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "sites, budget: are both missing"),
        ({"sites": 2}, "sites: is 2, there are 1 nodes"),
        ({"sites": -1}, "sites: is -1"),
        ({"budget_cny": -1.0}, "budget: is -1"),
        ({"budget_cny": math.nan}, "budget: is nan"),
        ({"sites": 1, "kinds": ("hotel",)}, "no kind of node is called 'hotel'"),
    ],
    ids=["none", "many", "negative", "debt", "nan", "kind"],
)
def test_limits_that_cannot_be_meant_are_refused(asked, words):
    corridor = corridor_of(*line(100, 100), [flow("west", "east")], CARS, rules=RULES)
    with pytest.raises(InputError, match=words):
        propose_corridor(corridor, RULES, **asked)
