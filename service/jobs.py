"""Long work: one spawned process per job, watched by the service that started it.

A job's process writes its progress and its end into the job table itself; the service sees to it that no process
outlives its job, and no job its process.
"""

from __future__ import annotations

import fcntl
import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import IO, Any, Final

from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError

from network import CityError, InputError, Problem, ScenarioError, UnknownId
from service.engine import Engine, progress_fields
from service.proposals import KINDS, Kind
from service.rebalancing import RebalancingRequest, rebalancing
from service.schemas import JobStatus, Link, Progress
from service.settings import Settings
from service.store import ACCEPTED, DISMISSED, FAILED, RUNNING, SUCCESSFUL, Store
from service.trade_off import TradeOffRequest, answer_of, trade_off

Report = Callable[[dict[str, Any]], None]
_WRITE_EVERY_S: Final = 0.5
_LOOK_EVERY_S: Final = 5.0
_SPAWN: Final = multiprocessing.get_context("spawn")
_MESSAGES: Final = {ACCEPTED: "waits for its turn", RUNNING: "is being worked on", SUCCESSFUL: "done"}
_log = logging.getLogger(__name__)


class ResultNotReady(CityError):
    """A job has no result yet."""


class ResultGone(CityError):
    """A job was dismissed and its result with it."""


class JobFailed(CityError):
    """A job ended without a result for a reason that is ours, not the request's."""


_KINDS: Final = {kind.__name__: kind for kind in (UnknownId, ScenarioError, InputError)}


def _proposed(kind: Kind, engine: Engine, city: str, request: dict[str, Any], report: Report) -> dict[str, Any]:
    return engine.proposed(city, kind.request(**request), report).model_dump(mode="json")


def _rebalanced(engine: Engine, city: str, request: dict[str, Any], report: Report) -> dict[str, Any]:
    asked = RebalancingRequest(**request)
    answer = rebalancing(engine, city, asked, lambda progress: report(progress_fields(progress, asked.seconds)))
    report({"limit_s": asked.seconds, "incumbent": answer.value, "bound": answer.bound, "gap": answer.gap})
    return answer.model_dump(mode="json")


def _traded_off(engine: Engine, city: str, request: dict[str, Any], report: Report) -> dict[str, Any]:
    asked = TradeOffRequest(**request)
    limit_s = asked.asked(asked.budgets_cny[0]).seconds
    curve = trade_off(engine, city, asked.budgets_cny, asked.asked, lambda p: report(progress_fields(p, limit_s)))
    return answer_of(curve).model_dump(mode="json")


PROCESSES: Final[dict[str, Callable[[Engine, str, dict[str, Any], Report], dict[str, Any]]]] = {
    "rebalancing": _rebalanced,
    "trade-off": _traded_off,
} | {name: partial(_proposed, kind) for name, kind in KINDS.items()}
"""What a job can do: name -> function of engine, city, request and a listener to progress."""


