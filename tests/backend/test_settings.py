"""The environment: what it may say, and the one line for each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend import settings
from tests.fakes import certificates

NAMES = [name.upper() for name in settings.Settings.model_fields]


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def mistakes(monkeypatch: pytest.MonkeyPatch, **environment: str) -> list[str]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(settings.Mistakes) as caught:
        settings.read()
    return caught.value.lines


def test_nothing_needs_to_be_set() -> None:
    read = settings.read()

    assert (read.backend_address, read.model, read.max_model_len) == (
        "127.0.0.1:50051",
        "auto",
        8192,
    )
    assert not read.secured
    assert read.answer_cache_mb == 64
    assert read.model_memory_gb is None


def test_the_memory_of_the_gpu_can_be_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_MEMORY_GB", "23.5")
    assert settings.read().model_memory_gb == 23.5

    (line,) = mistakes(monkeypatch, MODEL_MEMORY_GB="0")
    assert line.startswith("MODEL_MEMORY_GB")


def test_float16_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = mistakes(monkeypatch, DTYPE="float16")
    assert "NaN" in line
    assert "bfloat16" in line


@pytest.mark.parametrize(
    ("given", "device", "memory"),
    [
        ({}, None, None),
        ({"DEVICE_MAP": "cpu"}, "cpu", None),
        ({"DEVICE_MAP": "cuda:1", "MODEL_MEMORY_GB": "20"}, "cuda:1", 20_000_000_000),
    ],
)
def test_where_the_model_lies(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], device: str | None, memory: int | None
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    read = settings.read()
    assert (read.device, read.memory_bytes) == (device, memory)


@pytest.mark.parametrize(
    ("given", "gibibytes", "places"),
    [
        ({}, None, 8),
        ({}, 80, 64),
        ({}, 24, 4),
        ({"MODEL_MEMORY_GB": "24"}, 80, 4),
        ({"DEVICE_MAP": "cpu"}, 80, 8),
        ({"MAX_RUNNING": "1"}, 24, 1),
    ],
)
def test_the_memory_says_how_many_requests_are_computed_at_once(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], gibibytes: int | None, places: int
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    memory = None if gibibytes is None else gibibytes << 30
    assert settings.read().places(memory) == places


def test_weights_can_be_quantised(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.read().quantization == "none"
    monkeypatch.setenv("QUANTIZATION", "FP8")
    assert settings.read().quantization == "fp8"

    (line,) = mistakes(monkeypatch, QUANTIZATION="fp4")
    assert line == "QUANTIZATION: must be one of none, fp8, int8."


def test_another_server_can_compute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert settings.read().engine_url is None
    monkeypatch.setenv("ENGINE", "openai:http://10.0.0.5:8000/v1/")
    monkeypatch.setenv("ENGINE_API_KEY", "sk-secret")
    monkeypatch.setenv("ENGINE_VISION", "Off")
    read = settings.read()
    assert read.engine_url == "http://10.0.0.5:8000/v1"
    assert (read.engine_sees, read.places(None)) == (False, 64)
    assert "sk-secret" not in repr(read)

    for wrong in ("vllm", "openai:ftp://a/v1", "openai:http://me:secret@host/v1", "openai:http://"):
        (line,) = mistakes(monkeypatch, ENGINE=wrong)
        assert line == "ENGINE: must be local or openai:http://HOST:PORT/v1."
    monkeypatch.setenv("ENGINE", "local")
    (line,) = mistakes(monkeypatch, ENGINE_CA=str(tmp_path / "missing"))
    assert line.startswith("ENGINE_CA")


def test_the_answer_cache_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWER_CACHE_MB", "0")
    assert settings.read().answer_cache_mb == 0

    (line,) = mistakes(monkeypatch, ANSWER_CACHE_MB="-1")
    assert line.startswith("ANSWER_CACHE_MB")


def test_empty_means_unset_and_keys_are_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKEND_TOKEN", "")
    monkeypatch.setenv("API_KEYS", "first-key, second-key ,")

    read = settings.read()

    assert read.backend_token is None
    assert [key.get_secret_value() for key in read.api_keys] == ["first-key", "second-key"]
    assert "first-key" not in repr(read)


@pytest.mark.parametrize("address", ["[::1]:50051", "localhost:1", "unix:///tmp/b.sock"])
def test_local_addresses_need_no_token(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("BACKEND_ADDRESS", address)

    assert settings.read().backend_address == address


def test_a_public_address_needs_a_token_and_encryption(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key_file, cert_file = certificates.write(tmp_path)
    token, cert, key = (
        {"BACKEND_TOKEN": "long-enough-secret"},
        {"BACKEND_TLS_CERT": str(cert_file)},
        {"BACKEND_TLS_KEY": str(key_file)},
    )
    monkeypatch.setenv("BACKEND_ADDRESS", "0.0.0.0:50051")
    for given in ({}, token, {**cert, **key}):
        with monkeypatch.context() as some:
            (line,) = mistakes(some, **given)
            assert line.startswith("BACKEND_ADDRESS")
            assert "BACKEND_TOKEN" in line
            assert "BACKEND_TLS_CERT" in line
    for name, value in {**token, **cert, **key}.items():
        monkeypatch.setenv(name, value)
    assert settings.read().secured
    assert settings.read().tls == (key_file.read_bytes(), cert_file.read_bytes())

    monkeypatch.delenv("BACKEND_TLS_KEY")
    assert mistakes(monkeypatch) == ["BACKEND_TLS_CERT and BACKEND_TLS_KEY belong together."]
    (line,) = mistakes(monkeypatch, BACKEND_TLS_KEY=str(tmp_path / "missing"))
    assert line.startswith("BACKEND_TLS_KEY")
    cert_file.chmod(0o600)
    (line,) = mistakes(monkeypatch, BACKEND_TLS_KEY=str(cert_file))
    assert line.endswith("they are no certificate and its key, as PEM.")
    key_file.chmod(0o644)
    (line,) = mistakes(monkeypatch, BACKEND_TLS_KEY=str(key_file))
    assert line.startswith("BACKEND_TLS_KEY: can be read by every user")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BACKEND_ADDRESS", "50051"),
        ("BACKEND_ADDRESS", "localhost:http"),
        ("BACKEND_ADDRESS", "unix://"),
        ("MAX_QUEUE", "0"),
        ("MAX_RUNNING", "many"),
        ("MAX_MODEL_LEN", "12"),
        ("MEDIA_QUOTA_GB", "nan"),
        ("NUM_THREADS", "-1"),
        ("LOG_LEVEL", "loud"),
        ("DEVICE_MAP", "cuda:first"),
        ("DEVICE_MAP", "balanced"),
        ("DTYPE", "int4"),
    ],
)
def test_each_mistake_is_one_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    (line,) = mistakes(monkeypatch, **{name: value})

    assert line.startswith(f"{name}: ")
    assert "\n" not in line


def test_secrets_are_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = mistakes(monkeypatch, BACKEND_TOKEN="secr\u00e9t!!", API_KEYS="good-key-here,x y z")

    assert len(lines) == 2
    assert not any("secr" in line or "good" in line or "x y" in line for line in lines)
