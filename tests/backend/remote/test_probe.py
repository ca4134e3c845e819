"""Finding out what another server can do."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from backend.prompt.prompt import Sampling
from backend.remote.address import Address
from backend.remote.dialect import Dialect
from backend.remote.probe import NotServed, look
from tests.fakes.vllm import FakeVllm

pytestmark = pytest.mark.recipes


@pytest.fixture
def server() -> Iterator[FakeVllm]:
    with FakeVllm() as fake:
        yield fake


def test_what_the_server_tells_is_read(server: FakeVllm) -> None:
    found = look(Address(server.url), None)
    assert (found.model, found.dialect, found.context_length) == (
        "Acme/Looker-7B",
        Dialect.VLLM,
        4096,
    )


@pytest.mark.parametrize("can", [True, False])
@pytest.mark.parametrize("what", ["sees", "calls_tools", "holds_forms", "thinks"])
def test_what_it_does_not_tell_is_tried(server: FakeVllm, what: str, can: bool) -> None:
    setattr(server, what, can)
    found = look(Address(server.url), None)
    assert getattr(found, what) is can
    assert found.tells_apart is (what == "thinks" and can)


def test_what_it_tells_of_itself_is_not_tried(server: FakeVllm) -> None:
    server.sees = True
    server.card |= {
        "owned_by": "glm-flash-web",
        "capabilities": {"vision": False, "reasoning": False, "tools": False},
        "defaults": {"temperature": 0.2, "top_p": 0.9, "top_k": 3, "repetition_penalty": 1.05},
    }
    found = look(Address(server.url), None)
    assert (found.sees, found.thinks, found.calls_tools) == (False, False, False)
    assert found.dialect is Dialect.OURS
    assert found.defaults == Sampling(temperature=0.2, top_p=0.9, top_k=3, repetition_penalty=1.05)


def test_what_llama_cpp_tells_of_its_context_and_template_is_read(server: FakeVllm) -> None:
    """It takes functions whatever the template, and has them overlooked."""
    server.card = {"owned_by": "llamacpp", "meta": {"n_params": 134_515_008}}
    server.props = {
        "default_generation_settings": {"n_ctx": 2048},
        "modalities": {"vision": False, "audio": False},
        "chat_template_caps": {"supports_tools": False, "supports_tool_calls": False},
    }
    found = look(Address(server.url), None)
    assert (found.dialect, found.context_length, found.parameters) == (
        Dialect.LLAMA_CPP,
        2048,
        134_515_008,
    )
    assert (found.sees, found.calls_tools) == (False, False)
    server.props["chat_template_caps"] = {"supports_tools": True}
    assert look(Address(server.url), None).calls_tools
    del server.props["chat_template_caps"]
    server.calls_tools = False
    assert not look(Address(server.url), None).calls_tools, "older ones have to be tried"


def test_a_setting_says_whether_it_sees(server: FakeVllm) -> None:
    assert look(Address(server.url), None, vision=False).sees is False


def test_an_owner_that_is_not_known_speaks_plainly(server: FakeVllm) -> None:
    server.card["owned_by"] = "somebody"
    assert look(Address(server.url), None).dialect is Dialect.PLAIN


def test_the_key_is_shown_and_a_wrong_one_is_told(server: FakeVllm) -> None:
    server.key = "sk-right"
    assert look(Address(server.url, "sk-right"), None).model
    with pytest.raises(NotServed, match="key"):
        look(Address(server.url, "sk-wrong"), None)
    assert "sk-right" not in repr(Address(server.url, "sk-right"))


def test_a_model_that_is_not_served_is_told(server: FakeVllm) -> None:
    assert look(Address(server.url), "Acme/Looker-7B").model == "Acme/Looker-7B"
    with pytest.raises(NotServed, match="ENGINE_MODEL"):
        look(Address(server.url), "Acme/Other")


def test_nobody_there(server: FakeVllm) -> None:
    server.go_away()
    try:
        with pytest.raises(httpx.ConnectError):
            look(Address(server.url), None)
    finally:
        server.come_back()
