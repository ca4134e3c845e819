"""The models this project knows, where their files are, and which one this machine should run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from backend.model import manifest
from backend.model.info import ModelInfo
from backend.prompt.prompt import Sampling

EMBEDDED_REVISION = "q4_1-b179c952"  # format, and the beginning of the source file's SHA-256
_GIB = 1 << 30
_GLM_FLASH_MEMORY = 22 * _GIB
_GLM_FLASH_QUANTISED = 14 * _GIB

_EMBEDDED = ModelInfo(
    id="embedded",
    name="Embedded reader",
    description=(
        "SmolLM2-135M-Instruct with text recognition: a very small reader that runs on any laptop "
        "and answers from the words of a page. Mistakes are likely, so check every answer against "
        "the document. It does not see pictures: words in scans and photos reach it through text "
        "recognition only. It knows English best."
    ),
    description_zh=(
        "SmolLM2-135M-Instruct 加文字识别，可在任何笔记本上运行的微型阅读模型："
        "只根据页面上的文字作答，很可能出错，请对照原文核实。"
        "它看不见图片，扫描件和照片中的文字要先经过文字识别；主要掌握英语。"
    ),
    sees_images=False,
    thinks=False,
    context_length=8192,
    reading_budget=1000,
    license="Apache-2.0",
    # A frequency penalty ends the endless lists that so small a model falls into; unlike a larger
    # repetition penalty it leaves the words of the document free to be copied.
    defaults=Sampling(temperature=0.2, top_p=0.9, repetition_penalty=1.05, frequency_penalty=0.3),
    parameters=134_515_008,
    revision=EMBEDDED_REVISION,
    fills_fields=True,
    form_defaults=Sampling(),  # values are copied; a penalty on what was said would spoil them
)
_GLM_FLASH = ModelInfo(
    id="glm-4.6v-flash",
    name="GLM-4.6V-Flash",
    description=(
        "A vision-language model of 9 billion parameters and a 1-billion-parameter eye, for one "
        "GPU with 22 GiB or more: reads pages, charts and photos as pictures, and can reason "
        "before it answers."
    ),
    description_zh=(
        "90 亿参数的视觉语言模型（另有 10 亿参数的视觉部分），需要一块 22 GiB 以上显存的 GPU："
        "直接看页面、图表和照片，并可先思考再回答。"
    ),
    sees_images=True,
    thinks=True,
    context_length=131_072,
    reading_budget=24_000,
    license="MIT",
    defaults=Sampling(temperature=0.8, top_p=0.6, top_k=2, repetition_penalty=1.1),
    parameters=10_293_000_000,
)
_GLM_OCR = ModelInfo(
    id="glm-ocr",
    name="GLM-OCR",
    description=(
        "A vision-language model of 0.9 billion parameters made for reading text, tables and "
        "formulas from page pictures. It transcribes well; it is not meant for conversation."
    ),
    description_zh=(
        "9 亿参数的视觉语言模型，专门识别页面图片中的文字、表格和公式；擅长转写，不适合对话。"
    ),
    sees_images=True,
    thinks=False,
    context_length=131_072,
    reading_budget=8_000,
    license="MIT",
    defaults=Sampling(),
    parameters=900_000_000,
)
SOURCES = {"glm-4.6v-flash": "zai-org/GLM-4.6V-Flash", "glm-ocr": "zai-org/GLM-OCR"}


class UnknownModel(Exception):
    """MODEL names nothing that can be run; the sentence says what to do."""


@dataclass(frozen=True)
class Choice:
    """The model to load, where it lies, and why this one."""

    entry: ModelInfo
    folder: Path
    reason: str
    is_converted: bool = False  # whether this project made the folder and recorded its checksums


def entries() -> list[ModelInfo]:
    """Every model known by name."""
    return [_EMBEDDED, _GLM_FLASH, _GLM_OCR]


def choose(name: str, models_dir: Path, cuda: int | None, *, is_quantised: bool = False) -> Choice:
    """Finds the model that MODEL asks for; `auto` takes the best that this machine can run.

    `cuda` is the memory of the GPU in bytes, None without one; it goes further where large weights
    are quantised.
    """
    if name == "auto":
        return _best(models_dir, cuda, _GLM_FLASH_QUANTISED if is_quantised else _GLM_FLASH_MEMORY)
    reason = f"MODEL={name} asks for it"
    if name == _EMBEDDED.id:
        return _embedded(models_dir, reason)
    for entry in (_GLM_FLASH, _GLM_OCR):
        if name == entry.id:
            folder = models_dir / entry.id
            if not _holds_model(folder):
                raise UnknownModel(
                    f"MODEL={name}: its files are missing; scripts/fetch_hub.py {name} fetches "
                    f"them, or put the files of {SOURCES[name]} into {folder}"
                )
            return Choice(entry, folder, reason)
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _local(folder.resolve(), reason)
    known = ", ".join(["auto", *(entry.id for entry in entries())])
    raise UnknownModel(
        f"MODEL={name} is unknown; use one of {known}, or a folder in Hugging Face layout"
    )


def _best(models_dir: Path, cuda: int | None, least: int) -> Choice:
    """`least` is the memory that GLM-4.6V-Flash takes."""
    flash, ocr = models_dir / _GLM_FLASH.id, models_dir / _GLM_OCR.id
    if cuda is None:
        return _embedded(models_dir, "no GPU was found, and this one runs on the CPU")
    memory = f"the GPU has {cuda / _GIB:.0f} GiB"
    if cuda >= least and _holds_model(flash):
        return Choice(_GLM_FLASH, flash, f"{memory} and the weights are here")
    if _holds_model(ocr):
        needs = f"it needs {least // _GIB} GiB"
        lacking = "its weights are not here" if cuda >= least else needs
        return Choice(_GLM_OCR, ocr, f"{memory}; GLM-4.6V-Flash cannot run because {lacking}")
    return _embedded(models_dir, f"{memory}, but no GPU model's weights are in the models folder")


def _embedded(models_dir: Path, reason: str) -> Choice:
    folder = models_dir / _EMBEDDED.id / EMBEDDED_REVISION
    if not manifest.is_complete(folder):
        raise UnknownModel(
            "the embedded model's files are missing; run scripts/fetch_models.py to get them"
        )
    return Choice(_EMBEDDED, folder, reason, is_converted=True)


def _local(folder: Path, reason: str) -> Choice:
    if not _holds_model(folder):
        raise UnknownModel(
            f"MODEL={folder}: not a model folder; it needs config.json, tokenizer.json and "
            ".safetensors files"
        )
    entry = replace(
        _EMBEDDED,
        id=folder.name,
        name=folder.name,
        description="A model from a local folder.",
        description_zh="来自本地文件夹的模型。",
        license="unknown",
        defaults=Sampling(),
        parameters=0,
        revision="",
        fills_fields=False,
        form_defaults=None,
    )
    return Choice(entry, folder, reason)


def _holds_model(folder: Path) -> bool:
    return (
        (folder / "config.json").is_file()
        and (folder / "tokenizer.json").is_file()
        and any(folder.glob("*.safetensors"))
    )
