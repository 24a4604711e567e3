"""The policy rows: complete, in our own words, and true to the published register's numbers."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import network

POLICY = Path(__file__).parents[1] / "data" / "policy"
BOM = b"\xef\xbb\xbf"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
NUMBER = re.compile(r"(?<!\d)[-+]?\d+(?:\.\d+)?")

STATUS = {"issued", "draft"}
TRACKING = {"computed", "hand", "not_yet"}
ROOMS = {"parking", "bikes", "demand", "transit", "travel", "fleet", "charging", "service", "statistics"}
SIGNS = {">=": "at_least", "<=": "at_most", "=": "equal"}
COMPARISONS = {*SIGNS.values(), "about", "build", "class", "coverage", "guide", "path", "peak", "range"}
ZH_RUN, EN_RUN = 10, 6
"""Characters and words in a row that count as copied."""

TARGET_FILLED = ("id", "document", "clause", "status", "zh", "en", "metric", "comparison", "unit", "area", "tracking")
MEASURE_FILLED = ("id", "document", "clause", "status", "zh", "en", "subsystem", "tracking", "room", "how", "how_zh")


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert rows, f"{path.name} holds no rows"
    for row in rows:
        assert None not in row, f"{path.name}, {row['id']}: more cells than the header"
        assert None not in row.values(), f"{path.name}, {row['id']}: fewer cells than the header"
    return rows


TARGETS = read(POLICY / "targets.csv")
MEASURES = read(POLICY / "measures.csv")
DOCUMENTS = {row["id"]: row for row in read(POLICY / "documents.csv")}
AREAS = {row["id"]: row for row in read(POLICY / "areas.csv")}
FILES = {"policy_register.csv": TARGETS, "policy_measures.csv": MEASURES}

each_target = pytest.mark.parametrize("row", TARGETS, ids=[r["id"] for r in TARGETS])
each_measure = pytest.mark.parametrize("row", MEASURES, ids=[r["id"] for r in MEASURES])
each_row = pytest.mark.parametrize("row", TARGETS + MEASURES, ids=[r["id"] for r in TARGETS + MEASURES])
each_file = pytest.mark.parametrize("published", FILES)


@pytest.mark.parametrize("name", ["targets.csv", "measures.csv", "documents.csv", "areas.csv", "outturns.csv"])
def test_files_are_plain_utf8(name):
    data = (POLICY / name).read_bytes()
    assert not data.startswith(BOM)
    assert b"\r" not in data
    assert data.endswith(b"\n")
    data.decode("utf-8")


def test_ids_are_unique():
    ids = [row["id"] for row in TARGETS + MEASURES]
    assert len(ids) == len(set(ids))


@each_target
def test_target_is_complete(row):
    assert [c for c in TARGET_FILLED if not row[c].strip()] == []
    assert row["comparison"] in COMPARISONS
    assert row["tracking"] in TRACKING
    assert row["area"] in AREAS
    assert row["room"] in ROOMS
    assert (row["room"] == "statistics") == (row["tracking"] == "hand")
    assert re.fullmatch(r"(20\d\d)?", row["year"])
    assert row["year"] or row["note"], "a missing year is said in the note"
    assert bool(row["note"]) == bool(row["note_zh"])


@each_measure
def test_measure_is_complete(row):
    assert [c for c in MEASURE_FILLED if not row[c].strip()] == []
    assert row["tracking"] in TRACKING | {"what_if"}
    assert row["room"] in ROOMS
    assert bool(row["uses"]) or row["tracking"] not in {"computed", "what_if"}


@each_row
def test_row_is_bilingual_and_knows_its_document(row):
    assert CHINESE.search(row["zh"])
    assert not CHINESE.search(row["en"])
    for column in ("note", "how"):
        assert not CHINESE.search(row.get(column, ""))
        zh = row.get(f"{column}_zh", "")
        assert not zh or CHINESE.search(zh)
    assert row["status"] in STATUS
    assert row["status"] == DOCUMENTS[row["document"]]["status"]


@each_target
def test_numbers_are_numbers(row):
    values = [float(v) for v in row["values"].split(";") if v]
    single = [float(row[c]) for c in ("value", "value_high") if row[c]]
    assert not (values and single), "either one number (or a range) or a list"
    assert len(values) != 1
    assert (len(single) == 2) == (row["comparison"] == "range")
    assert single == sorted(single)
    if row["comparison"] != "path":
        assert values or single


@each_target
def test_only_computed_rows_are_judged_and_by_a_real_metric(row):
    if row["tracking"] != "computed":
        assert [c for c in ("luxing_metric", "target_value", "target_unit") if row[c]] == []
        return
    readings = [network.METRICS[name] for name in row["luxing_metric"].split(";")]
    assert bool(row["target_value"]) == (row["comparison"] in SIGNS.values())
    if row["target_value"]:
        assert {metric.unit for metric in readings} == {row["target_unit"]}
    if row["unit"].startswith("%") and row["target_value"]:
        assert float(row["target_value"]) == pytest.approx(float(row["value"]) / 100)


def test_areas_have_names_and_lie_in_each_other():
    for area in AREAS.values():
        assert CHINESE.search(area["name_zh"])
        assert area["name_en"]
        assert area["part_of"] in {"", *AREAS} - {area["id"]}
    names = [area["name_zh"] for area in AREAS.values()]
    assert len(names) == len(set(names))


def test_the_home_city_answers_for_its_own_rows():
    city = tomllib.loads((POLICY.parent / "cities" / "gusu" / "city.toml").read_text(encoding="utf-8"))
    assert {"gusu", AREAS["gusu"]["name_zh"]} & set(city["areas"])


def test_what_a_day_of_the_city_gives_is_computed_by_these_figures():
    computed = {row["id"]: row["luxing_metric"] for row in TARGETS if row["tracking"] == "computed"}
    assert computed == {
        "PRK-1": "new_parking_spaces;new_parking_spaces_net",
        "PRK-2": "shared_lots",
        "PRK-3": "shared_spaces;shared_spaces_at_once",
        "GTS-1": "green_trip_share;green_trip_share_without_ebike",
        "GTS-2": "green_trip_share;green_trip_share_without_ebike",
        "GTS-3": "mode_guide_share",
        "GTS-4": "mode_guide_share",
        "TRN-1": "rail_station_bus_share;rail_station_bus_share_straight",
        "TRN-2": "rail_entrance_bus_share;rail_entrance_bus_share_straight",
        "TRN-3": "rail_km",
        "TRN-4": "rail_lines",
        "FLT-1": "bus_bought_clean_share;bus_bought_electric_share",
        "FLT-2": "bus_stock_clean_share;bus_stock_electric_share",
        "FLT-3": "bus_bought_clean_share;bus_bought_electric_share",
        "FLT-4": "bus_stock_clean_share;bus_stock_electric_share",
        "FLT-5": "bus_bought_clean_share;bus_bought_electric_share",
        "FLT-6": "bus_stock_clean_share;bus_stock_electric_share",
        "CHG-1": "charging_piles_total",
    }


def test_reported_figures_name_a_source_and_their_doubts():
    rows = {row["id"]: row for row in TARGETS}
    for outturn in read(POLICY / "outturns.csv"):
        assert outturn["area"] == rows[outturn["target"]]["area"]
        assert outturn["source"]
        assert not CHINESE.search(outturn["note"])
        assert CHINESE.search(outturn["note_zh"])


@each_measure
def test_measures_use_edits_and_metrics_that_exist(row):
    known = {edit.type for edit in network.EDITS} | set(network.METRICS)
    assert {name for name in row["uses"].split(";") if name} - known == set()


def test_the_bus_conflict_is_kept_and_said():
    both = {r["id"]: r for r in TARGETS if r["metric"] == "bus_new_nev"}
    assert {float(r["value"]) for r in both.values()} == {90.0, 100.0}
    assert "FLT-5" in both["FLT-1"]["note"]
    assert "FLT-1" in both["FLT-5"]["note"]


@each_file
def test_every_published_row_is_here_in_its_order(shared, published):
    assert [r["id"] for r in FILES[published]] == [r["id"] for r in read(shared / "domain" / published)]


@each_file
def test_documents_are_those_of_the_register(shared, published):
    theirs = {r["id"]: f"D{int(r['doc_file'][:3])}" for r in read(shared / "domain" / published)}
    assert {r["id"]: r["document"] for r in FILES[published]} == theirs


def test_numbers_years_and_comparisons_are_those_of_the_register(shared):
    theirs = {r["id"]: r for r in read(shared / "domain" / "policy_register.csv")}
    for row in TARGETS:
        register = theirs[row["id"]]
        ours = [row["value"], row["value_high"], *row["values"].split(";")]
        assert [float(v) for v in ours if v] == [float(v) for v in NUMBER.findall(register["value"])], row["id"]
        assert row["comparison"] == SIGNS.get(register["op"], register["op"]), row["id"]
        assert row["baseline"] == register["baseline"], row["id"]
        stated = [] if register["year"].startswith("not stated") else re.findall(r"20\d\d", register["year"])
        assert row["year"] == (stated[-1] if stated else ""), row["id"]


@each_file
def test_no_sentence_is_copied(shared, published):
    texts = [text for file in FILES for r in read(shared / "domain" / file) for text in r.values()]
    zh = {run for text in texts for run in zh_runs(text)}
    en = {run for text in texts for run in en_runs(text)}
    assert zh, "the register holds Chinese sentences"
    assert en, "the register holds English glosses"
    copied = [
        (row["id"], run)
        for row in FILES[published]
        for column, text in row.items()
        if column != "uses"
        for run in {*zh_runs(text)} & zh | {*en_runs(text)} & en
    ]
    assert copied == []


@each_file
def test_a_copied_sentence_would_be_found(shared, published):
    for register in read(shared / "domain" / published):
        quote = register["quote_zh"]
        if len(re.sub(r"\W", "", quote)) >= ZH_RUN:
            assert {*zh_runs("前缀" + quote)} & {*zh_runs(quote)}, register["id"]


def zh_runs(text: str) -> Iterator[str]:
    """Every run of ZH_RUN characters with Chinese in it, punctuation and spaces left out."""
    bare = re.sub(r"[\W_]", "", text)
    runs = (bare[i : i + ZH_RUN] for i in range(len(bare) - ZH_RUN + 1))
    return (run for run in runs if CHINESE.search(run))


def en_runs(text: str) -> Iterator[str]:
    """Every run of EN_RUN English words, case and punctuation left out."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    return (" ".join(words[i : i + EN_RUN]) for i in range(len(words) - EN_RUN + 1))
