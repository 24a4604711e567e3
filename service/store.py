"""The job table: SQLite by default, any database SQLAlchemy knows by its address. Every change is one statement."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import JSON, Column, DateTime, Integer, MetaData, Row, String, Table, create_engine, event, select
from sqlalchemy.engine import make_url

ACCEPTED: Final = "accepted"
RUNNING: Final = "running"
SUCCESSFUL: Final = "successful"
FAILED: Final = "failed"
DISMISSED: Final = "dismissed"
OPEN: Final = (ACCEPTED, RUNNING)

_tables = MetaData()
JOBS: Final = Table(
    "jobs",
    _tables,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("process", String(64), nullable=False),
    Column("city", String(256), nullable=False),
    Column("request", JSON, nullable=False),
    Column("service", String(512), nullable=False, index=True),
    Column("status", String(16), nullable=False, index=True),
    Column("message", String, nullable=False, default=""),
    Column("progress", JSON(none_as_null=True)),
    Column("result", JSON(none_as_null=True)),
    Column("problems", JSON(none_as_null=True)),
    Column("created", DateTime, nullable=False),
    Column("started", DateTime),
    Column("updated", DateTime, nullable=False),
    Column("finished", DateTime),
)
_SUMMARY = [c for c in JOBS.c if c.name not in {"result", "request"}]


class Store:
    """The jobs of one database. Safe to share between threads; open one per process."""

    def __init__(self, url: str) -> None:
        address = make_url(url)
        sqlite = address.get_backend_name() == "sqlite"
        if sqlite and address.database and address.database != ":memory:":
            Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(address)
        if sqlite:
            event.listen(self._engine, "connect", _prepare_sqlite)
        _tables.create_all(self._engine)

    def close(self) -> None:
        self._engine.dispose()

    def add(self, process: str, city: str, request: Mapping[str, Any], service: str) -> str:
        """Accept a job; returns its id."""
        job_id, now = uuid.uuid4().hex, _now()
        row = {"id": job_id, "process": process, "city": city, "request": dict(request), "service": service}
        with self._engine.begin() as connection:
            connection.execute(JOBS.insert().values(**row, status=ACCEPTED, created=now, updated=now))
        return job_id

    def get(self, job_id: str) -> Row[Any] | None:
        """State of a job, without its request and result."""
        with self._engine.connect() as connection:
            return connection.execute(select(*_SUMMARY).where(JOBS.c.id == job_id)).one_or_none()

    def task(self, job_id: str) -> Any:
        """What a job has to do: process, city, request."""
        with self._engine.connect() as connection:
            return connection.execute(
                select(JOBS.c.process, JOBS.c.city, JOBS.c.request).where(JOBS.c.id == job_id)
            ).one()

    def result(self, job_id: str) -> Any:
        with self._engine.connect() as connection:
            return connection.execute(select(JOBS.c.result).where(JOBS.c.id == job_id)).scalar_one()

    def start_next(self, service: str) -> str | None:
        """Move the oldest waiting job of a service to running; None where none waits."""
        waiting = select(JOBS.c.id).where(JOBS.c.service == service, JOBS.c.status == ACCEPTED).order_by(JOBS.c.number)
        while True:
            with self._engine.connect() as connection:
                job_id = connection.execute(waiting.limit(1)).scalar_one_or_none()
            if job_id is None or self._move(job_id, (ACCEPTED,), "started", status=RUNNING):
                return job_id

    def progress(self, job_id: str, progress: Mapping[str, Any]) -> None:
        self._move(job_id, (RUNNING,), progress=dict(progress))

    def succeed(self, job_id: str, result: Any, message: str = "") -> None:
        self._move(job_id, (RUNNING,), "finished", status=SUCCESSFUL, result=result, message=message)

    def fail(self, job_id: str, message: str, problems: Mapping[str, Any] | None = None) -> None:
        """`problems` holds the class name of the error under `kind` and its problems under `errors`."""
        self._move(job_id, OPEN, "finished", status=FAILED, message=message, problems=problems)

    def dismiss(self, job_id: str) -> None:
        """Stop an open job, or forget the result of a finished one."""
        gone = {"status": DISMISSED, "result": None, "problems": None}
        if not self._move(job_id, OPEN, "finished", **gone, message="stopped on request"):
            self._move(job_id, (SUCCESSFUL, FAILED), **gone, message="finished, then dismissed on request")

    def fail_running(self, service: str, message: str) -> None:
        """Fail every job that a service which is no more left running."""
        now = _now()
        of_service = JOBS.update().where(JOBS.c.service == service, JOBS.c.status == RUNNING)
        with self._engine.begin() as connection:
            connection.execute(of_service.values(status=FAILED, message=message, updated=now, finished=now))

    def _move(self, job_id: str, states: tuple[str, ...], *stamps: str, **values: Any) -> bool:
        """Change a job if it is in one of these states, in one statement; whether it was. `stamps` are set to now."""
        times = dict.fromkeys((*stamps, "updated"), _now())
        change = JOBS.update().where(JOBS.c.id == job_id, JOBS.c.status.in_(states)).values(**values, **times)
        with self._engine.begin() as connection:
            return connection.execute(change).rowcount == 1


def _now() -> datetime:
    """Now, in UTC, without a zone: SQLite keeps none."""
    return datetime.now(UTC).replace(tzinfo=None)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Readers never wait for the writer, and two writers wait for each other rather than fail."""
    cursor = connection.cursor()
    for setting in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()
