"""What the operator may choose, read from the environment in this one place."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
import stat
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
DTYPES = ("auto", "bfloat16", "float32")
SMALL_CARD = 25 << 30  # bytes; cards sold as 24 GB report less
LEVELS = ("debug", "info", "warning", "error")
QUANTIZATIONS = ("none", "fp8", "int8")


class Mistakes(Exception):
    """The environment cannot be served; one clear line per mistake."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def _printable(secret: SecretStr | None) -> SecretStr | None:
    """A key travels in a header, so it must be made of visible ASCII."""
    if secret is not None and not re.fullmatch(r"[!-~]{1,512}", secret.get_secret_value()):
        raise ValueError("must be visible ASCII characters without spaces, at most 512")
    return secret


Key = Annotated[SecretStr, AfterValidator(_printable)]


class Settings(BaseSettings):
    """The backend's settings, each checked."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    backend_address: str = "127.0.0.1:50051"
    backend_token: Key | None = None
    api_keys: Annotated[tuple[Key, ...], NoDecode] = ()
    backend_tls_cert: Path | None = None  # PEM, the server's certificate first
    backend_tls_key: Path | None = None
    data_dir: Path = ROOT / ".data"
    log_level: str = "info"
    engine: str = "local"  # or openai:URL, another server that computes
    engine_api_key: Key | None = None
    engine_model: str | None = Field(default=None, min_length=1, max_length=4096)  # None: the first
    engine_ca: Path | None = None  # PEM, the certificates that the engine's is signed by
    engine_vision: str = "auto"  # whether its model sees; auto: try
    model: str = Field(default="auto", min_length=1, max_length=4096)
    models_dir: Path = ROOT / ".models"
    max_model_len: int = Field(default=8192, ge=256, le=1_048_576)
    max_queue: int = Field(default=64, ge=1, le=10_000)
    max_running: int | None = Field(default=None, ge=1, le=256)  # None: see `places`
    media_quota_gb: float = Field(default=10.0, gt=0, le=100_000, allow_inf_nan=False)
    answer_cache_mb: int = Field(default=64, ge=0, le=1_000_000)  # 0 switches it off
    model_memory_gb: float | None = Field(default=None, gt=0, le=100_000, allow_inf_nan=False)
    device_map: str = "auto"
    dtype: str = "auto"
    quantization: str = "none"  # of a model's large weights, on a GPU
    tensor_parallel_size: int = Field(default=1, ge=1, le=8)  # processes, a GPU each
    num_threads: int | None = Field(default=None, ge=1, le=1024)  # None: all cores
    step_seconds: float | None = Field(default=None, gt=0, le=86_400, allow_inf_nan=False)
    notify_socket: str | None = None  # where a watcher hears signs of life, as systemd names it
    otel_exporter_otlp_endpoint: str | None = None  # OpenTelemetry's own names; None: no traces
    otel_exporter_otlp_traces_endpoint: str | None = None
    otel_service_name: str | None = Field(default=None, max_length=255)

    @field_validator("api_keys", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(key.strip() for key in value.split(",") if key.strip())
        return value

    @field_validator("engine")
    @classmethod
    def _known_engine(cls, value: str) -> str:
        if value == "local":
            return value
        scheme, _, url = value.partition(":")
        host = r"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(:[0-9]{1,5})?"
        if scheme != "openai" or not re.fullmatch(rf"https?://{host}(/[0-9A-Za-z._~/-]*)?", url):
            raise ValueError("must be local or openai:http://HOST:PORT/v1")
        return value.rstrip("/")

    @field_validator("engine_vision")
    @classmethod
    def _known_vision(cls, value: str) -> str:
        if value.lower() not in ("auto", "on", "off"):
            raise ValueError("must be auto, on or off")
        return value.lower()

    @field_validator("backend_tls_cert", "backend_tls_key", "engine_ca")
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        if value is not None and not os.access(value, os.R_OK):
            raise ValueError("must be a file that can be read")
        return value

    @field_validator("backend_tls_key")
    @classmethod
    def _private(cls, value: Path | None) -> Path | None:
        if value is not None and value.stat().st_mode & stat.S_IRWXO:
            raise ValueError("can be read by every user of this machine: chmod 600 it")
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.lower() not in LEVELS:
            raise ValueError(f"must be one of {', '.join(LEVELS)}")
        return value.lower()

    @field_validator("device_map")
    @classmethod
    def _known_device(cls, value: str) -> str:
        if not re.fullmatch(r"auto|cpu|cuda(:[0-9]{1,2})?", value):
            raise ValueError("must be auto, cpu, cuda or cuda:N; a model lies on one device")
        return value

    @field_validator("dtype")
    @classmethod
    def _known_dtype(cls, value: str) -> str:
        if value == "float16":
            raise ValueError(
                "float16 is not served: GLM's numbers pass its range, and answers become NaN or"
                " endless exclamation marks; use bfloat16, or float32 where that is missing"
            )
        if value not in DTYPES:
            raise ValueError(f"must be one of {', '.join(DTYPES)}")
        return value

    @field_validator("quantization")
    @classmethod
    def _known_quantization(cls, value: str) -> str:
        if value.lower() not in QUANTIZATIONS:
            raise ValueError(f"must be one of {', '.join(QUANTIZATIONS)}")
        return value.lower()

    @field_validator("backend_address")
    @classmethod
    def _address(cls, value: str) -> str:
        if value.startswith("unix:"):
            if not value.removeprefix("unix:").lstrip("/"):
                raise ValueError("must name a socket, as in unix:///run/backend.sock")
            return value
        host, separator, port = value.rpartition(":")
        if not separator or not host or not port.isdecimal() or not 0 <= int(port) <= 65535:
            raise ValueError("must be HOST:PORT or unix:///path")
        return value

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the address."""
        if self.backend_address.startswith("unix:"):
            return True
        host = self.backend_address.rpartition(":")[0].strip("[]")
        if host == "localhost":
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    @property
    def is_traced(self) -> bool:
        """Whether a collector of traces is named."""
        return bool(self.otel_exporter_otlp_endpoint or self.otel_exporter_otlp_traces_endpoint)

    @property
    def engine_url(self) -> str | None:
        """The address of the server that computes; None: this process does."""
        return None if self.engine == "local" else self.engine.removeprefix("openai:")

    @property
    def engine_sees(self) -> bool | None:
        """Whether the other server's model sees; None: to be tried."""
        return {"auto": None, "on": True, "off": False}[self.engine_vision]

    @property
    def device(self) -> str | None:
        """The device to compute on; None: the first GPU, or else the processor."""
        return None if self.device_map == "auto" else self.device_map

    @property
    def memory_bytes(self) -> int | None:
        """The most of a GPU's memory to take."""
        return None if self.model_memory_gb is None else int(self.model_memory_gb * 1e9)

    def places(self, gpu_bytes: int | None) -> int:
        """How many requests are computed at once on a GPU with that much memory, or without one:
        as it was set, else 4 on a card of 24 GB, 64 on a larger one, 8 on a processor; 64 where
        another server computes, which has a queue of its own."""
        if self.max_running is not None:
            return self.max_running
        if self.engine_url is not None:
            return 64
        if gpu_bytes is None or self.device_map == "cpu":
            return 8
        return 4 if min(gpu_bytes, self.memory_bytes or gpu_bytes) <= SMALL_CARD else 64

    def patience(self, gpu_bytes: int | None) -> float:
        """Seconds after which a step of the engine counts as hung: as it was set, else 120 on a
        GPU, 600 on a processor, where a large model's prompts take long."""
        if self.step_seconds is not None:
            return self.step_seconds
        return 600.0 if gpu_bytes is None or self.device_map == "cpu" else 120.0

    @property
    def tls(self) -> tuple[bytes, bytes] | None:
        """The private key and the certificates, if calls are encrypted."""
        if self.backend_tls_key is None or self.backend_tls_cert is None:
            return None
        return self.backend_tls_key.read_bytes(), self.backend_tls_cert.read_bytes()

    @property
    def secured(self) -> bool:
        """Whether callers must show a token."""
        return self.backend_token is not None or bool(self.api_keys)


