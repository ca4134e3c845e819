"""The Llama architecture on a CPU, in few and large operations.

Decoder layers as in Touvron et al., "LLaMA" (2023, arXiv:2302.13971): RMS norm before attention and
before a gated feed-forward part, and rotary positions (Su et al., 2021, arXiv:2104.09864) with the
two ways of stretching them that Llama's files ask for. Queries, keys and values come from one
product, and so do gate and up. The names are those of transformers' classes, which the tests hold
beside these.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import torch
from torch.nn.functional import rms_norm, silu

from backend.model.attention import Pages, attend
from backend.model.packed import PackedLinear

Turns = tuple[torch.Tensor, torch.Tensor]  # cosines and sines, each [1, tokens, head_dim]


@dataclass(frozen=True)
class LlamaConfig:
    """The sizes of a network, under the names they have in config.json."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    max_position_embeddings: int
    rms_norm_eps: float
    attention_bias: bool
    mlp_bias: bool
    tie_word_embeddings: bool
    eos_token_id: int | list[int] | None
    rope: Mapping[str, Any]  # rope_type, rope_theta, and the type's own numbers

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self | None:
        """A config.json, or None if it is not a Llama's, makes no sense, or asks for more than is
        computed here."""
        rope = _rope(given)
        if (
            rope is None
            or given.get("model_type") != "llama"
            or given.get("hidden_act", "silu") != "silu"
            or given.get("quantization_config") is not None
        ):
            return None
        try:
            heads = given["num_attention_heads"]
            config = cls(
                vocab_size=given["vocab_size"],
                hidden_size=given["hidden_size"],
                intermediate_size=given["intermediate_size"],
                num_hidden_layers=given["num_hidden_layers"],
                num_attention_heads=heads,
                num_key_value_heads=given.get("num_key_value_heads") or heads,
                head_dim=given.get("head_dim") or given["hidden_size"] // heads,
                max_position_embeddings=given["max_position_embeddings"],
                rms_norm_eps=given["rms_norm_eps"],
                attention_bias=bool(given.get("attention_bias")),
                mlp_bias=bool(given.get("mlp_bias")),
                tie_word_embeddings=bool(given.get("tie_word_embeddings")),
                eos_token_id=given.get("eos_token_id"),
                rope=rope,
            )
        except (KeyError, TypeError, ZeroDivisionError):
            return None
        return config if config._makes_sense() else None

    def _makes_sense(self) -> bool:
        """Whether everything is a number where one belongs, and the heads can be shared out."""
        counts = (
            *(self.vocab_size, self.hidden_size, self.intermediate_size, self.num_hidden_layers),
            *(self.num_attention_heads, self.num_key_value_heads, self.head_dim),
            self.max_position_embeddings,
        )
        numbers = (
            *(self.rms_norm_eps, self.rope["rope_theta"]),
            *(self.rope[name] for name in _STRETCHED[self.rope["rope_type"]]),
        )
        return (
            all(isinstance(one, int) and one > 0 for one in counts)
            and all(isinstance(one, int | float) and one > 0 for one in numbers)
            and self.num_attention_heads % self.num_key_value_heads == 0
            and self.head_dim % 2 == 0
        )

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every weight's name and shape; that of the head only if it is not the embedding's."""
        hidden, inner = self.hidden_size, self.intermediate_size
        heads = self.num_attention_heads * self.head_dim
        kv_heads = self.num_key_value_heads * self.head_dim
        shapes: dict[str, tuple[int, ...]] = {
            "model.embed_tokens.weight": (self.vocab_size, hidden),
            "model.norm.weight": (hidden,),
        }
        if not self.tie_word_embeddings:
            shapes["lm_head.weight"] = (self.vocab_size, hidden)
        for number in range(self.num_hidden_layers):
            layer = f"model.layers.{number}"
            for norm in ("input_layernorm", "post_attention_layernorm"):
                shapes[f"{layer}.{norm}.weight"] = (hidden,)
            for place, outputs, inputs, has_bias in (
                ("self_attn.q_proj", heads, hidden, self.attention_bias),
                ("self_attn.k_proj", kv_heads, hidden, self.attention_bias),
                ("self_attn.v_proj", kv_heads, hidden, self.attention_bias),
                ("self_attn.o_proj", hidden, heads, self.attention_bias),
                ("mlp.gate_proj", inner, hidden, self.mlp_bias),
                ("mlp.up_proj", inner, hidden, self.mlp_bias),
                ("mlp.down_proj", hidden, inner, self.mlp_bias),
            ):
                shapes[f"{layer}.{place}.weight"] = (outputs, inputs)
                if has_bias:
                    shapes[f"{layer}.{place}.bias"] = (outputs,)
        return shapes


class Output(NamedTuple):
    """What transformers' text models answer, as far as it is read."""

    last_hidden_state: torch.Tensor  # [1, tokens, hidden]


