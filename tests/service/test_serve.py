"""The service as a process of its own, asked over HTTP."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest
from homes import CITY, DATA

from service.first_use import warm_up

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120
"""A guard against hanging; how fast the start is, benchmarks/bench_start.py measures."""


@pytest.fixture
def serve(settings, tmp_path):
    """Starts services on the home and ends them, whatever happens."""
    warm_up()  # else the first start compiles for minutes
    started = []

    def start():
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from service.start import main; main()"
        options = ["--home", str(settings.home), "--data", str(DATA), "serve", "--port", str(port)]
        with (tmp_path / "log").open("a") as log:
            process = subprocess.Popen([sys.executable, "-c", code, *options], stdout=log, stderr=log)
        started.append(process)
        return process, f"http://127.0.0.1:{port}"

    yield start
    for process in started:
        process.kill()
        process.wait()


def ready(client, process, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"not ready after {seconds} s")


def children(pid):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if fields[1] == str(pid) and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def until(condition, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_service_starts_answers_is_killed_and_takes_up_its_jobs_again(serve):
    process, url = serve()
    body = {"edits": [{"type": "set_price", "item": "parking", "cny": 20}]}
    with httpx2.Client(base_url=url, timeout=30) as client:
        ready(client, process, PATIENCE_S)
        answer = client.post(f"/v1/cities/{CITY}/what-if", json=body)
        assert answer.status_code == 200
        job = client.post(f"/v1/cities/{CITY}/proposals/chargers", json={"budget_cny": 1e6}).headers["Location"]
        until(lambda: client.get(job).json()["status"] == "running")
    until(lambda: children(process.pid))  # a job counts as running a moment before its process is there
    helpers = children(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    until(lambda: all(map(gone, helpers)))

    process, url = serve()
    with httpx2.Client(base_url=url, timeout=30) as client:
        ready(client, process, PATIENCE_S)
        state = client.get(job).json()
        assert state["status"] == "failed"
        assert "ask again" in state["message"]
        assert client.post(f"/v1/cities/{CITY}/what-if", json=body).content == answer.content
        client.post(f"/v1/cities/{CITY}/proposals/chargers", json={"budget_cny": 1e6})
    helpers = children(process.pid)
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    until(lambda: all(map(gone, helpers)))
