"""Films drawn by Dask: the executor of a local cluster, whose workers are processes of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from distributed import Client, LocalCluster

import layeranim as la
from layeranim.assets.report import BuildError
from tests.assets.conftest import Here, Project

A = '[[asset]]\nid = "a"\nexplainer = "conv"\n[[asset]]\nid = "b"\nexplainer = "pool"\nmax-size = "{}"\n'


def test_dask_draws_the_same_bytes(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASK_TEMPORARY_DIRECTORY", str(tmp_path / "dask"))
    project.write(A.format("1MB"))
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
        client.get_executor() as executor,
    ):
        report = la.build(project.manifest, executor=executor, cache_dir=project.cache)
        assert report.done == {"a": "drawn", "b": "drawn"}
        made = project.files()
        assert len(made) == 8
        project.write(A.format("1KB"))
        with pytest.raises(BuildError, match=r"^b: b\.gif would be") as caught:  # one fails, the other is done
            la.build(project.manifest, executor=executor, cache_dir=project.cache, force=True)
        assert caught.value.report.done == {"a": "drawn", "b": "failed"}
    project.write(A.format("1MB"))
    la.build(project.manifest, executor=Here(), cache_dir=project.cache, force=True)
    assert project.files() == made