class Norm(torch.nn.Module):
    """RMS norm in one operation."""

    def __init__(self, weight: torch.Tensor, epsilon: float) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(weight, requires_grad=False)
        self._epsilon = epsilon

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """[..., hidden] -> the same shape."""
        return rms_norm(hidden, self.weight.shape, self.weight, self._epsilon)


class Rotary(torch.nn.Module):
    """The angles by which the heads of a place are turned."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        exponents = torch.arange(0, config.head_dim, 2, dtype=torch.float32) / config.head_dim
        frequencies = 1.0 / config.rope["rope_theta"] ** exponents  # radians for each place
        self._frequencies = _stretched(frequencies, config)

    def forward(self, like: torch.Tensor, positions: torch.Tensor) -> Turns:
        """positions [1, tokens] -> what `Attention` takes, in the type of `like`."""
        angles = positions[..., None].float() * self._frequencies
        angles = torch.cat((angles, angles), dim=-1)
        return angles.cos().to(like.dtype), angles.sin().to(like.dtype)


class Attention(torch.nn.Module):
    """Queries, keys and values from one product; both kinds of heads turned at once."""

    def __init__(self, config: LlamaConfig, layer: int, qkv: PackedLinear, o: PackedLinear) -> None:
        super().__init__()
        self._layer = layer
        self._head_dim = config.head_dim
        self._scaling = config.head_dim**-0.5
        self._heads = config.num_attention_heads
        self._kv_heads = config.num_key_value_heads
        self.qkv_proj = qkv
        self.o_proj = o

    def forward(self, hidden: torch.Tensor, turns: Turns, pages: Pages) -> torch.Tensor:
        """hidden [1, tokens, hidden] -> the same shape; its keys and values go where `pages`
        says."""
        heads = self.qkv_proj(hidden).unflatten(-1, (-1, self._head_dim))
        turning, values = torch.split(heads, [self._heads + self._kv_heads, self._kv_heads], dim=2)
        queries, keys = torch.split(_turned(turning, turns), [self._heads, self._kv_heads], dim=2)
        output = attend(
            self._layer,
            queries.transpose(1, 2),
            keys.transpose(1, 2),
            values.transpose(1, 2),
            self._scaling,
            pages,
        )
        projected: torch.Tensor = self.o_proj(output.flatten(2))
        return projected


class Mlp(torch.nn.Module):
    """The gated feed-forward part: gate and up from one product."""

    def __init__(self, gate_up: PackedLinear, down: PackedLinear) -> None:
        super().__init__()
        self.gate_up_proj = gate_up
        self.down_proj = down

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """[..., hidden] -> the same shape."""
        gate, up = self.gate_up_proj(hidden).chunk(2, dim=-1)
        output: torch.Tensor = self.down_proj(silu(gate) * up)
        return output


class Layer(torch.nn.Module):
    """Attention, then the feed-forward part, each of what is normed and added to what was."""

    def __init__(
        self, attention: Attention, mlp: Mlp, before_attention: Norm, before_mlp: Norm
    ) -> None:
        super().__init__()
        self.self_attn = attention
        self.mlp = mlp
        self.input_layernorm = before_attention
        self.post_attention_layernorm = before_mlp

    def forward(
        self, hidden: torch.Tensor, *, position_embeddings: Turns, pages: Pages
    ) -> torch.Tensor:
        """[1, tokens, hidden] -> the same shape."""
        hidden = hidden + self.self_attn(self.input_layernorm(hidden), position_embeddings, pages)
        output: torch.Tensor = hidden + self.mlp(self.post_attention_layernorm(hidden))
        return output


class TextModel(torch.nn.Module):
    """All but the head."""

    def __init__(
        self, config: LlamaConfig, embedding: torch.Tensor, layers: list[Layer], norm: Norm
    ) -> None:
        super().__init__()
        self.config = config
        self.embed_tokens = torch.nn.Embedding(
            config.vocab_size, config.hidden_size, _weight=embedding
        )
        self.layers = torch.nn.ModuleList(layers)
        self.norm = norm
        self.rotary_emb = Rotary(config)

    def forward(
        self, *, inputs_embeds: torch.Tensor, position_ids: torch.Tensor, pages: Pages
    ) -> Output:
        """inputs_embeds [1, tokens, hidden] at position_ids [1, tokens]."""
        hidden = inputs_embeds
        turns = self.rotary_emb(hidden, position_ids)
        for layer in self.layers:
            hidden = layer(hidden, position_embeddings=turns, pages=pages)
        return Output(self.norm(hidden))


class Llama(torch.nn.Module):
    """The text model as `model`, and its head."""

    def __init__(
        self, config: LlamaConfig, tensors: Mapping[str, torch.Tensor], dtype: torch.dtype
    ) -> None:
        """`tensors` has every weight of `config.shapes()`, and is not needed afterwards."""
        super().__init__()

        def linear(*places: str) -> PackedLinear:
            weights = [tensors[f"{place}.weight"] for place in places]
            biases = [tensors[f"{place}.bias"] for place in places if f"{place}.bias" in tensors]
            return PackedLinear(
                torch.cat(weights).to(dtype), torch.cat(biases).to(dtype) if biases else None
            )

        def norm(place: str) -> Norm:
            weight = tensors[f"{place}.weight"].to(dtype, copy=True)
            return Norm(weight, config.rms_norm_eps)

        def layer(number: int) -> Layer:
            at = f"model.layers.{number}"
            qkv = linear(*(f"{at}.self_attn.{part}_proj" for part in "qkv"))
            return Layer(
                Attention(config, number, qkv, linear(f"{at}.self_attn.o_proj")),
                Mlp(
                    linear(f"{at}.mlp.gate_proj", f"{at}.mlp.up_proj"),
                    linear(f"{at}.mlp.down_proj"),
                ),
                norm(f"{at}.input_layernorm"),
                norm(f"{at}.post_attention_layernorm"),
            )

        self.model = TextModel(
            config,
            tensors["model.embed_tokens.weight"].to(dtype, copy=True),
            [layer(number) for number in range(config.num_hidden_layers)],
            norm("model.norm"),
        )
        tied = "lm_head.weight" not in tensors
        self.lm_head = PackedLinear(self.model.embed_tokens.weight) if tied else linear("lm_head")
        self.dtype = dtype

    def get_output_embeddings(self) -> PackedLinear:
        """The head."""
        return self.lm_head


# The numbers that each way of stretching positions takes.
_STRETCHED: Mapping[str, set[str]] = {
    "default": set(),
    "linear": {"factor"},
    "llama3": {
        "factor",
        "low_freq_factor",
        "high_freq_factor",
        "original_max_position_embeddings",
    },
}


def _rope(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """How a config.json, new or old, has positions turned; None for a way that is not ours."""
    scaling = given.get("rope_parameters") or given.get("rope_scaling") or {}
    if not isinstance(scaling, dict):
        return None
    rope = {
        "rope_theta": given.get("rope_theta") or 10000.0,
        "rope_type": scaling.get("type", "default"),  # its name in old files
        **scaling,
    }
    numbers = _STRETCHED.get(str(rope["rope_type"]))
    is_ours = numbers is not None and numbers <= rope.keys()
    return rope if is_ours and rope.get("partial_rotary_factor", 1.0) == 1.0 else None


def _stretched(frequencies: torch.Tensor, config: LlamaConfig) -> torch.Tensor:
    """Frequencies for longer texts than were first trained on: all of them slower, or, as Llama 3.1
    does (Grattafiori et al., 2024, arXiv:2407.21783), the slow ones, with a ramp in between."""
    rope = config.rope
    if rope["rope_type"] == "default":
        return frequencies
    slower: torch.Tensor = frequencies / rope["factor"]
    if rope["rope_type"] == "linear":
        return slower
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    turns = rope["original_max_position_embeddings"] * frequencies / (2 * math.pi)
    kept = ((turns - low) / (high - low)).clamp(0, 1)
    return slower.lerp(frequencies, kept)


def _turned(heads: torch.Tensor, turns: Turns) -> torch.Tensor:
    """Rotary position embedding of heads [1, tokens, heads, head_dim]."""
    cos, sin = turns
    first, second = heads.chunk(2, dim=-1)
    turned = torch.cat((-second, first), dim=-1)
    return heads * cos.unsqueeze(2) + turned * sin.unsqueeze(2)
