"""How much of a document goes into one request, by the model."""

from __future__ import annotations

from frontend.messages import ModelCard, Sampling
from frontend.workflows.extraction import Plan
from frontend.workflows.plans import plan_for


def card(parameters: int, context: int) -> ModelCard:
    return ModelCard(
        id="m", name="M", description="", description_zh="", loaded=True, sees_images=False,
        thinks=False, context_length=context, parameters=parameters, device="cpu", dtype="",
        chosen_because="", revision="", license="", defaults=Sampling(),
    )  # fmt: skip


def test_a_small_model_gets_passages_that_the_backend_chooses() -> None:
    assert plan_for(card(135_000_000, 8192)) == Plan(window_tokens=None, quotes=False)
    assert plan_for(None) == Plan()


def test_a_large_one_gets_windows_that_leave_room_for_the_answer() -> None:
    assert plan_for(card(9_000_000_000, 32_000)) == Plan(window_tokens=22_400, quotes=True)
