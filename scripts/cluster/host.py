"""Runs serve.yaml on this machine: a child process that is told its size by lines.

Every line on stdin is a whole configuration as JSON; `ready` is printed once it runs. It ends when
stdin does.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import ray
from ray import serve
from ray.serve.context import _get_global_client  # what `serve run` calls; it has no other name
from ray.serve.schema import ApplicationStatus, ServeDeploySchema


def main(folder: str) -> None:
    """`folder`: Ray's own files; a short path, because sockets lie in it."""
    ray.init(
        address="local",
        num_cpus=32,  # what Ray hands out, not what there is: replicas of tiny models need little
        include_dashboard=False,
        object_store_memory=100 << 20,
        log_to_driver=False,
        _node_ip_address="127.0.0.1",
        _temp_dir=folder,
    )
    for line in sys.stdin:
        deploy(json.loads(line))
        print("ready", flush=True)
    ray.shutdown()


def deploy(configuration: dict[str, Any]) -> None:
    """Returns once every application runs; raises RuntimeError if one cannot."""
    serve.start(
        proxy_location="HeadOnly",
        http_options=configuration["http_options"],
        grpc_options=configuration["grpc_options"],
    )
    _get_global_client().deploy_apps(ServeDeploySchema(**configuration))
    while True:
        time.sleep(0.1)
        applications = serve.status().applications.values()
        states = {each.status for each in applications}
        if states == {ApplicationStatus.RUNNING}:
            return
        if ApplicationStatus.DEPLOY_FAILED in states:
            raise RuntimeError([each.message for each in applications])


if __name__ == "__main__":
    main(sys.argv[1])
