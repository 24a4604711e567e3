"""A mode-choice model as a survey is described by it, and what its coefficients are in the model of a city."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

import numpy as np

from network.behaviour import Behaviour
from network.demand.estimation import Estimate, estimate
from network.demand.likelihood import Nest
from network.demand.records import Kind, TripRecords, Variable, choices_of, constants
from network.errors import InputError, Problem
from network.part import F64, Bools, specs
from network.units import NESTS, PURPOSES, TRIP_MODES


class Term(NamedTuple):
    """A variable, and the field of Behaviour its coefficient is; none where the model of a city does not have it."""

    variable: Variable
    parameter: str = ""


class Offered(NamedTuple):
    """What is made of columns `<attribute>_<mode>` where a survey comes without a description."""

    coefficient: str
    kind: Kind
    attribute: str
    parameter: str


OFFERED: Final = (
    Offered("time", "time", "time_min", "time_per_min"),
    Offered("wait", "time", "wait_min", "wait_per_min"),
    Offered("walk", "time", "walk_min", "walk_per_min"),
    Offered("transfers", "time", "transfers", "transfer"),
    Offered("cost", "cost", "cost_cny", "cost_per_cny"),
)
BY_MODE: Final = ("time_per_min",)
PARAMETERS: Final = (*BY_MODE, *(o.parameter for o in OFFERED if o.parameter not in BY_MODE))
"""Fields of Behaviour that a variable can be; constants and nests are theirs by name."""


@dataclass(frozen=True, kw_only=True)
class SurveyModel:
    """How the trips of a survey are explained. Without terms: by what OFFERED finds among its columns."""

    modes: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {mode: (mode,) for mode in TRIP_MODES})
    """Mode of the survey -> those of the model it stands for."""
    reference: str = "car"
    terms: tuple[Term, ...] = ()
    nests: tuple[Nest, ...] = ()
    fixed: Mapping[str, float] = field(default_factory=dict)
    allow_signs: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    """Column -> its header in the table."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What stands in a cell -> mode or purpose."""
    scale: Mapping[str, float] = field(default_factory=dict)
    """Column -> what its numbers are multiplied by, to be minutes or CNY."""
    bands: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Column -> upper edges, from which columns `<column>_band_<n>` of 1 and 0 are made, the first band as n = 0."""
    household: str = ""
    """Column by which trips are held out together."""

    @property
    def columns(self) -> list[str]:
        """All columns that terms, bands, scales and households name and bands do not make."""
        named = [c for t in self.terms for c in t.variable.columns.values() if isinstance(c, str)]
        made = {f"{c}_band_{n}" for c, edges in self.bands.items() for n in range(len(edges) + 1)}
        others = [*self.bands, *self.scale, *filter(None, [self.household])]
        return [name for name in dict.fromkeys([*named, *others]) if name not in made]

    @property
    def attributes(self) -> list[str]:
        """The columns that end with a mode, without it."""
        if not self.terms:
            return [offered.attribute for offered in OFFERED]
        return list(dict.fromkeys(a for a, _ in map(self._parts, self.columns) if a))

    @property
    def numbers(self) -> list[str]:
        """The other columns."""
        own = {o.attribute for o in OFFERED} if not self.terms else set()
        return [c for c in self.columns if not self._parts(c)[0] and c not in own]

    @property
    def found_as(self) -> dict[str, str]:
        """Column -> header: what is named has to be there."""
        return {column: column for column in self.columns} | dict(self.headers)

    def _parts(self, column: str) -> tuple[str, str]:
        ending = next((m for m in sorted(self.modes, key=len, reverse=True) if column.endswith(f"_{m}")), "")
        return (column.removesuffix(f"_{ending}"), ending) if ending else ("", "")

    def prepared(self, trips: TripRecords) -> TripRecords:
        """The trips with columns scaled and cut into bands."""
        columns = {name: values * self.scale.get(name, 1.0) for name, values in trips.columns.items()}
        for name, edges in self.bands.items():
            band = np.digitize(columns[name], edges)
            columns |= {f"{name}_band_{n}": (band == n).astype(np.float64) for n in range(len(edges) + 1)}
        return replace(trips, columns=columns)

    def terms_of(self, trips: TripRecords) -> tuple[Term, ...]:
        """The terms, the constants first. Raises InputError where the reference is no mode of the trips."""
        if self.reference not in trips.modes:
            hint = f"name one of {', '.join(trips.modes)}"
            raise InputError(Problem(f"reference {self.reference!r}", "is not a mode of the survey", hint))
        offered = []
        for name, kind, attribute, parameter in OFFERED if not self.terms else ():
            own = {m: f"{attribute}_{m}" for m in trips.modes if f"{attribute}_{m}" in trips.columns}
            offered += [Term(Variable(name, kind, own), parameter)] if own else []
        return (*(Term(v, "constant") for v in constants(trips.modes, self.reference)), *self.terms, *offered)

    def estimated(self, trips: TripRecords) -> Estimate:
        """The model of prepared trips. Raises InputError as `choices_of` and `estimate` do."""
        choices = choices_of(trips, [term.variable for term in self.terms_of(trips)])
        return estimate(choices, nests=self.nests, fixed=self.fixed, allow_signs=self.allow_signs)


class HeldOut(NamedTuple):
    """What an estimate on some trips says of the others."""

    learnt: int
    trips: int
    modes: tuple[str, ...]
    observed: F64
    predicted: F64
    log_likelihood: float
    """Of a trip that was held out, and of one that was learnt from, on average."""
    log_likelihood_learnt: float

    @property
    def worst(self) -> float:
        return float(np.abs(self.observed - self.predicted).max())


def held_out(model: SurveyModel, trips: TripRecords, share: float, seed: int) -> HeldOut:
    """A check on prepared trips: a share of the households, drawn at random, is predicted from the rest.

    Where the model names no household, single trips are drawn. Raises InputError where too few are left to learn from.
    """
    out = _drawn(trips.columns[model.household] if model.household else trips.row, share, seed)
    if not out.any() or out.all():
        raise InputError(
            Problem(
                "held-out share",
                f"{share:g} of {len(trips)} trips leaves one side empty",
                "take another share, or more trips",
            )
        )
    found = model.estimated(trips.where(~out))
    rest = trips.where(out)
    choices = choices_of(rest, [term.variable for term in model.terms_of(rest)])
    shares, weight = found.shares(choices), choices.weight / choices.weight.sum()
    taken = np.maximum(shares[np.arange(len(rest)), rest.chosen], np.finfo(np.float64).tiny)
    return HeldOut(
        learnt=int((~out).sum()),
        trips=len(rest),
        modes=rest.modes,
        observed=choices.observed_shares,
        predicted=np.asarray(weight @ shares),
        log_likelihood=float(weight @ np.log(taken)),
        log_likelihood_learnt=found.log_likelihood / found.cases,
    )


def behaviour_from(
    model: SurveyModel, trips: TripRecords, found: Estimate, base: Mapping[str, F64], purposes: Sequence[str]
) -> dict[str, F64]:
    """The fields of Behaviour, of some purposes, that an estimate tells; the rest of them as in `base`.

    Constants are measured from that of the reference as `base` has it. Raises InputError where a coefficient is not one
    that a city may have.
    """
    us = [PURPOSES.index(purpose) for purpose in purposes]
    out: dict[str, F64] = {}
    for term in (t for t in model.terms_of(trips) if t.parameter):
        values = out.setdefault(term.parameter, base[term.parameter].copy())
        value = found[term.variable.coefficient]
        ks = [TRIP_MODES.index(m) for own in term.variable.columns for m in model.modes[own]]
        if term.parameter == "constant":
            anchor = TRIP_MODES.index(model.modes[model.reference][0])
            values[np.ix_(us, ks)] = value + base["constant"][us, anchor][:, None]
        elif term.parameter in BY_MODE:
            values[np.ix_(us, ks)] = value
        else:
            values[us] = value
    for nest in (n for n in model.nests if n.parameter in NESTS):
        scale = out.setdefault("nest_scale", base["nest_scale"].copy())
        scale[us, NESTS.index(nest.parameter)] = found[nest.parameter]
    if problems := list(_not_for_a_city(out)):
        raise InputError(problems)
    return out


def _drawn(who: F64 | np.ndarray, share: float, seed: int) -> Bools:
    each = np.unique(who)
    chosen = np.random.default_rng(seed).permutation(len(each))[: round(share * len(each))]
    return np.asarray(np.isin(who, each[chosen]))


def _not_for_a_city(values: Mapping[str, F64]) -> Iterator[Problem]:
    for name, spec in ((n, s) for n, s in specs(Behaviour).items() if n in values):
        if spec.high is not None and values[name].max() > spec.high:
            what = f"would be {values[name].max():+.4g} in the city, where it cannot be above {spec.high:g}"
            yield Problem(f"behaviour.{name}", what, "check the unit and sign of its columns, or fix the coefficient")
