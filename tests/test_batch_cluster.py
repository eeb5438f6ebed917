"""`batch` through a real Dask scheduler with worker processes, and with an S3-compatible store."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import pytest
from batch_runs import SMALL, Here, content, save

import embroider_prep as ep
from embroider_prep import runtime
from embroider_prep.batches import cluster, job
from embroider_prep.batches.storage import Remote
from embroider_prep.errors import EmbroiderPrepError, InputError

pytest.importorskip("distributed")

# What Dask and its parts warn about among themselves.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def _a_share_for_this_file_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A worker in this process takes one core for itself; the tests after these have all of them again."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
        # Undone afterwards, whoever has set it.
        monkeypatch.setenv(name, "1")
    monkeypatch.setattr(runtime, "_share", None)
    monkeypatch.setattr(cluster, "_prepared", False)
    threads = cv2.getNumThreads()
    yield
    cv2.setNumThreads(threads)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Cluster:
    """A scheduler and workers, each a process of its own that can be killed."""

    def __init__(self) -> None:
        self.port = free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.processes: list[subprocess.Popen[bytes]] = []

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "60s"}
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def scheduler(self) -> subprocess.Popen[bytes]:
        return self.begin("scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard")

    def worker(self) -> subprocess.Popen[bytes]:
        return self.begin("worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard")

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@contextmanager
def running(workers: int) -> Iterator[Cluster]:
    made = Cluster()
    try:
        made.scheduler()
        for _ in range(workers):
            made.worker()
        yield made
    finally:
        made.close()


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Test machines are slow."""
    monkeypatch.setattr(cluster, "CONNECT_S", 90.0)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for number in range(4):
        save(folder / f"{number}.png", number)
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="module")
def alone(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what one process makes of the photos."""
    out = tmp_path_factory.mktemp("alone")
    list(ep.batch([photos], output=out, executor=Here(), **SMALL))  # type: ignore[arg-type]
    return out


class TestScheduler:
    def test_a_killed_worker_and_a_scheduler_that_starts_again(self, photos: Path, alone: Path, tmp_path: Path) -> None:
        with running(2) as made:
            results = ep.batch([photos], output=tmp_path / "out", cluster=made.address, **SMALL)  # type: ignore[arg-type]
            found = [next(results)]
            scheduler, first, _ = made.processes
            # Worker by worker, for whatever each has in its hands.
            first.send_signal(signal.SIGKILL)
            found.append(next(results))
            scheduler.send_signal(signal.SIGKILL)
            scheduler.wait()
            made.scheduler()
            made.worker()
            found += list(results)
        assert sorted((result.photo, result.status) for result in found) == [
            *((f"{number}.png", "made") for number in range(4)), ("broken.jpg", "failed"),
        ]  # fmt: skip
        assert content(tmp_path / "out") == content(alone)
        assert not list(tmp_path.rglob("*.part"))

    def test_what_is_done_is_not_sent(self, photos: Path, alone: Path) -> None:
        with running(1) as made:
            found = list(ep.batch([photos], output=alone, cluster=made.address, **SMALL))  # type: ignore[arg-type]
        assert {result.status for result in found} == {"kept", "failed"}
        assert all(result.earlier for result in found if result.status == "failed")

    def test_a_client_is_an_executor(self, photos: Path, alone: Path, tmp_path: Path) -> None:
        from distributed import Client, LocalCluster

        with (
            LocalCluster(n_workers=1, processes=False, dashboard_address=None) as local,
            Client(local, set_as_default=False) as client,
        ):
            found = list(ep.batch([photos / "1.png"], output=tmp_path, executor=client, **SMALL))  # type: ignore[arg-type]
        assert [result.status for result in found] == ["made"]
        assert (tmp_path / "1.pes").read_bytes() == (alone / "1.pes").read_bytes()

    def test_other_versions_are_refused(self, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with running(1) as made:
            monkeypatch.setattr("embroider_prep.conversion.versions", lambda: {"embroider-prep": "99"})
            with pytest.raises(EmbroiderPrepError, match=r"other versions: embroider-prep .* there, 99 here"):
                list(ep.batch([photos], output=tmp_path, cluster=made.address, **SMALL))  # type: ignore[arg-type]

    def test_a_worker_refuses_what_other_versions_send(self, photos: Path, tmp_path: Path) -> None:
        from embroider_prep.batches.plan import plan_batch

        one = plan_batch([photos / "1.png"], ep.ConvertOptions(), output=tmp_path).jobs[0]
        (result,) = job.run(job.replace(one, versions={"embroider-prep": "99"}))
        assert (result.status, result.refused) == ("failed", True)

    def test_a_scheduler_that_is_not_there(self, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cluster, "CONNECT_S", 0.5)
        with pytest.raises(EmbroiderPrepError, match="there is no scheduler"):
            list(ep.batch([photos], output=tmp_path, cluster=f"tcp://127.0.0.1:{free_port()}"))
        with pytest.raises(EmbroiderPrepError, match="nonsense"):
            list(ep.batch([photos], output=tmp_path, cluster="nonsense://x"))

    def test_files_that_the_workers_do_not_have(self, photos: Path, tmp_path: Path) -> None:
        spools = tmp_path / "spools.txt"
        spools.write_text("0010 0020 0015")
        with running(1) as made, pytest.raises(InputError, match=r"spools\.txt: the options name a file"):
            list(ep.batch([photos], output=tmp_path, cluster=made.address, spools=str(spools)))


def test_any_executor_of_the_standard_library(photos: Path, alone: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as threads:
        found = list(ep.batch([photos], output=tmp_path, executor=threads, **SMALL))  # type: ignore[arg-type]
    assert len(found) == 5
    assert content(tmp_path) == content(alone)


@pytest.fixture(scope="module")
def bucket() -> Iterator[Any]:
    """Start a server that answers as S3 does, in this process, with an empty bucket."""
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}", "FSSPEC_S3_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1",
        }.items():  # fmt: skip
            patch.setenv(name, value)
        import s3fs

        store = s3fs.S3FileSystem(endpoint_url=f"http://{host}:{port}", skip_instance_cache=True)
        store.mkdir("shop")
        yield store
    server.stop()


class TestStorage:
    def test_from_a_bucket_into_a_bucket(self, bucket: Any, photos: Path, alone: Path) -> None:
        for path in photos.iterdir():
            bucket.pipe_file(f"shop/photos/{path.name}", path.read_bytes())
        for expected in ("made", "kept"):
            found = list(
                ep.batch(["s3://shop/photos"], output="s3://shop/out", executor=Here(), **SMALL)  # type: ignore[arg-type]
            )
            assert {result.photo: result.status for result in found} == {
                **{f"{number}.png": expected for number in range(4)}, "broken.jpg": "failed",
            }  # fmt: skip
            bucket.invalidate_cache()
            there = {
                name.removeprefix("shop/out/"): bucket.cat_file(name)
                for name in bucket.find("shop/out") if ".embroider-prep-batch" not in name
            }  # fmt: skip
            assert there == content(alone)

    def test_patterns_and_what_is_not_there(self, bucket: Any, photos: Path) -> None:
        from embroider_prep.batches.sources import find_photos

        for name in ("a.jpg", "x/b.JPG", "x/c.txt"):
            bucket.pipe_file(f"shop/more/{name}", b"x")
        assert [item.stem for item in find_photos(["s3://shop/more"])] == ["a", "x/b"]
        assert [item.stem for item in find_photos(["s3://shop/more/**/*.jpg", "s3://shop/more/a.jpg"])] == ["a"]
        with pytest.raises(InputError, match="no photo there"):
            find_photos(["s3://shop/nothing"])

    def test_each_file_appears_whole(self, tmp_path: Path) -> None:
        place = Remote(tmp_path.as_uri())
        place.write({"x/a": b"1", "x/b": b"2"})
        assert (place.read("x/a"), place.has("x/b"), place.read("x/c"), place.has("x/c")) == (b"1", True, None, False)
        place.remove("x/a")
        assert [path.name for path in (tmp_path / "x").iterdir()] == ["b"]

    def test_an_address_of_no_kind(self) -> None:
        with pytest.raises(InputError, match="nonsense"):
            Remote("nonsense://x").read("a")
