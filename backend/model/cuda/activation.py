"""SiLU of the gate times the rest, as one kernel."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait

from backend.model.cuda import chain

_BLOCK = 1024  # columns of a program


@triton.jit
def silu_times(gate: tl.tensor, up: tl.tensor, kind: tl.constexpr) -> tl.tensor:
    """float32 gate and up -> float32, rounded to `kind` where transformers rounds."""
    gate = (gate * tl.sigmoid(gate)).to(kind).to(tl.float32)
    return gate * up


@triton.jit
def _gate_rows(
    rows: tl.tensor,
    output: tl.tensor,
    width: tl.constexpr,
    block: tl.constexpr,
    chained: tl.constexpr,
) -> None:
    row = tl.program_id(0).to(tl.int64)
    columns = tl.program_id(1) * block + tl.arange(0, block)
    inside = columns < width
    if chained:
        gdc_wait()
        gdc_launch_dependents()
    gate = tl.load(rows + row * 2 * width + columns, mask=inside, other=0.0)
    up = tl.load(rows + row * 2 * width + width + columns, mask=inside, other=0.0)
    value = silu_times(gate.to(tl.float32), up.to(tl.float32), gate.dtype)
    tl.store(output + row * width + columns, value, mask=inside)


def gated(rows: torch.Tensor) -> torch.Tensor:
    """[n, gate and up] -> silu(gate) * up [n, width]; the rows lie one after the other."""
    count, width = rows.shape[0], rows.shape[1] // 2
    output = rows.new_empty(count, width)
    chained = chain.is_available(rows.device)
    _gate_rows[(count, triton.cdiv(width, _BLOCK))](
        rows, output, width, _BLOCK, chained, **chain.options(chained)
    )
    return output