class Jobs:
    """The jobs of one service: accepts, starts, watches, dismisses. Every method may be called from any thread."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings, self._store = settings, store
        self._name = f"{socket.gethostname()}:{settings.home.absolute()}"
        self._lock = threading.Lock()
        self._running: dict[str, BaseProcess] = {}
        self._closing = False
        self._woken, self._wake = _SPAWN.Pipe(duplex=False)
        self._watcher = threading.Thread(target=self._watch, name="jobs", daemon=True)
        self._claim: IO[str] | None = None

    def start(self) -> None:
        """Take over the jobs of this home: what a service that is no more left running has failed, what waits goes on.

        Raises InputError where another service is at work on the same home.
        """
        self._claim = _claimed(self._settings)
        self._store.fail_running(self._name, "the service stopped while the job ran; ask again")
        self._watcher.start()

    def close(self) -> None:
        """Stop the running jobs, which end as failed; waiting jobs wait for the next service."""
        self._closing = True
        self._nudge()
        self._watcher.join()
        for job_id, process in self._running.items():
            self._store.fail(job_id, "the service was stopped while the job ran; ask again")
            _end(process)
        self._woken.close()
        self._wake.close()
        if self._claim:
            self._claim.close()

    def submit(self, process: str, city: str, request: dict[str, Any]) -> str:
        """Accept a job; returns its id."""
        job_id = self._store.add(process, city, request, self._name)
        self._nudge()
        return job_id

    def status(self, job_id: str) -> JobStatus:
        """Raises UnknownId."""
        return _status(self._row(job_id))

    def result(self, job_id: str) -> Any:
        """What a successful job found. Raises UnknownId, ResultNotReady, ResultGone, or what the job failed with."""
        row = self._row(job_id)
        where = f"job {job_id}"
        if row.status == SUCCESSFUL:
            return self._store.result(job_id)
        if row.status == DISMISSED:
            raise ResultGone(Problem(where, row.message, "ask again"))
        if row.status != FAILED:
            raise ResultNotReady(Problem(where, f"is {row.status}", f"wait until /v1/jobs/{job_id} says successful"))
        if row.problems is None:
            raise JobFailed(Problem(where, row.message))
        raise _KINDS[row.problems["kind"]]([Problem(**p) for p in row.problems["errors"]])

    def dismiss(self, job_id: str) -> JobStatus:
        """Stop a job, or forget the result of a finished one. Raises UnknownId."""
        self._row(job_id)
        self._store.dismiss(job_id)
        with self._lock:
            process = self._running.get(job_id)
            if process:
                process.kill()
        return self.status(job_id)

    def _nudge(self) -> None:
        with self._lock:
            self._wake.send(None)

    def _row(self, job_id: str) -> Row[Any]:
        row = self._store.get(job_id)
        if row is None:
            raise UnknownId(Problem(f"job {job_id!r}", "is not known", "the id is in the Location of the proposal"))
        return row

    def _watch(self) -> None:
        while not self._closing:
            try:
                self._bury_dead()
                self._start_waiting()
            except SQLAlchemyError:  # a database that is away for a while must not end the watch
                _log.exception("the job table cannot be reached")
            if self._woken in wait([self._woken, *(p.sentinel for p in self._running.values())], _LOOK_EVERY_S):
                self._woken.recv()

    def _start_waiting(self) -> None:
        while len(self._running) < self._settings.jobs_at_once:
            job_id = self._store.start_next(self._name)
            if job_id is None:
                return
            process = _SPAWN.Process(target=run, args=(self._settings, job_id), name=f"job {job_id}", daemon=True)
            with self._lock:
                try:
                    process.start()
                except OSError as error:
                    self._store.fail(job_id, f"no process could be started: {error.strerror}")
                    return
                self._running[job_id] = process
            row = self._store.get(job_id)
            if row is None or row.status != RUNNING:  # dismissed before its process was there to be killed
                process.kill()

    def _bury_dead(self) -> None:
        for job_id, process in list(self._running.items()):
            if process.exitcode is None:
                continue
            code = process.exitcode
            self._store.fail(job_id, f"the job's process ended without an answer (exit code {code}); ask again")
            with self._lock:
                del self._running[job_id]
            process.close()


def run(settings: Settings, job_id: str) -> None:
    """Do a job, in its own process: its end is in the job table when this returns."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends Ctrl-C here too; the service ends its jobs itself
    threading.Thread(target=_follow_parent, daemon=True).start()
    store = Store(settings.database)
    progress = _Throttled(store, job_id)
    try:
        task = store.task(job_id)
        result = PROCESSES[task.process](Engine(settings), task.city, task.request, progress)
        progress.flush()
        store.succeed(job_id, result)
    except CityError as error:
        kind = next(k.__name__ for k in type(error).__mro__ if k.__name__ in _KINDS or k is CityError)
        record = {"kind": kind, "errors": [asdict(p) for p in error.problems]}
        store.fail(job_id, str(error), record if kind in _KINDS else None)
    except Exception:
        store.fail(job_id, "unexpected error; the service's log has the details")
        raise
    finally:
        store.close()


class _Throttled:
    """A listener that writes at most every half second: the solver's best value matters, not each step to it."""

    def __init__(self, store: Store, job_id: str) -> None:
        self._store, self._job_id = store, job_id
        self._last_s = -_WRITE_EVERY_S
        self._waiting: dict[str, Any] | None = None

    def __call__(self, progress: dict[str, Any]) -> None:
        self._waiting = progress
        if time.monotonic() - self._last_s >= _WRITE_EVERY_S:
            self.flush()

    def flush(self) -> None:
        """Write what was heard last, if that is not written yet."""
        if self._waiting is not None:
            self._last_s = time.monotonic()
            self._store.progress(self._job_id, self._waiting)
            self._waiting = None


def _follow_parent() -> None:
    """End this process when the service dies, however it dies."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _end(process: BaseProcess) -> None:
    process.kill()
    process.join()
    process.close()


def require_free(settings: Settings) -> None:
    """Raises InputError where a service is at work on the same home."""
    _claimed(settings).close()


def _claimed(settings: Settings) -> IO[str]:
    """A lock on the home that the system lets go when the service ends."""
    settings.home.mkdir(parents=True, exist_ok=True)
    claim = (settings.home / "service.lock").open("w")
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        claim.close()
        hint = "stop it, or give this one its own folder with --home or LUXING_HOME"
        raise InputError(Problem(str(settings.home), "another luxing serve is at work here", hint)) from None
    return claim


def _status(row: Row[Any]) -> JobStatus:
    times = {
        name: None if (at := getattr(row, name)) is None else at.replace(tzinfo=UTC)
        for name in ("created", "started", "updated", "finished")
    }
    own = f"/v1/jobs/{row.id}"
    links = [Link(href=own, rel="self", title="this job")]
    if row.status == SUCCESSFUL:
        rel = "http://www.opengis.net/def/rel/ogc/1.0/results"
        links.append(Link(href=f"{own}/results", rel=rel, title="the plan"))
    message = row.message or _MESSAGES.get(row.status, "")
    return JobStatus(
        jobID=row.id, processID=row.process, status=row.status, message=message, **times, links=links,
        solver_progress=_progress(row, times["started"], times["finished"]),
    )  # fmt: skip


def _progress(row: Row[Any], started: datetime | None, finished: datetime | None) -> Progress:
    if started is None:
        return Progress()
    elapsed = (finished or datetime.now(UTC)) - started
    return Progress(elapsed_s=round(elapsed.total_seconds(), 1), **(row.progress or {}))
