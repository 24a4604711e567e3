"""One door to the cities for every face: API, command line and jobs ask here, and get the same answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from network import (
    METRICS,
    City,
    CityDay,
    Contributions,
    Elasticities,
    GreenDefinition,
    InputError,
    Outcome,
    Problem,
    Scenario,
    Settled,
    StreetMetric,
    UnknownId,
    between_zones,
    contributions,
    digest_of,
    diversion,
    elasticities,
    metric_of,
    settled,
    simulate,
    travel_times,
)
from network.io import Parameters, city_ids, load_city, stored_digest
from optimise import Progress as SolverProgress
from service import access, carbon, congestion, explain, green, policy, replay, streets
from service.cache import Cache
from service.congestion_schemas import Congestion
from service.explain_schemas import ElasticityAnswer, ElasticityRequest, ExplanationAnswer, ExplanationRequest
from service.pivot_schemas import BaseShares, pivot_answer
from service.proposals import AnyProposal, Base, kind_of
from service.replay_schemas import ChargingReplayAnswer, ChargingReplayRequest
from service.schemas import (
    CityAnswer,
    CityRef,
    Default,
    MetricInfo,
    PlanRequest,
    ProposalAnswer,
    TargetRow,
    WhatIfAnswer,
    scenario_json,
)
from service.settings import Settings
from service.spots import Changed
from service.street_schemas import (
    AccessAnswer,
    AccessRequest,
    IsochroneAnswer,
    IsochroneRequest,
    MatrixAnswer,
    MatrixRequest,
    NearestAnswer,
    NearestRequest,
    RouteAnswer,
    RouteRequest,
)

_CARD = "city.json"

UNITS = {
    name: MetricInfo(unit=m.unit, better=m.better, label_en=m.label_en, label_zh=m.label_zh)
    for name, m in METRICS.items()
}


class WhatIfOptions(NamedTuple):
    """What a what-if is asked for besides."""

    replaced: bool = False
    """Which trips replaced which."""
    congestion: bool = False
    """Both days at the times their own traffic causes."""
    base_shares: BaseShares | None = None
    """Counted shares, and what becomes of them."""


class Engine:
    """Loads cities, answers what-ifs, runs proposals; remembers by digest. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._cities: Cache[City] = Cache(settings.cities_kept)
        self._changed: Cache[City] = Cache(settings.cities_kept)
        self._bases: Cache[Base] = Cache(settings.cities_kept)
        self._metrics: Cache[StreetMetric] = Cache(settings.cities_kept)
        self._counts: Cache[npt.NDArray[np.float64]] = Cache(settings.answers_kept)
        self._congested: Cache[Settled] = Cache(1)  # its traffic takes a hundred megabytes
        self._answers: Cache[WhatIfAnswer] = Cache(settings.answers_kept)
        self._effects: Cache[Contributions] = Cache(settings.cities_kept)
        self._elasticities: Cache[Elasticities] = Cache(settings.cities_kept)

    def city_ids(self) -> list[str]:
        """Cities that have been built."""
        return sorted(card.parent.name for card in self.settings.cities_folder.glob(f"[!.]*/{_CARD}"))

    def require(self, city_id: str) -> Path:
        """Folder of a built city. Raises UnknownId with the remedy where it was never built."""
        folder = self.settings.city_folder(city_id)
        if not (folder / _CARD).is_file():
            built = ", ".join(self.city_ids()) or "none"
            source = "" if city_id in city_ids(self.settings.data_folder) else " --roads FILE"
            hint = f"luxing build {city_id}{source}; built are: {built}"
            raise UnknownId(Problem(f"city {city_id!r}", "is not built", hint))
        return folder

    def loaded(self, city_id: str) -> City:
        """A built city. Raises UnknownId where it was never built, InputError where it is damaged."""
        folder = self.require(city_id)
        return self._cities.get((city_id, stored_digest(folder)), lambda: load_city(folder))

    def base(self, city_id: str) -> Base:
        """A built city as it is. Raises UnknownId where it was never built, InputError where it is damaged."""
        city = self.loaded(city_id)

        def make() -> Base:
            travel = travel_times(city)
            flows = between_zones(city, travel)
            return Base(city, travel, simulate(city, travel, flows), flows)

        return self._bases.get((city_id, city.digest), make)

    def changed(self, city_id: str, scenario: Scenario) -> Changed:
        """A built city and what a scenario makes of it; no day is simulated.

        Raises UnknownId, ScenarioError, and InputError where there are too many edits.
        """
        self.check_edits(scenario)
        city = self.loaded(city_id)
        key = city.digest, scenario_digest(scenario)
        return Changed(_ref(city), self._changed.get(key, lambda: scenario.apply(city)))

    def city(self, city_id: str) -> CityAnswer:
        base = self.base(city_id)
        city = base.city
        sizes = {"zones": len(city.zones.id), "places": len(city.places.id), "streets": len(city.roads.way_id)}
        return CityAnswer(
            city=_ref(city),
            areas=list(city.areas),
            sizes=sizes | {"segments": len(city.roads.edges)},
            metrics=base.outcome.metrics,
            units=UNITS,
            green_shares=green.shares(self.green_definitions(), base.outcome),
            carbon=carbon.carbon(city, base.outcome),
            defaults=_defaults(city),
            attribution=attribution(city),
        )

    def targets(self, city_id: str, outturns: Path | None = None) -> list[TargetRow]:
        """Every row of the policy targets, and how the city stands; `outturns` is a file of reported figures."""
        base = self.base(city_id)
        return self._targets(base.city, base.outcome, outturns)

    def _targets(self, city: City, outcome: Outcome, outturns: Path | None = None) -> list[TargetRow]:
        shares = green.shares(self.green_definitions(), outcome)
        return policy.targets(self.settings.data_folder, city.areas, outcome.metrics, shares, outturns)

    def green_definitions(self) -> tuple[GreenDefinition, ...]:
        """What counts as green, in every reading there is. Raises InputError where the file cannot be used."""
        return green.definitions(self.settings.data_folder)

    def what_if(self, city_id: str, scenario: Scenario, asked: WhatIfOptions | None = None) -> WhatIfAnswer:
        """The city after a scenario against the city as it is, with what is asked for besides.

        Raises UnknownId for the city, ScenarioError with every problem of the scenario, InputError where there are
        too many edits, where the shares do not fit, and where the city is too large for congestion.
        """
        self.check_edits(scenario)
        return self._what_if(city_id, scenario, asked or WhatIfOptions())

    def check_edits(self, scenario: Scenario) -> None:
        """Raises InputError where there are too many."""
        count, most = len(scenario.edits), self.settings.edits_most
        if count > most:
            hint = "ask for fewer at a time, or raise LUXING_EDITS_MOST"
            raise InputError(Problem("edits", f"{count:,} edits are above {most:,}", hint))

    def _what_if(self, city_id: str, scenario: Scenario, asked: WhatIfOptions) -> WhatIfAnswer:
        """However many edits: a plan has as many as it has sites."""
        base = self.base(city_id)
        key = scenario_digest(scenario)
        others = asked.replaced, asked.congestion, json.dumps(asked.base_shares)
        return self._answers.get((base.city.digest, key, *others), lambda: self._compared(base, scenario, key, asked))

    def _compared(self, base: Base, scenario: Scenario, key: str, asked: WhatIfOptions) -> WhatIfAnswer:
        city = scenario.apply(base.city)
        more: dict[str, Any] = {}
        if asked.congestion:
            base, day, more["congestion"] = self._with_congestion(base, city)
        else:
            day = base.day_of(city)
        if asked.replaced:
            days = (CityDay(d.city, d.travel, between_zones(d.city, d.travel, d.flows).trips) for d in (base, day))
            more["replaced"] = carbon.replaced(diversion(*days))
        if asked.base_shares is not None:
            more["pivot"] = pivot_answer(asked.base_shares, base.outcome, day.outcome)
        return self._answer(base, city, day.outcome, key).model_copy(update=more)

    def _with_congestion(self, base: Base, city: City) -> tuple[Base, Base, Congestion]:
        """The days of the city as it is and of the changed one, each at the times its own traffic causes."""
        zones, most = len(city.zones.id), self.settings.congestion_most_zones
        if zones > most:
            hint = "ask without congestion, or raise LUXING_CONGESTION_MOST_ZONES"
            raise InputError(Problem("congestion", f"{zones:,} zones are above {most:,}", hint))
        was = self._congested.get(base.city.digest, lambda: settled(base.city, base.travel, base.flows))
        now = was
        if city.digest != base.city.digest:
            now = settled(city, travel_times(city, base.travel), base.flows, was)
        before, after = (Base(c, day.travel, day.outcome, day.flows) for c, day in ((base.city, was), (city, now)))
        return before, after, Congestion(base=congestion.day_of(base.city, was), changed=congestion.day_of(city, now))

    def _answer(self, base: Base, city: City, changed: Outcome, key: str) -> WhatIfAnswer:
        before, after = base.outcome.metrics, changed.metrics
        difference = {name: _minus(after[name], before[name]) for name in METRICS}
        return WhatIfAnswer(
            city=_ref(base.city),
            changed_digest=city.digest,
            scenario_digest=key,
            base=before,
            changed=after,
            difference=difference,
            units=UNITS,
            green_shares=green.changes(self.green_definitions(), base.outcome, changed),
            carbon_base=carbon.carbon(base.city, base.outcome),
            carbon_changed=carbon.carbon(city, changed),
            targets=[row for row in self._targets(city, changed) if row.readings],
            defaults=_defaults(city),
            attribution=attribution(city),
        )

    def explained(
        self, city_id: str, asked: ExplanationRequest, report: Callable[[int, int], None] | None = None
    ) -> ExplanationAnswer:
        """Which edit moved what by how much; `report` hears how many edits are done, and of how many.

        Raises UnknownId for the city, ScenarioError, and InputError for the zone and where there are too many edits.
        """
        explain.check_count(asked, self.settings.explained_most)
        base, key, scenario = self.base(city_id), scenario_digest(asked.scenario), asked.scenario
        zone = explain.zone_at(base.city, asked.zone)

        def days() -> Contributions:
            how = base.travel, base.flows, base.outcome
            return contributions(base.city, scenario, travel=how[0], flows=how[1], base=how[2], report=report)

        found = self._effects.get((base.city.digest, key), days)
        common = {"city": _ref(base.city), "scenario_digest": key, "defaults": _defaults(found.city)}
        return explain.explanation(found, asked, zone, attribution=attribution(found.city), **common)

    def elasticities(
        self, city_id: str, asked: ElasticityRequest, report: Callable[[int, int], None] | None = None
    ) -> ElasticityAnswer:
        """How trips answer to prices and times. Raises UnknownId for the city, and InputError for the zone, for the
        file of bands and for signs that cannot be.
        """
        base, data = self.base(city_id), self.settings.data_folder
        zone, flows = explain.zone_at(base.city, asked.zone), base.flows or between_zones(base.city, base.travel)
        find = partial(elasticities, base.city, base.travel, flows, report)
        found = self._elasticities.get(base.city.digest, find)
        common = {"city": _ref(base.city), "defaults": _defaults(base.city), "attribution": attribution(base.city)}
        return explain.elasticity_answer(data, found, asked, zone, **common)

    def charging_replay(
        self, city_id: str, asked: ChargingReplayRequest, report: Callable[[int, int], None] | None = None
    ) -> ChargingReplayAnswer:
        """Days at the plugs; `report` hears how many queues are done, and of how many.

        Raises UnknownId for the city, ScenarioError, and InputError where there are too many drivers.
        """
        base = self.base(city_id)
        day = base.day_of(asked.scenario.apply(base.city))
        common = {"city": _ref(base.city), "scenario_digest": scenario_digest(asked.scenario)}
        told = {"defaults": _defaults(day.city), "attribution": attribution(day.city)}
        return replay.charging_replay(day, asked, self.settings.replay_most_drivers, report, **common, **told)

    def route(self, city_id: str, asked: RouteRequest) -> RouteAnswer:
        """The quickest way. Raises UnknownId, ScenarioError, InputError for points beyond the streets."""
        return streets.route(self.changed(city_id, asked.scenario), asked)

    def isochrones(self, city_id: str, asked: IsochroneRequest) -> IsochroneAnswer:
        """What can be reached within limits. Raises as `route` does."""
        most_points = int(self._parameters.positive("maps.area_points"))
        beside_m = self._parameters.positive("maps.beside_m")
        return streets.isochrones(self.changed(city_id, asked.scenario), asked, beside_m, most_points)

    def nearest(self, city_id: str, asked: NearestRequest) -> NearestAnswer:
        """The places that are quickest to reach. Raises as `route` does."""
        return streets.nearest(self.changed(city_id, asked.scenario), asked)

    def matrix(self, city_id: str, asked: MatrixRequest) -> MatrixAnswer:
        """Times and lengths between lists of points. Raises as `route` does, and InputError where it is too large."""
        changed = self.changed(city_id, asked.scenario)

        def metric(mode: int) -> StreetMetric:
            return self._metrics.get((changed.city.digest, mode), lambda: metric_of(changed.city.roads, mode))

        return streets.matrix(changed, asked, self.settings.matrix_most_cells, metric)

    def access(self, city_id: str, asked: AccessRequest) -> AccessAnswer:
        """How much lies within minutes of every zone. Raises as `route` does."""
        question = asked.mode, asked.of, asked.kind, *asked.minutes

        def counts(city: City) -> npt.NDArray[np.float64]:
            return self._counts.get((city.digest, question), lambda: access.counts(city, asked))

        return access.access(self.changed(city_id, asked.scenario), self.loaded(city_id), asked, counts)

    @cached_property
    def _parameters(self) -> Parameters:
        return Parameters.load(self.settings.data_folder)

    def propose(
        self, city_id: str, request: PlanRequest, progress: Callable[[SolverProgress], None] | None = None
    ) -> tuple[City, AnyProposal]:
        """A plan of the kind that is asked for. Raises UnknownId, and InputError for what the request holds."""
        request.must_agree()
        base = self.base(city_id)
        found = kind_of(request).solve(base, request, progress)
        return base.city, policy.told(found, self.settings.data_folder, base.city.areas)

    def proposed(self, city_id: str, request: PlanRequest, report: Callable[[dict[str, Any]], None]) -> ProposalAnswer:
        """The same as an answer; `report` hears of the progress as the fields of schemas.Progress."""

        def listen(progress: SolverProgress) -> None:
            report(progress_fields(progress, request.seconds))

        _, proposal = self.propose(city_id, request, listen)
        plan = proposal.plan
        if plan.status != "infeasible":
            report({"limit_s": request.seconds, "incumbent": plan.value, "bound": plan.bound, "gap": plan.gap})
        scenario = plan.as_scenario()
        return ProposalAnswer(
            plan=plan.to_dict(),
            scenario=scenario_json(scenario),
            verdicts=[v.to_dict() for v in proposal.verdicts],
            what_if=self._what_if(city_id, scenario, WhatIfOptions()),
        )


def attribution(city: City) -> list[str]:
    """Whose data the city shows."""
    return [str(text) for text in city.provenance.attribution]


def scenario_digest(scenario: Scenario) -> str:
    """sha256 of what the edits say; the name of a scenario changes nothing."""
    return digest_of(json.dumps([asdict(edit) for edit in scenario.edits], sort_keys=True))


def progress_fields(progress: SolverProgress, limit_s: float | None) -> dict[str, Any]:
    """A solver's progress as the fields of schemas.Progress that a job stores."""
    return {
        "limit_s": limit_s,
        "incumbent": progress.objective,
        "bound": progress.bound,
        "gap": progress.gap,
    }


def _ref(city: City) -> CityRef:
    return CityRef(id=city.id, name=city.name, digest=city.digest)


def _defaults(city: City) -> list[Default]:
    return [Default(**row) for row in city.provenance.defaults()]


def _minus(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before
