"""Questions about documents in the order in which people might ask them, and what was cached."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import grpc

from protos import inference_pb2 as pb
from protos import inference_pb2_grpc, media_pb2, media_pb2_grpc
from scripts.lib import papers

QUESTIONS = ("Who pays?", "Until when?")  # two about each document
_WORDS = ("supplier", "buyer", "notice", "term", "price", "court", "payment", "goods")


@dataclass(frozen=True)
class Asked:
    """One question's cost."""

    prompt_tokens: int
    cached_tokens: int


class Caller:
    """Whoever asks at an address."""

    def __init__(self, address: str, token: str = "") -> None:
        self._channel = grpc.insecure_channel(address)
        self.inference = inference_pb2_grpc.InferenceStub(self._channel)
        self.media = media_pb2_grpc.MediaStub(self._channel)
        self.metadata = (("authorization", f"Bearer {token}"),) if token else ()

    def put(self, data: bytes) -> str:
        """Uploads a file; its SHA-256."""

        def messages() -> Iterator[media_pb2.PutMediaRequest]:
            header = media_pb2.PutMediaRequest.Header(filename="a.pdf", size=len(data))
            yield media_pb2.PutMediaRequest(header=header)
            yield media_pb2.PutMediaRequest(chunk=data)

        return self.media.PutMedia(messages(), metadata=self.metadata, timeout=60).sha256

    def ask(self, request: pb.GenerateRequest) -> list[pb.GenerateEvent]:
        """Every event of an answer."""
        return list(self.inference.Generate(request, metadata=self.metadata, timeout=120))

    def close(self) -> None:
        """Hangs up."""
        self._channel.close()


def documents(count: int, seed: int) -> list[bytes]:
    """Short contracts, no two alike from their first line on."""
    chance = random.Random(seed)
    return [
        papers.pdf([f"No. {seed}-{number}\n" + "\n".join(_line(chance) for _ in range(5))])
        for number in range(count)
    ]


def ask_all(caller: Caller, papers_: Sequence[bytes], seed: int) -> list[Asked]:
    """Two questions about each document, all in an order of chance; one at a time."""
    hashes = [caller.put(data) for data in papers_]
    order = [(sha256, question) for question in QUESTIONS for sha256 in hashes]
    random.Random(seed).shuffle(order)
    asked = []
    for number, (sha256, question) in enumerate(order):
        parts = [pb.Part(media=pb.MediaPart(sha256=sha256, filename="a.pdf"))]
        parts.append(pb.Part(text=question))
        events = caller.ask(
            pb.GenerateRequest(
                request_id=f"asked-{seed}-{number}",
                messages=[pb.Message(role=pb.ROLE_USER, parts=parts)],
                sampling=pb.Sampling(temperature=0.0, max_tokens=1),
            )
        )
        usage = events[-1].finished.usage
        asked.append(Asked(usage.prompt_tokens, usage.cached_tokens))
    return asked


def hit_rate(asked: Sequence[Asked]) -> float:
    """Prompt tokens not computed again, of all, beyond what every prompt has in common."""
    common = sorted(each.cached_tokens for each in asked)[len(asked) // 4]
    beyond = sum(max(0, each.cached_tokens - common) for each in asked)
    return beyond / sum(each.prompt_tokens - common for each in asked)


def _line(chance: random.Random) -> str:
    return " ".join(chance.choices(_WORDS, k=5))
