from __future__ import annotations

import pytest

from network import InputError, units
from network.io import Parameters
from network.io.carbon import carbon_rules


def given(data_folder, **values):
    return Parameters.load(data_folder, {f"carbon.{n}": {"value": v, "source": "s"} for n, v in values.items()})


@pytest.mark.parametrize(
    ("province", "of_2021", "of_2022"),
    [("Jiangsu", 0.6451, 0.5978), ("Shanghai", 0.5834, 0.5849), ("Zhejiang", 0.5422, 0.5153)],
)
def test_the_grid_is_that_of_the_province(data_folder, province, of_2021, of_2022):
    rules = carbon_rules(given(data_folder, province=province))
    assert str(rules.province) == province
    assert [rules.grid(year) for year in (2020, 2021, 2022, 2026)] == [
        (of_2021, 2021), (of_2021, 2021), (of_2022, 2022), (of_2022, 2022),
    ]  # fmt: skip


def test_buses_follow_the_path_of_the_targets(data_folder):
    rules = carbon_rules(Parameters.load(data_folder))
    shares = [rules.electric_buses(year) for year in (2025, 2026, 2028, 2030, 2035)]
    assert shares == pytest.approx([0.92, 0.936, 0.968, 1.0, 1.0])


def test_a_diesel_bus_and_an_electric_car_are_as_published(data_folder):
    """0.0891 kg per passenger-km of a bus, 0.0996 kg per km of an electric car on the grid of Jiangsu in 2022."""
    parameters = Parameters.load(data_folder)
    rules = carbon_rules(parameters)
    assert rules.bus_kg_per_km / rules.bus_persons == pytest.approx(0.0891, abs=5e-4)
    drawn = parameters.array("fleet.kwh_per_km") / parameters.array("fleet.charging_efficiency")
    assert drawn[units.PRIVATE] * rules.grid(2022)[0] == pytest.approx(0.0996, abs=5e-5)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"province": "Anhui"}, r"carbon\.province.*Anhui.*Jiangsu, Shanghai, Zhejiang"),
        ({"grid_kg_per_kwh": [[0.6, 0.6]]}, r"grid_kg_per_kwh.*3 provinces and 2 years"),
        ({"grid_year": [2021]}, r"grid_kg_per_kwh.*3 provinces and 1 years"),
        ({"grid_year": [2022, 2021]}, r"grid_year.*ascend"),
        ({"bus_electric_share": [0.9, 1.1]}, r"bus_electric_share.*1\.1"),
        ({"bus_electric_share": [0.9]}, r"bus_"),
        ({"bus_persons": 0}, r"bus_persons"),
    ],
)
def test_what_cannot_be_is_refused(data_folder, values, words):
    with pytest.raises(InputError, match=r"(?s)" + words):
        carbon_rules(given(data_folder, **values))