def read(**given: object) -> Settings:
    """Read the environment, and what is given in its stead.

    Raises Mistakes; no line repeats a value, which may be a secret.
    """
    try:
        settings = Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise Mistakes([_line(detail["loc"], detail["msg"]) for detail in error.errors()]) from None
    if (settings.backend_tls_cert is None) != (settings.backend_tls_key is None):
        raise Mistakes(["BACKEND_TLS_CERT and BACKEND_TLS_KEY belong together."])
    if settings.backend_tls_cert is not None and not _is_pair(settings):
        raise Mistakes(
            ["BACKEND_TLS_CERT and BACKEND_TLS_KEY: they are no certificate and its key, as PEM."]
        )
    if not settings.is_local and not (settings.secured and settings.backend_tls_cert):
        raise Mistakes(
            [
                "BACKEND_ADDRESS can be reached from other machines: set BACKEND_TLS_CERT and"
                " BACKEND_TLS_KEY, and BACKEND_TOKEN or API_KEYS, or use 127.0.0.1."
            ]
        )
    return settings


def _is_pair(settings: Settings) -> bool:
    """Whether the files are a certificate and the private key that belongs to it."""
    assert settings.backend_tls_cert is not None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            settings.backend_tls_cert, settings.backend_tls_key, password=""
        )
    except (ssl.SSLError, OSError, ValueError):
        return False
    return True


def _line(location: tuple[int | str, ...], message: str) -> str:
    name = str(location[0]).upper() if location else "Settings"
    return f"{name}: {message.removeprefix('Value error, ')}."


def environment() -> dict[str, str]:
    """This process's environment, to start another process in."""
    return dict(os.environ)
