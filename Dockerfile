# The whole product in one image, in two kinds: `cpu` and `gpu`; and `notebook`, a guest. The set-up
# is that of scripts/start.sh, done while building, so that a container starts at once and fetches
# nothing.
ARG CUDA=13.0.1
ARG TORCH_GPU=2.11.0

# flash-attn for the card's torch, as a wheel: compiled here, so that no compiler of CUDA is shipped.
FROM nvidia/cuda:${CUDA}-devel-ubuntu24.04 AS flash-attn
ARG TORCH_GPU
ARG FLASH_ATTN=2.8.3
ARG TORCH_INDEX=https://download.pytorch.org/whl/cu130
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3.12-dev python3.12-venv \
    && rm -rf /var/lib/apt/lists/* \
    && python3.12 -m venv /build
ENV PATH=/build/bin:$PATH MAX_JOBS=4 FLASH_ATTENTION_FORCE_BUILD=TRUE
RUN pip install --no-cache-dir "torch==${TORCH_GPU}" numpy==2.4.6 packaging==26.3 ninja==1.13.0 \
      setuptools==80.9.0 wheel==0.45.1 --extra-index-url "$TORCH_INDEX" \
    && pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels \
      "flash-attn==${FLASH_ATTN}"

# What both kinds have in common, after their interpreter and before their packages.
FROM python:3.12-slim-bookworm AS cpu-base
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
ENV PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu

# Triton compiles its launchers with the system's C compiler and Python's headers.
FROM nvidia/cuda:${CUDA}-runtime-ubuntu24.04 AS gpu-base
ARG TORCH_GPU
ARG TORCH_INDEX=https://download.pytorch.org/whl/cu130
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
      fonts-noto-cjk gcc libc6-dev python3.12-dev python3.12-venv \
    && rm -rf /var/lib/apt/lists/*
ENV PIP_EXTRA_INDEX_URL=$TORCH_INDEX TORCH_VERSION=$TORCH_GPU \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility

FROM cpu-base AS cpu
WORKDIR /app
COPY pyproject.toml constraints.txt Procfile ./
COPY scripts scripts
COPY protos protos
COPY backend backend
RUN bash -c '. scripts/lib/setup.sh && set_up runtime' \
    && chmod -R a+rX .venv .models && rm -rf /root/.cache .data
COPY frontend frontend
RUN .venv/bin/python -m compileall -q backend frontend protos \
    && useradd --uid 10001 --no-create-home --home-dir /data desk \
    && mkdir /data /models && chown desk /data /models
USER 10001
ENV DATA_DIR=/data MODELS_DIR=/models HOST=0.0.0.0 PORT=8080 PYTHONDONTWRITEBYTECODE=1
VOLUME ["/data", "/models"]
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=15m \
    CMD ["/app/.venv/bin/python", "/app/scripts/lib/healthy.py", "ready"]
# Set ALLOWED_HOSTS to the name under which the page is reached, and API_KEYS to shut the API.
ENTRYPOINT ["/app/scripts/container"]
CMD ["all"]

# JupyterLab, in a container of its own beside the service: it holds none of the service's data, and
# no other image holds it. The token is in its log.
FROM cpu AS notebook
USER 0
COPY docs/notebook.ipynb docs/notebook.ipynb
RUN DATA_DIR=/tmp/set-up MODELS_DIR=/app/.models bash -c '. scripts/lib/setup.sh && set_up notebook' \
    && find .venv ! -perm -a=r -exec chmod a+rX {} + && rm -rf /root/.cache /tmp/set-up
USER 10001
EXPOSE 8888
HEALTHCHECK --interval=10s --timeout=5s --start-period=1m \
    CMD ["/app/.venv/bin/python", "/app/scripts/lib/healthy.py", "notebook"]
CMD ["notebook"]

# The lines of `cpu` again, since a target's name alone cannot choose what a stage is built upon.
FROM gpu-base AS gpu
WORKDIR /app
COPY pyproject.toml constraints.txt Procfile ./
COPY scripts scripts
COPY protos protos
COPY backend backend
COPY --from=flash-attn /wheels /wheels
RUN bash -c '. scripts/lib/setup.sh && set_up runtime' \
    && pip install --no-cache-dir --no-deps /wheels/*.whl \
    && chmod -R a+rX .venv .models && rm -rf /root/.cache .data /wheels
COPY frontend frontend
RUN .venv/bin/python -m compileall -q backend frontend protos \
    && useradd --uid 10001 --no-create-home --home-dir /data desk \
    && mkdir /data /models && chown desk /data /models
USER 10001
ENV DATA_DIR=/data MODELS_DIR=/models HOST=0.0.0.0 PORT=8080 PYTHONDONTWRITEBYTECODE=1
VOLUME ["/data", "/models"]
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=15m \
    CMD ["/app/.venv/bin/python", "/app/scripts/lib/healthy.py", "ready"]
ENTRYPOINT ["/app/scripts/container"]
CMD ["all"]
