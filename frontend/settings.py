"""What the operator may choose for the web process, read from the environment in this one place."""

from __future__ import annotations

import os
import re
import ssl
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from frontend import oidc

ROOT = Path(__file__).resolve().parent.parent
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
WILDCARDS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, never bound
Network = IPv4Network | IPv6Network
_NO_BASE: Final = frozenset({"v1", "health", "ready", "metrics", "_stcore", "static", "media"})
_NO_NAMES: Final = frozenset(  # headers that mean something else already
    {"authorization", "cookie", "host", "origin", "connection", "upgrade", "content-length"}
)


class Mistakes(Exception):
    """The environment cannot be served; one clear line per mistake."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def _visible(secret: str) -> str:
    """A key travels in a header, so it must be made of visible ASCII."""
    if not re.fullmatch(r"[!-~]{1,512}", secret):
        raise ValueError("must be visible ASCII characters without spaces, at most 512")
    return secret


Secret = Annotated[str, AfterValidator(_visible)]


class Settings(BaseSettings):
    """The web process's settings, each checked."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    port: int = Field(default=8080, ge=1, le=65535)
    host: str = Field(default="127.0.0.1", pattern=r"^[0-9A-Za-z.:_-]{1,253}$")
    allowed_hosts: Annotated[frozenset[str], NoDecode] = frozenset()
    api_keys: Annotated[tuple[Secret, ...], NoDecode] = Field(default=(), repr=False)
    backend_token: Secret | None = Field(default=None, repr=False)
    backend_address: str = "127.0.0.1:50051"
    data_dir: Path = ROOT / ".data"
    database_url: str = Field(default="", repr=False)  # "": a file in data_dir
    backend_tls_ca: Path | None = None  # None: the backend is spoken to without TLS
    backend_ping_seconds: float = Field(default=4.0, ge=0, le=3600, allow_inf_nan=False)  # 0: none
    key_per_minute: int = Field(default=0, ge=0, le=1_000_000)  # requests; 0: no bound
    key_at_once: int = Field(default=0, ge=0, le=10_000)
    owner_per_minute: int = Field(default=0, ge=0, le=1_000_000)
    owner_at_once: int = Field(default=0, ge=0, le=10_000)
    trusted_user_header: str = Field(default="", pattern=r"^[A-Za-z0-9-]{0,64}$")
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()
    oidc_secrets: Path | None = None  # None: nobody signs in through a provider
    allowed_users: Annotated[frozenset[str], NoDecode] = frozenset()  # empty: all who sign in
    admins: Annotated[frozenset[str], NoDecode] = frozenset()
    base_path: str = ""
    request_timeout: float = Field(default=60.0, gt=0, le=3600, allow_inf_nan=False)  # seconds
    remote_images: Literal["off", "allowlist", "public"] = "public"
    remote_image_hosts: Annotated[frozenset[str], NoDecode] = frozenset()
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    otel_exporter_otlp_endpoint: str | None = None  # OpenTelemetry's own names; None: no traces
    otel_exporter_otlp_traces_endpoint: str | None = None
    otel_service_name: str | None = Field(default=None, max_length=255)

    @field_validator("api_keys", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(key.strip() for key in value.split(",") if key.strip())
        return value

    @field_validator("allowed_hosts", "remote_image_hosts", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = frozenset(name.strip().lower() for name in value.split(",") if name.strip())
        if not all(re.fullmatch(r"[0-9a-z._-]+|[0-9a-f:]+", name) for name in names):
            raise ValueError("must be host names without ports, separated by commas")
        return names

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return tuple(ip_network(one.strip()) for one in value.split(",") if one.strip())
        except ValueError:
            raise ValueError("must be addresses or networks, as in 127.0.0.1,10.0.0.0/8") from None

    @field_validator("trusted_user_header")
    @classmethod
    def _free_name(cls, value: str) -> str:
        if value.lower() in _NO_NAMES:
            raise ValueError("must not be a header that means something else already")
        return value

    @field_validator("allowed_users", "admins", mode="before")
    @classmethod
    def _people(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        people = frozenset(
            name.strip().lower() if "@" in name else name.strip()
            for name in value.split(",")
            if name.strip()
        )
        if not all(re.fullmatch(r"[A-Za-z0-9._@-]{1,80}", name) for name in people):
            raise ValueError("must be names or @domains, separated by commas")
        return people

    @field_validator("base_path")
    @classmethod
    def _slashes(cls, value: str) -> str:
        path = value.strip("/")
        if path and not re.fullmatch(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*", path):
            raise ValueError("must look like /desk, of letters, digits, - and _")
        if path.partition("/")[0] in _NO_BASE:
            raise ValueError("must not begin with a path of the service itself")
        return f"/{path}" if path else ""

    @field_validator("log_level", "remote_images", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("backend_address")
    @classmethod
    def _address(cls, value: str) -> str:
        if value.startswith("unix:"):
            if not value.removeprefix("unix:").lstrip("/"):
                raise ValueError("must name a socket, as in unix:///run/backend.sock")
            return value
        host, _, port = value.rpartition(":")
        if not host or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
            raise ValueError("must be HOST:PORT or unix:///path")
        return value

    @field_validator("backend_tls_ca")
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        if value is not None and not os.access(value, os.R_OK):
            raise ValueError("must be a file that can be read")
        if value is not None:
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(value)
            except ssl.SSLError:
                raise ValueError("must hold certificates as PEM") from None
        return value

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.absolute()

    @model_validator(mode="after")
    def _complete(self) -> Settings:
        if not self.database_url:
            self.database_url = f"sqlite:///{self.data_dir / 'history.sqlite3'}"
        elif "://" not in self.database_url:
            raise ValueError("DATABASE_URL: must look like sqlite:///file or postgresql://…")
        if self.api_keys and self.backend_token is None:
            raise ValueError(
                "BACKEND_TOKEN: must be set when API_KEYS is, to the same value for both processes"
            )
        self._check_sign_in()
        if self.remote_images == "allowlist" and not self.remote_image_hosts:
            raise ValueError("REMOTE_IMAGE_HOSTS: must name a host when REMOTE_IMAGES=allowlist")
        return self

    def _check_sign_in(self) -> None:
        if self.trusted_user_header and self.oidc_secrets is not None:
            raise ValueError("OIDC_SECRETS: people sign in there or with a proxy, not both")
        if self.trusted_user_header and not self.trusted_proxies:
            raise ValueError("TRUSTED_PROXIES: must name the proxies that set TRUSTED_USER_HEADER")
        if self.oidc_secrets is not None:
            wrong = oidc.mistake(self.oidc_secrets, self.base_path)
            if wrong is not None:
                raise ValueError(f"OIDC_SECRETS: {wrong}")
        if self.signs_in and self.backend_token is None:
            raise ValueError(
                "BACKEND_TOKEN: must be set when people sign in, to the same value for both"
            )
        if not self.signs_in and (self.allowed_users or self.admins):
            raise ValueError("ALLOWED_USERS, ADMINS: tell nobody apart unless people sign in")

    @property
    def signs_in(self) -> bool:
        """Whether people are told apart; else the page has one owner, `local`."""
        return bool(self.trusted_user_header) or self.oidc_secrets is not None

    @property
    def is_traced(self) -> bool:
        """Whether a collector of traces is named."""
        return bool(self.otel_exporter_otlp_endpoint or self.otel_exporter_otlp_traces_endpoint)

    @property
    def host_names(self) -> frozenset[str]:
        """What a request's Host header may say, ports aside."""
        own = frozenset() if self.host in WILDCARDS else frozenset({self.host.lower()})
        return LOCAL_HOSTS | self.allowed_hosts | own


def load() -> Settings:
    """Reads the environment. Raises Mistakes; no line repeats a value, which may be a secret."""
    try:
        return Settings()
    except ValidationError as error:
        raise Mistakes([_line(detail["loc"], detail["msg"]) for detail in error.errors()]) from None


def _line(location: tuple[int | str, ...], message: str) -> str:
    sentence = message.removeprefix("Value error, ").removesuffix(".")
    return f"{str(location[0]).upper()}: {sentence}." if location else f"{sentence}."
