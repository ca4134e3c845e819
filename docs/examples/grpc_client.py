"""Uploads a file over gRPC, asks about it and prints every event as it comes.

    python docs/examples/grpc_client.py contract.pdf "Which law governs?"

Needs `grpcio` and this repository's `protos` folder. Where the backend asks for a token, set
API_KEY. The address is the backend's, 127.0.0.1:50051 unless it was told otherwise.
"""

from __future__ import annotations

import argparse
import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # finds protos from anywhere

from protos import inference_pb2, inference_pb2_grpc, media_pb2, media_pb2_grpc

CHUNK_BYTES = 256 * 1024  # the contract allows up to 1 MiB


def main() -> None:
    """Asks what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", type=Path)
    parser.add_argument("question")
    parser.add_argument("--address", default="127.0.0.1:50051")
    parser.add_argument("--max-tokens", type=int, default=256)
    arguments = parser.parse_args()
    key = os.environ.get("API_KEY")
    metadata = (("authorization", f"Bearer {key}"),) if key else ()
    with grpc.insecure_channel(arguments.address) as channel:
        try:
            ref = media_pb2_grpc.MediaStub(channel).PutMedia(
                upload(arguments.file), timeout=60, metadata=metadata
            )
            print(f"stored {ref.media_type}, {ref.pages} page(s), {ref.sha256[:12]}")
            events = inference_pb2_grpc.InferenceStub(channel).Generate(
                request(ref.sha256, arguments.file.name, arguments.question, arguments.max_tokens),
                timeout=300,
                metadata=metadata,
            )
            for event in events:
                show(event)
        except grpc.RpcError as error:
            # Every error of a call is also the call: code, sentence and trailing metadata.
            trailing: Any = error.trailing_metadata() or ()
            told = dict(trailing)
            code = told.get("error-code", error.code().name)
            raise SystemExit(f"{code}: {error.details()}") from None


def upload(path: Path) -> Iterator[media_pb2.PutMediaRequest]:
    """A header, then the bytes in chunks: one message may not exceed 4 MiB."""
    size = path.stat().st_size
    header = media_pb2.PutMediaRequest.Header(filename=path.name, size=size)
    yield media_pb2.PutMediaRequest(header=header)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield media_pb2.PutMediaRequest(chunk=chunk)


def request(
    sha256: str, filename: str, question: str, max_tokens: int
) -> inference_pb2.GenerateRequest:
    """The file, then the question about it."""
    parts = [
        inference_pb2.Part(media=inference_pb2.MediaPart(sha256=sha256, filename=filename)),
        inference_pb2.Part(text=question),
    ]
    return inference_pb2.GenerateRequest(
        request_id=uuid.uuid4().hex,
        messages=[inference_pb2.Message(role=inference_pb2.ROLE_USER, parts=parts)],
        sampling=inference_pb2.Sampling(temperature=0, max_tokens=max_tokens),
    )


def show(event: inference_pb2.GenerateEvent) -> None:
    """One line for what happened; text as it comes."""
    match event.WhichOneof("event"):
        case "queued":
            print(f"waiting behind {event.queued.ahead}")
        case "reading":
            print(f"read page {event.reading.page} of {event.reading.pages}")
        case "started":
            started = event.started
            route = inference_pb2.Route.Name(started.route)
            print(f"{route}: {started.route_reason} ({started.prompt_tokens} prompt tokens)\n")
        case "delta":
            print(event.delta.text, end="", flush=True)
        case "finished":
            finished = event.finished
            reason = inference_pb2.FinishReason.Name(finished.choices[0].reason)
            print(f"\n\n{reason}, {finished.usage.completion_tokens} tokens, "
                  f"{finished.timing.total:.1f} s")  # fmt: skip
            if finished.warning:
                print(finished.warning)


if __name__ == "__main__":
    main()
