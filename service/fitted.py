"""What an estimate or a calibration tells, as parameters of a city's recipe."""

from __future__ import annotations

from collections.abc import Sequence

from network import (
    ALL_RESIDENTS,
    City,
    CityFit,
    ClassFit,
    Estimate,
    Sessions,
    SurveyModel,
    TripRecords,
    UseProfile,
    behaviour_from,
    energy_hours,
    units,
)
from network.io import Fitted, Parameters, Value

_CONSTANT, _DECAY = "behaviour.constant", "behaviour.gravity_beta_per_min"
RESIDENT_PURPOSES = tuple(p for u, p in enumerate(units.PURPOSES) if u != units.VISITOR)


def of_estimate(
    model: SurveyModel, trips: TripRecords, found: Estimate, known: Parameters, *, purposes: Sequence[str], file: str
) -> dict[str, Fitted]:
    """The parameters of an estimate for some purposes, all of residents where none is named.

    What it does not tell stays as the city has it, and with it the flag. Raises InputError as `behaviour_from` does.
    """
    names = {term.parameter for term in model.terms_of(trips) if term.parameter} | {"nest_scale"}
    base = {name: known.array(f"behaviour.{name}") for name in names}
    values = behaviour_from(model, trips, found, base, purposes or RESIDENT_PURPOSES)
    of = f" ({', '.join(purposes)})" if purposes else ""
    told = f"estimated from {file}{of}, {len(trips)} trips, LL {found.log_likelihood:.3f}, rho2 {found.rho2:.3f}"
    out = {}
    for name, value in values.items():
        before = known.parameter(f"behaviour.{name}")
        out[f"behaviour.{name}"] = _in_part(value.tolist(), told, before.source, default=before.default)
    return out


def of_fit(city: City, fit: CityFit, files: Sequence[str]) -> dict[str, Fitted]:
    """The parameters of a calibrated city that moved. Where some purposes were not counted, the flag stays."""
    source = "calibrated to " + " and ".join(files)
    old, new = city.behaviour, fit.city.behaviour
    counted = {row.segment for row in fit.shares}
    out = {_CONSTANT: _after(city, _CONSTANT, new.constant.tolist(), source, of=counted)}
    if fit.minutes:
        timed = {row.purpose for row in fit.minutes}
        out[_DECAY] = _after(city, _DECAY, new.gravity_beta_per_min.tolist(), source, of=timed)
    return {key: one for key, one in out.items() if key != _CONSTANT or (old.constant != new.constant).any()}


def of_sessions(
    log: Sessions, fits: Sequence[ClassFit], known: Parameters, files: Sequence[str], *, near_home: bool
) -> dict[str, Fitted]:
    """The parameters of charging that a log tells; classes that are not in it stay as the city has them.

    Hours of slow plugs are told only where these stand `near_home`.
    """
    by_class = {units.CHARGERS.index(fit.charger): fit for fit in fits}
    source = f"fitted to {len(log):,} sessions of {' and '.join(files)}"
    quick = {c: fit for c, fit in by_class.items() if c != units.SLOW}
    efficiency = known.number("charging.plug_efficiency")
    kwh = {c: round(fit.kwh, 2) for c, fit in by_class.items()}
    out = {"charging.session_kwh": _by_class(known, "charging.session_kwh", kwh, source)}
    if quick:
        kw = {c: round(fit.kw / efficiency, 2) for c, fit in quick.items()}
        out["charging.vehicle_kw"] = _by_class(known, "charging.vehicle_kw", kw, source)
        out["charging.fast_hours"] = Fitted(energy_hours(log, list(quick)).round(5).tolist(), source)
    if units.SLOW in by_class:
        slow = by_class[units.SLOW]
        out["charging.parked_min"] = Fitted(round(slow.minutes, 1), source)
        if near_home:
            out["charging.residence_hours"] = Fitted(slow.energy_hours.round(5).tolist(), source)
    return out


def of_use(found: UseProfile, known: Parameters, use: str, files: Sequence[str]) -> dict[str, Fitted]:
    """The parameters of a land use that series of its lots tell; the other uses stay as the city has them."""
    few = ", ".join(name for name, some in zip(units.DAY_TYPES, found.few, strict=True) if some)
    source = f"{use} fitted to series of {found.lots} lots in {' and '.join(files)}"
    source += f" (few days of {few})" if few else ""
    rows = {
        "parking.peak_share": round(found.peak_share, 3),
        "parking.profile_share": found.profile_share.round(3).tolist(),
        "parking.day_factor": found.day_factor.round(3).tolist(),
    }
    out = {}
    for key, row in rows.items():
        before = known.parameter(key)
        value = known.array(key).tolist()
        value[units.LAND_USES.index(use)] = row
        out[key] = _in_part(value, source, before.source, default=before.default)
    return out


def _by_class(known: Parameters, key: str, own: dict[int, float], source: str) -> Fitted:
    """A list by class of charger, in which the classes that are told are replaced."""
    before = known.parameter(key)
    value = [own.get(c, x) for c, x in enumerate(known.array(key).tolist())]
    if len(own) == len(value):
        return Fitted(value, source)
    names = ", ".join(units.CHARGERS[c] for c in sorted(own))
    return _in_part(value, f"{source} ({names})", before.source, default=before.default)


def _after(city: City, key: str, value: Value, source: str, *, of: set[str]) -> Fitted:
    at = city.provenance.key.tolist().index(key) if key in city.provenance.key else -1
    before = str(city.provenance.source[at]) if at >= 0 else "unknown"
    default = bool(city.provenance.is_default[at]) if at >= 0 else False
    if of >= {*units.PURPOSES}:
        return Fitted(value, source)
    who = "all residents together" if ALL_RESIDENTS in of else ", ".join(p for p in units.PURPOSES if p in of)
    return _in_part(value, f"{source} ({who})", before, default=default)


def _in_part(value: Value, told: str, before: str, *, default: bool) -> Fitted:
    return Fitted(value, before if told in before else f"{told}; the rest: {before}", default=default)
