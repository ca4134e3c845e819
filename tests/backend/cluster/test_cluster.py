"""Ray Serve itself with three replicas of a tiny model, beside one backend of the same model."""

from __future__ import annotations

import concurrent.futures
import importlib.util
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import psutil
import pytest

from protos import inference_pb2 as pb
from protos import media_pb2
from scripts.cluster import questions
from scripts.cluster.local import Cluster, environment
from scripts.cluster.questions import Caller
from scripts.lib.system import ROOT, free_ports
from tests.fakes.running import question, text_of
from tests.fakes.waiting import wait_until

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.recipes,
    pytest.mark.timeout(400),  # ten processes start, on a busy machine perhaps
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed"),
]

ARRIVAL = 90.0  # seconds in which a replica is there, or has gone
GONE = "The replica that was answering is gone; ask again."


@pytest.fixture(scope="module")
def ray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, Path]]:
    """Ray, which comes up while the model is made, and the model's folder."""
    folder = tmp_path_factory.mktemp("model")
    with Cluster(tmp_path_factory.mktemp("cluster"), folder) as starting:
        yield starting, folder


@pytest.fixture(scope="module")
def alone(ray: tuple[Cluster, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a single backend, which comes up beside the cluster."""
    from tests.fakes import checkpoints  # torch and transformers: seconds in which Ray starts

    _, model = ray
    checkpoints.save("llama", model)
    address = f"127.0.0.1:{free_ports(1)[0]}"
    told = environment(tmp_path_factory.mktemp("one"), model) | {"BACKEND_ADDRESS": address}
    process = subprocess.Popen([sys.executable, "-m", "backend"], cwd=ROOT, env=told)
    yield address
    process.terminate()
    process.wait(20)


@pytest.fixture(scope="module")
def cluster(ray: tuple[Cluster, Path], alone: str) -> Cluster:
    running, _ = ray
    running.run(3, 3)
    return running


@pytest.fixture(scope="module")
def many(cluster: Cluster) -> Iterator[Caller]:
    caller = Caller(cluster.address, cluster.token)
    yield caller
    caller.close()


@pytest.fixture(scope="module")
def one(cluster: Cluster, alone: str) -> Iterator[Caller]:
    caller = Caller(alone)
    watch = caller.inference.WatchStats(
        pb.WatchStatsRequest(interval_seconds=0.2), wait_for_ready=True, timeout=120
    )
    for stats in watch:
        if stats.phase == pb.PHASE_READY:
            break
    watch.cancel()
    yield caller
    caller.close()


def endless(name: str) -> pb.GenerateRequest:
    return question(name, min_tokens=300, max_tokens=300, request_id=name)


def figures(caller: Caller) -> pb.Stats:
    watch = caller.inference.WatchStats(
        pb.WatchStatsRequest(), metadata=caller.metadata, timeout=20
    )
    stats = next(iter(watch))
    watch.cancel()
    return stats


def answering(one: Caller, many: Caller) -> float:
    """How many replicas answer: in each as many requests may wait as in a single backend."""
    alone, together = (
        caller.inference.GetModel(pb.GetModelRequest(), metadata=caller.metadata, timeout=20)
        for caller in (one, many)
    )
    return together.limits.queue / alone.limits.queue


class Listening:
    """A generation that is listened to in a thread, from its first text on."""

    def __init__(self, caller: Caller, request: pb.GenerateRequest) -> None:
        self.call = caller.inference.Generate(request, metadata=caller.metadata, timeout=120)
        self.begun = [next(self.call)]
        while self.begun[-1].WhichOneof("event") != "delta":
            self.begun.append(next(self.call))

    def rest(self) -> str:
        """How it ended: its finish reason, or its error."""
        try:
            last = list(self.call)[-1]
        except grpc.RpcError as error:
            told: dict[str, object] = {
                each.key: each.value for each in error.trailing_metadata() or ()
            }
            assert told["error-code"] == "backend_unavailable"
            assert told["retry-after"] == "1"
            return f"{error.code().name}: {error.details()}"
        return pb.FinishReason.Name(last.finished.choices[0].reason)


def heard(caller: Caller, request: pb.GenerateRequest) -> str:
    return Listening(caller, request).rest()


def listening_everywhere(caller: Caller, label: str) -> list[Listening]:
    """Nine long answers about things of their own, begun at the same time."""
    with concurrent.futures.ThreadPoolExecutor(9) as threads:
        return list(threads.map(lambda n: Listening(caller, endless(f"{label}-{n}")), range(9)))


def seconds(process: psutil.Process) -> float:
    """That it has computed for."""
    return sum(process.cpu_times()[:2])


def ends(answers: list[Listening]) -> list[str]:
    with concurrent.futures.ThreadPoolExecutor(len(answers)) as threads:
        return list(threads.map(Listening.rest, answers))


def test_answers_are_those_of_one_backend(one: Caller, many: Caller) -> None:
    papers = questions.documents(3, seed=5)
    for caller in (one, many):
        for data in papers:
            caller.put(data)
    for number, data in enumerate(papers):
        sha256 = many.put(data)
        asked = question("Who pays?", sha256, temperature=0.0, max_tokens=24)
        alone, among = one.ask(asked), many.ask(asked)
        assert text_of(alone) == text_of(among), number
        assert alone[-1].finished.usage.prompt_tokens == among[-1].finished.usage.prompt_tokens
        assert [each.number for each in among] == list(range(1, len(among) + 1))


def test_media_are_there_for_every_replica_and_forgotten_by_all(many: Caller) -> None:
    (data,) = questions.documents(1, seed=6)
    sha256 = many.put(data)
    page = many.media.GetPage(
        media_pb2.GetPageRequest(sha256=sha256, page=1, words=True), metadata=many.metadata
    )
    assert page.words[0].text == "No."
    has = media_pb2.HasMediaRequest(sha256=[sha256])
    assert len(many.media.HasMedia(has, metadata=many.metadata).present) == 1
    gone = many.media.Forget(media_pb2.ForgetRequest(sha256=sha256), metadata=many.metadata)
    assert gone.existed
    assert gone.pages == 1
    assert not many.media.HasMedia(has, metadata=many.metadata).present
    with pytest.raises(grpc.RpcError) as caught:
        many.ask(question("Who pays?", sha256))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_errors_carry_what_a_single_backend_tells(one: Caller, many: Caller) -> None:
    told: list[tuple[object, ...]] = []
    for caller in (one, many):
        for request in (question("?", "0" * 64), question("?", "no hash"), question("?", n=9)):
            request.request_id = "wrong"
            with pytest.raises(grpc.RpcError) as caught:
                caller.ask(request)
            error = caught.value
            assert isinstance(error, grpc.Call)
            trailers: dict[str, object] = {
                each.key: each.value for each in error.trailing_metadata() or ()
            }
            trailers.pop("request_id", None)  # Ray's own
            told.append((error.code(), error.details(), trailers))
    assert told[:3] == told[3:]


def test_a_call_without_its_token_is_refused(cluster: Cluster) -> None:
    stranger = Caller(cluster.address)
    with pytest.raises(grpc.RpcError) as caught:
        stranger.ask(question())
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    stranger.close()


def test_affinity_finds_what_one_backend_finds(one: Caller, many: Caller) -> None:
    papers = questions.documents(8, seed=7)
    alone = questions.hit_rate(questions.ask_all(one, papers, seed=7))
    among = questions.hit_rate(questions.ask_all(many, papers, seed=7))
    assert alone > 0.3
    assert among >= 0.9 * alone


def kill_one_of(cluster: Cluster, victim: str, one: Caller, many: Caller) -> None:
    """Kills a backend or a replica's worker over its answers; looks at what that costs."""
    wait_until(lambda: answering(one, many) == 3, ARRIVAL)
    wait_until(lambda: figures(many).running == 0, ARRIVAL)
    before = {each.pid: seconds(each) for each in cluster.backends()}
    answers = listening_everywhere(many, f"killed-{victim}")
    backend = max(cluster.backends(), key=lambda each: seconds(each) - before[each.pid])
    family = [backend, *backend.parents()]
    found = cluster.backends() if victim == "backend" else cluster.replicas()
    next(each for each in family if each in found).kill()
    ended = ends(answers)
    assert set(ended) == {f"UNAVAILABLE: {GONE}", "FINISH_REASON_LENGTH"}
    for number in range(6):  # some of them on the replica that is gone, if it was still there
        said = many.ask(question(f"after {victim} {number}", temperature=0.0, max_tokens=2))
        assert said[-1].WhichOneof("event") == "finished"


def test_a_killed_backend_costs_its_running_answers_and_nothing_else(
    cluster: Cluster, one: Caller, many: Caller
) -> None:
    kill_one_of(cluster, "backend", one, many)


def test_leaving_and_stopping_reach_the_engine(many: Caller) -> None:
    left = Listening(many, endless("left"))
    left.call.cancel()
    stopped = Listening(many, endless("stopped"))
    answer = many.inference.Cancel(pb.CancelRequest(request_id="stopped"), metadata=many.metadata)
    assert answer.was_running
    assert stopped.rest() == "FINISH_REASON_CANCELLED"
    wait_until(lambda: figures(many).running == 0, ARRIVAL)
    assert figures(many).requests_total["cancelled"] >= 1


def test_a_killed_replica_costs_its_running_answers_and_nothing_else(
    cluster: Cluster, one: Caller, many: Caller
) -> None:
    kill_one_of(cluster, "replica", one, many)


def test_a_detached_generation_is_found_again_wherever_it_runs(many: Caller) -> None:
    request = endless("detached")
    request.detached = True
    first = Listening(many, request)
    first.call.cancel()
    rest = list(
        many.inference.Attach(
            pb.AttachRequest(request_id="detached", after=first.begun[-1].number),
            metadata=many.metadata,
            timeout=60,
        )
    )
    assert rest[0].number == first.begun[-1].number + 1
    assert rest[-1].WhichOneof("event") == "finished"
    with pytest.raises(grpc.RpcError) as caught:
        list(many.inference.Attach(pb.AttachRequest(request_id="no"), metadata=many.metadata))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_growing_and_shrinking_lose_nothing(cluster: Cluster, one: Caller, many: Caller) -> None:
    wait_until(lambda: answering(one, many) == 3, ARRIVAL)
    before = figures(many).prompt_tokens_total
    answers = listening_everywhere(many, "shrinking")
    cluster.run(1, 1)
    assert set(ends(answers)) == {"FINISH_REASON_LENGTH"}
    wait_until(lambda: len(cluster.backends()) == 1, ARRIVAL)
    wait_until(lambda: figures(many).prompt_tokens_total > before, ARRIVAL)
    (data,) = questions.documents(1, seed=8)
    asked = question("Who pays?", many.put(data), temperature=0.0, max_tokens=8)
    one.put(data)
    assert text_of(many.ask(asked)) == text_of(one.ask(asked))

    # By itself, because more is asked than one replica takes at once.
    cluster.run(1, 2)
    with concurrent.futures.ThreadPoolExecutor(12) as threads:
        reasons = []
        waiting: set[concurrent.futures.Future[str]] = set()
        end, number = time.monotonic() + ARRIVAL, 0
        while answering(one, many) < 2:
            assert time.monotonic() < end, "no replica was added"
            while len(waiting) < 12:  # fewer, and it might shrink again at once
                request = endless(f"growing-{number}")
                number += 1
                waiting.add(threads.submit(heard, many, request))
            done, waiting = concurrent.futures.wait(
                waiting, timeout=0.5, return_when="FIRST_COMPLETED"
            )
            reasons += [each.result() for each in done]
        reasons += [each.result() for each in waiting]
    assert set(reasons) == {"FINISH_REASON_LENGTH"}
