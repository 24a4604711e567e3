"""The recipe: files in, a City out, with every default and every input named in its provenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from network.bike_points import BikePoints
from network.bike_sharing_rules import BikeSharingRules
from network.bus_fleet import BusFleet
from network.charging_rules import ChargingRules
from network.city import City, Roads, Zones
from network.congestion_rules import CongestionRules
from network.errors import InputError, Problem
from network.fleet import Fleet
from network.io.bike_points import city_bike_points
from network.io.candidates import Candidates, candidates
from network.io.carbon import carbon_rules
from network.io.dasymetric import Evidence, Seen, people
from network.io.elevation import read_elevation
from network.io.geojson import ROAD_SUFFIXES, read_road_lines
from network.io.given import given_part, supply_and_behaviour
from network.io.graph import RoadsReport, roads_from_ways
from network.io.gtfs import read_gtfs
from network.io.land import shared_m2
from network.io.layers import read_area, read_areas
from network.io.lots import FoundLots, city_lots
from network.io.osm import OSM_SUFFIXES, OsmData, read_osm
from network.io.osmnx_roads import GRAPHML_SUFFIXES, read_graphml, read_place
from network.io.parameters import Parameters, canonical_json, provenance_part
from network.io.places import Site, sites_of_table
from network.io.spec import CitySpec, Inputs
from network.io.tables import LONLAT, Column, read_table
from network.io.transit import Source, no_lines, transit_part
from network.io.transit_osm import lines_of_map
from network.io.transit_table import read_line_features, read_line_table
from network.io.ways import Features, Ways, clip_ways
from network.io.zones import Cells, Streets, areas_of, grid_cells, table_cells, zones_part
from network.levers import no_levers
from network.new_space_rules import NewSpaceRules
from network.parking_rules import ParkingRules
from network.part import F64
from network.transit import Transit

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

Progress = Callable[[str, int, int], None]
Rows = list[tuple[str, str, str, str, bool]]
_ASSUMED: Final = "speeds and headways not told are parameters, the minute of departure is drawn by the line's id"
STAGES: Final = ("roads", "zones", "transit", "places", "city")


@dataclass
class BuildReport:
    """What a build found, for people: lines in the order of the stages."""

    lines: list[str] = field(default_factory=list)
    roads: RoadsReport | None = None

    def say(self, *lines: str) -> None:
        self.lines += lines


@dataclass(frozen=True)
class _Job:
    """One build under way: the recipe, where its files are, and what has to be told afterwards."""

    spec: CitySpec
    parameters: Parameters
    inputs: Inputs
    report: BuildReport = field(default_factory=BuildReport)
    rows: Rows = field(default_factory=list)

    def tell(self, key: str, value: str, unit: str, source: str) -> None:
        """A provenance row of something that stands in for data."""
        self.rows.append((key, value, unit, source, True))


def build_city(
    spec: CitySpec,
    parameters: Parameters,
    progress: Progress | None = None,
    *,
    inputs: Path | None = None,
    roads: Path | None = None,
    cache: Path | None = None,
) -> tuple[City, BuildReport]:
    """Build a city from its recipe. Same files and parameters, same city.

    `inputs` is the folder where the user keeps the city's files, `roads` a road file used instead of the recipe's,
    `cache` a folder where answers about places asked by name are kept. `progress(stage, done, of)` is called as each
    stage begins and at the end. Raises InputError; nothing is written.
    """
    job = _Job(spec, parameters, Inputs(spec, inputs))
    say = progress or (lambda _stage, _done, _of: None)
    say("roads", 0, len(STAGES))
    streets, data, drawn = _roads(job, roads, cache)
    say("zones", 1, len(STAGES))
    sites = _sites(job, streets)
    zones = _zones(job, streets, data, sites)
    say("transit", 2, len(STAGES))
    sources = _sources(job, streets, data)
    transit = _transit(job, streets, sources)
    say("places", 3, len(STAGES))
    found = _places(job, streets, data.features, sites, zones=zones, sources=sources)
    say("city", 4, len(STAGES))
    parking = given_part(ParkingRules, "parking", parameters)
    known = {"places": found.places, "known_spaces": found.spaces, "stations": transit.stations}
    lots = _lots(job, rules=parking, zones=zones, roads=streets, **known)
    bikes = _bike_points(job, features=data.features, zones=zones, roads=streets)
    spaces = lots.station_spaces(len(transit.stations.id))
    supply, behaviour = supply_and_behaviour(parameters, len(zones.id), spaces, found.plugs, len(found.feeders.id))
    files = [
        (f"input:{name}", digest, "sha256", "file read", False) for name, digest in sorted(job.inputs.digests.items())
    ]
    city = City(
        id=spec.id,
        name=spec.name,
        areas=spec.areas,
        roads=streets,
        zones=zones,
        places=found.places,
        transit=transit,
        fleet=given_part(Fleet, "fleet", parameters),
        charging=given_part(ChargingRules, "charging", parameters),
        feeders=found.feeders,
        supply=supply,
        buses=given_part(BusFleet, "buses", parameters),
        behaviour=behaviour,
        carbon=carbon_rules(parameters),
        congestion=given_part(CongestionRules, "congestion", parameters),
        lots=lots.lots,
        parking=parking,
        new_spaces=given_part(NewSpaceRules, "new_spaces", parameters),
        bike_points=bikes,
        bike_sharing=given_part(BikeSharingRules, "bike_sharing", parameters),
        levers=no_levers(len(zones.id)),
        provenance=provenance_part([*files, *job.rows, *parameters.provenance()], spec.attribution),
    )
    say("done", len(STAGES), len(STAGES))
    job.report.roads = drawn
    return city, job.report


def _roads(job: _Job, given: Path | None, cache: Path | None) -> tuple[Roads, OsmData, RoadsReport]:
    """Streets, what was read, and what became of the streets."""
    recipe = job.spec.roads
    if given is None and "place" in recipe:
        name = recipe["place"]
        data = read_place(name, cache=cache)
        job.rows.append(("input:place", name, "name", "Nominatim and Overpass", False))
    else:
        path = job.inputs.path(str(given.absolute()) if given else recipe["source"])
        data = _read_roads(path, job)
    elevation = read_elevation(job.inputs.path(recipe["elevation"])) if "elevation" in recipe else None
    streets, report = roads_from_ways(data.ways, job.parameters, barriers=data.barriers, elevation=elevation)
    job.report.say(*report.lines())
    return streets, data, report


def _read_roads(path: Path, job: _Job) -> OsmData:
    """Streets by the ending of the file; only OpenStreetMap extracts know places and barriers as well."""
    clip = read_area(job.inputs.path(job.spec.roads["clip"])) if "clip" in job.spec.roads else None
    name, crs = path.name.lower(), job.spec.roads.get("crs")
    if crs and not name.endswith(ROAD_SUFFIXES):
        hint = "OpenStreetMap files are WGS-84 and osmnx files declare their own: leave crs out"
        raise InputError(Problem(path.name, f"cannot be read as {crs}", hint))
    if name.endswith(OSM_SUFFIXES):
        return read_osm(path, clip)
    if name.endswith(GRAPHML_SUFFIXES):
        return OsmData(ways=_clipped(read_graphml(path), clip), features=Features())
    if not name.endswith(ROAD_SUFFIXES):
        known = ", ".join((*OSM_SUFFIXES, *GRAPHML_SUFFIXES, *ROAD_SUFFIXES))
        raise InputError(Problem(path.name, "is of no kind of road file that is known", f"use one of {known}"))
    ways, noding = read_road_lines(path, job.parameters, crs=crs)
    job.report.say(*noding.lines())
    return OsmData(ways=_clipped(ways, clip), features=Features())


def _clipped(ways: Ways, clip: Any) -> Ways:
    return ways if clip is None else clip_ways(ways, clip)


def _zones(job: _Job, roads: Roads, data: OsmData, sites: list[Site]) -> Zones:
    recipe, streets, outline = job.spec.zones, Streets.of(roads), data.outline
    given: dict[str, F64] = {}
    if "table" in recipe:
        (cells, given), outline = _zone_table(job, roads), None
    else:
        if "boundary" in recipe:
            outline = read_area(job.inputs.path(recipe["boundary"]), recipe.get("crs"))
        cells = grid_cells(streets, outline, job.parameters)
    seen = Seen(cells, streets, data.features, data.land, sites, _activity(job, cells))
    evidence = Evidence.of(seen, job.parameters)
    total = None
    if "residents" not in given:
        total = _residents_total(job, cells, streets if evidence.many_buildings else None, outline)
    persons, how = people(evidence, given, total, job.parameters)
    for name, source in how.items():
        job.tell(f"zones.{name}", canonical_json(round(float(persons[name].sum()), 1)), "persons", source)
    named = [(a["name"], read_area(job.inputs.path(a["file"]), a.get("crs"))) for a in recipe.get("areas", [])]
    part = zones_part(cells, persons, areas_of(cells, named, job.spec.areas[0]), roads, job.parameters)
    counts = ", ".join(f"{count.sum():,.0f} {name}" for name, count in persons.items())
    job.report.say(f"{len(part.id):,} zones with {counts}")
    job.report.say(*(f"{name} are an estimate: {source}" for name, source in how.items()))
    return part


def _zone_table(job: _Job, roads: Roads) -> tuple[Cells, dict[str, F64]]:
    counts = ("population", "jobs", "students", "visitors", "schools")
    columns = {"id": Column(unique=True), **LONLAT}
    columns |= dict.fromkeys(counts, Column(number=True, low=0, required=False))
    table = read_table(job.inputs.path(job.spec.zones["table"]), columns, job.spec.zones.get("columns"))
    given = {name: table.numbers(name) for name in counts if name in table}
    if "population" in given:
        given["residents"] = given.pop("population")
    return table_cells(table, job.spec.zones.get("crs"), roads, job.parameters), given


def _activity(job: _Job, cells: Cells) -> F64 | None:
    """(Z) numbers of the layers of activity, each spread evenly over its areas; None where the recipe has none."""
    import shapely

    total = np.zeros(len(cells.id))
    recipes = job.spec.zones.get("activity", [])
    for recipe in recipes:
        path = job.inputs.path(recipe["file"])
        areas, value = read_areas(path, recipe["column"], recipe.get("crs"))
        plane = [shapely.transform(area, cells.plane.metres) for area in areas]
        area, cell, m2 = shared_m2(plane, cells.outline)
        here = np.bincount(cell, value[area] * m2 / shapely.area(plane)[area], len(cells.id))
        if not here.sum() > 0:
            raise InputError(Problem(path.name, "holds nothing in the zones", "is the layer of another city or datum?"))
        total += here / here.sum()
    return total if recipes else None


def _residents_total(
    job: _Job, cells: Cells, known: Streets | None, boundary: BaseGeometry | None
) -> tuple[float, str] | None:
    """Residents of the zones, and the source: of the total of a boundary the share of its area that is covered.

    That is what the zones cover; where buildings tell that nobody lives between the zones, what the streets
    read (`known`) reach across.
    """
    recipe = job.spec.zones.get("residents")
    if recipe is None:
        return None
    persons, source = recipe.get("persons"), recipe.get("source", "")
    if "file" in recipe:
        path = job.inputs.path(recipe["file"])
        columns = {"id": Column(unique=True), "population": Column(number=True, low=0)}
        table = read_table(path, columns, recipe.get("columns"))
        at = np.flatnonzero(table.texts("id") == recipe["row"])
        if not len(at):
            raise InputError(
                Problem(path.name, f"there is no row {recipe['row']!r}", "see [zones.residents] in city.toml")
            )
        persons = table.numbers("population")[at[0]]
    elif isinstance(persons, bool) or not isinstance(persons, int | float) or not 0 <= persons < np.inf:
        where = f"{job.spec.id}/city.toml [zones.residents]"
        raise InputError(Problem(where, f"persons is {persons!r}", "a number of 0 or more is needed"))
    if boundary is None:
        return float(persons), source
    import shapely

    whole = shapely.transform(boundary, cells.plane.metres)
    covered_m2, what = float(cells.area_m2.sum()), "which the zones cover"
    if known is not None:
        across = shapely.convex_hull(shapely.multipoints(cells.plane.metres(known.lonlat)))
        covered_m2, what = max(covered_m2, shapely.area(shapely.intersection(across, whole))), "which the streets reach"
    share = min(1.0, covered_m2 / shapely.area(whole))
    return float(persons) * share, f"{persons:,.0f} ({source}) x {share:.1%} of the area, {what}"


def _sites(job: _Job, roads: Roads) -> list[Site]:
    """Of the tables that the recipe names."""
    sites: list[Site] = []
    for recipe in job.spec.places:
        how = {name: recipe.get(name) for name in ("crs", "kind", "kinds", "columns")}
        sites += sites_of_table(job.inputs.path(recipe["file"]), roads=roads, parameters=job.parameters, **how)
    return sites


def _places(job: _Job, roads: Roads, features: Features, listed: list[Site], **others: Any) -> Candidates:
    """All places with their plugs and feeders, and what is told of them."""
    how: dict[str, Any] = {"features": features, "listed": listed, "roads": roads, "parameters": job.parameters}
    found = candidates(job.spec, job.inputs.path, **how, **others)
    for row in found.assumed:
        job.tell(*row)
    job.report.say(*found.lines)
    return found


def _lots(job: _Job, **known: Any) -> FoundLots:
    """All lots, and what is told of them."""
    found = city_lots(job.spec.parking, job.inputs.path, parameters=job.parameters, **known)
    for row in found.assumed:
        job.tell(*row)
    job.report.say(*found.lines)
    return found


def _bike_points(job: _Job, **known: Any) -> BikePoints:
    """Where shared bikes stand, and what is told of it."""
    found = city_bike_points(job.spec.bikes, job.inputs.path, parameters=job.parameters, **known)
    for row in found.assumed:
        job.tell(*row)
    job.report.say(*found.lines)
    return found.points


def _sources(job: _Job, roads: Roads, data: OsmData) -> list[Source]:
    """The lines the recipe names, else those on the map, else none: then distance stands for them."""
    sources = [_source(job, recipe, roads, data) for recipe in job.spec.transit]
    if not sources and (drawn := lines_of_map(data, job.parameters)) is not None:
        sources = [_told(job, drawn, "map", f"routes of the map; {_ASSUMED}")]
    if not sources:
        stops = data.features.lonlat[data.features.of_kind("bus_stop", "tram_stop", "station", "subway_entrance")]
        sources = [no_lines(stops)]
        how = "no line is known: distance along the streets at an assumed speed, walk to the nearest stop on the map"
        job.tell("transit", str(len(stops)), "stops on the map", how)
        job.report.say(f"transit is an estimate: {how}")
    return sources


def _transit(job: _Job, roads: Roads, sources: list[Source]) -> Transit:
    """The City part of bus and rail, and what is told of it."""
    part, beyond = transit_part(sources, roads, job.parameters)
    if beyond:
        job.report.say(f"{beyond:,} stops lie beyond the streets that were read and are left out")
    if centres := int(part.stations.entrance_is_centre.sum()):
        how = "no entrance is known: the middle of the station stands for one"
        job.tell("transit.entrances", str(centres), "stations", how)
    lines, stations = len(part.line_id), len(part.stations.id)
    if lines:
        job.report.say(
            f"transit: {lines:,} lines and directions calling at {part.served.sum():,} stops, {stations:,} stations "
            f"with {len(part.stations.entrance_id):,} entrances"
        )
    return part


def _source(job: _Job, recipe: Mapping[str, Any], roads: Roads, data: OsmData) -> Source:
    """What one entry of the recipe tells of bus and rail."""
    if recipe.get("osm"):
        drawn = lines_of_map(data, job.parameters)
        if drawn is None:
            hint = "leave the entry out, or name a table of lines or a GTFS feed"
            raise InputError(Problem(f"{job.spec.id}/city.toml [transit] osm", "the map holds no routes", hint))
        return _told(job, drawn, "map", f"routes of the map; {_ASSUMED}")
    if "gtfs" in recipe:
        return _feed(job, recipe, roads)
    return _lines(job, recipe, roads)


def _lines(job: _Job, recipe: Mapping[str, Any], roads: Roads) -> Source:
    """Lines without a timetable."""
    files = {n: job.inputs.path(recipe[n]) for n in ("file", "lines", "stations", "entrances") if n in recipe}
    how: dict[str, Any] = {name: recipe.get(name) for name in ("mode", "crs", "columns")}
    how |= {"roads": roads, "parameters": job.parameters, "lines": files.get("lines")}
    if "stations" in recipe:
        how |= {"entrances": files.get("entrances"), "from_year": recipe.get("from_year")}
        read = read_line_features(files["file"], files["stations"], **how)
    else:
        read = read_line_table(files["file"], **how)
    return _told(job, read, files["file"].name, f"stops and lines are data; {_ASSUMED}")


def _told(job: _Job, source: Source, name: str, how: str) -> Source:
    job.tell(f"transit.{name}", str(len(source.lines)), "lines and directions", how)
    return source


def _feed(job: _Job, recipe: Mapping[str, Any], roads: Roads) -> Source:
    """Transit by a published timetable."""
    path = job.inputs.path(recipe["gtfs"])
    how = {name: str(recipe[name]) for name in ("date", "crs") if name in recipe}
    feed = read_gtfs(path, roads=roads, parameters=job.parameters, **how)
    job.rows.append(("transit", feed.date, "service date", f"timetable of {path.name}: {feed.trips} trips", False))
    if feed.headway_trips:
        source = "the feed gives their headway only: the first is taken to leave when its period starts"
        job.tell("transit.headway_trips", str(feed.headway_trips), "trips", source)
    job.report.say(
        f"timetable of {path.name}: service date {feed.date}, {feed.trips:,} trips "
        f"({feed.headway_trips:,} of them stand for a headway)",
        *feed.notes,
    )
    return feed.source
