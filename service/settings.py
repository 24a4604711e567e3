"""Where things are and how much is allowed: read from the environment (LUXING_...) in this file alone."""

from __future__ import annotations

import re
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import platformdirs
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from network import InputError, Problem, UnknownId

_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")
_PREFIX: Final = "LUXING_"
_RECORDED: Final = ("luxing", "numba", "numpy", "ortools", "scipy")


class Settings(BaseSettings):
    """The settings of one run. Each has an environment variable: LUXING_HOME, LUXING_DATA, LUXING_JOBS_AT_ONCE, ..."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="ignore")

    home: Path = Field(default_factory=lambda: platformdirs.user_data_path("luxing"))
    """Folder of what users build: cities, plans and the job database."""
    data: Path | None = None
    """Folder of parameters, policy targets and city descriptions; see `data_folder`."""
    database_url: str | None = None
    """SQLAlchemy address of the job database; a SQLite file in `home` unless given."""
    jobs_at_once: int = Field(default=1, ge=1)
    """Jobs that run at the same time; the rest wait."""
    body_most_bytes: int = Field(default=4_000_000, gt=0)
    """Largest request body."""
    cities_kept: int = Field(default=4, ge=1)
    """Cities held in memory."""
    answers_kept: int = Field(default=256, ge=0)
    """What-if answers held in memory."""
    matrix_most_cells: int = Field(default=1_000_000, ge=1)
    """Largest matrix of times: origins times destinations."""
    congestion_most_zones: int = Field(default=1000, ge=0)
    """Largest city that is asked with congestion at once: seconds for hundreds of zones, minutes for thousands."""
    edits_most: int = Field(default=500, ge=0)
    """Most edits of a what-if, or made before a question to the streets; a plan that Luxing made may have more."""
    explained_most: int = Field(default=20, ge=0)
    """Most edits of a scenario whose effects are told apart: each takes two days."""
    replay_most_drivers: int = Field(default=5_000_000, ge=0)
    """Most drivers of a replay, days times those of a day; close to their limit queues take up to 50 times as many."""
    replay_most_cars: int = Field(default=100_000_000, ge=0)
    """Most cars of a replay of car parks, days of each type times those of a day; close to what is promised a car park
    takes up to 25 times as many."""
    replay_most_riders: int = Field(default=100_000_000, ge=0)
    """Most riders of a replay of shared bikes: days times those of a day, times the rows and fleets compared."""

    @cached_property
    def data_folder(self) -> Path:
        """The data folder: `--data` or LUXING_DATA, else ./data, else the installed `luxing_data`.

        Raises InputError where none of them holds data.
        """
        if self.data is not None:
            if not _holds_data(self.data):
                hint = "name the folder that holds parameters/, policy/ and cities/"
                raise InputError(Problem(str(self.data), "is not a Luxing data folder", hint))
            return self.data.absolute()
        if _holds_data(here := Path("data")):
            return here.absolute()
        installed = find_spec("luxing_data")
        for folder in (installed.submodule_search_locations or []) if installed else []:
            return Path(folder)
        hint = "name it with --data or LUXING_DATA, run in a folder that has one, or install the package"
        raise InputError(Problem("data", "no data folder is found", hint))

    @property
    def cities_folder(self) -> Path:
        return self.home / "cities"

    @property
    def plans_folder(self) -> Path:
        return self.home / "plans"

    def city_folder(self, city_id: str) -> Path:
        """Where a built city is kept. Raises UnknownId for what cannot be an id: ids are plain names, never paths."""
        if not _ID.fullmatch(city_id):
            hint = "ids are small letters, digits, - and _"
            raise UnknownId(Problem(f"city {city_id!r}", "is not the id of a city", hint))
        return self.cities_folder / city_id

    @property
    def database(self) -> str:
        """Address of the job database."""
        return self.database_url or f"sqlite:///{self.home / 'jobs.sqlite'}"


def read_settings(home: Path | None = None, data: Path | None = None) -> Settings:
    """Settings of the environment, under what the command line says. Raises InputError naming the variable."""
    given = {name: path for name, path in (("home", home), ("data", data)) if path is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        problems = [
            Problem(_PREFIX + "_".join(map(str, e["loc"])).upper(), e["msg"], f"it is {e['input']!r}")
            for e in error.errors()
        ]
        raise InputError(problems) from None


def luxing_version() -> str:
    """Version of the installed package."""
    return package_versions()["luxing"]


def package_versions() -> dict[str, str]:
    """Versions of what decides the numbers of a plan."""
    return {name: _version(name) for name in _RECORDED}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _holds_data(folder: Path) -> bool:
    return (folder / "parameters").is_dir()
