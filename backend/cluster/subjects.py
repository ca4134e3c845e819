"""What a request is about: the document whose pages or whose prompt a replica may know already."""

from __future__ import annotations

import hashlib

from protos import inference_pb2 as pb


def files(request: pb.GenerateRequest) -> tuple[str, ...]:
    """SHA-256 of every file it names, each once, in the order of the prompt."""
    named = (
        part.media.sha256
        for message in request.messages
        for part in message.parts
        if part.WhichOneof("content") == "media"
    )
    return tuple(dict.fromkeys(named))


def words(request: pb.GenerateRequest, owner: str) -> str:
    """The same for the same words and files of an owner, however they are to be answered."""
    asked = pb.GenerateRequest(
        messages=request.messages,
        response_format=request.response_format,
        tools=request.tools,
        tool_choice=request.tool_choice,
        tool_name=request.tool_name,
        parallel_tool_calls=not request.HasField("parallel_tool_calls")
        or request.parallel_tool_calls,
    )
    said = owner.encode() + b"\0" + asked.SerializeToString(deterministic=True)
    return hashlib.sha256(said).hexdigest()


def subject(request: pb.GenerateRequest, owner: str) -> str:
    """The same for all questions about a document, and for all turns of a conversation.

    With files it is the first one's content, whoever asks: pages are read once for all owners.
    Without, it is everything up to the first question, which every later turn repeats.
    """
    named = files(request)
    if named:
        return named[0]
    beginning = hashlib.sha256(owner.encode())
    for message in request.messages:
        beginning.update(message.SerializeToString(deterministic=True))
        if message.role == pb.ROLE_USER:
            break
    return beginning.hexdigest()
