"""Typed reading of JSON objects. null counts as not given; a wrong value names its path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from frontend.api.errors import ApiError, invalid, missing


class Fields:
    """An object and where it stands in the request."""

    def __init__(self, values: Mapping[str, Any], path: str = "") -> None:
        self.values = values
        self.path = path

    def at(self, name: str) -> str:
        """A field's path."""
        return f"{self.path}.{name}" if self.path else name

    def get(self, name: str) -> object:
        """Whatever is there; None if nothing is."""
        return self.values.get(name)

    def require(self, name: str) -> object:
        """What has to be there."""
        value = self.get(name)
        if value is None:
            raise missing(self.at(name))
        return value

    def text(self, name: str) -> str | None:
        """A string."""
        value = self.get(name)
        if value is not None and not isinstance(value, str):
            raise wrong_type(self.at(name), "a string")
        return value

    def flag(self, name: str) -> bool | None:
        """True or false."""
        value = self.get(name)
        if value is not None and not isinstance(value, bool):
            raise wrong_type(self.at(name), "true or false")
        return value

    def integer(self, name: str, low: int, high: int) -> int | None:
        """A whole number within bounds; neither 1.0 nor true is one."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong_type(self.at(name), "an integer")
        check_bounds(self.at(name), value, low, high, "integer")
        return value

    def integers(self, name: str, low: int, high: int, most: int) -> tuple[int, ...]:
        """A list of whole numbers within bounds; none where it is not given."""
        value = self.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > most:
            raise wrong_type(self.at(name), f"a list of at most {most:,} integers")
        for place, one in enumerate(value):
            path = f"{self.at(name)}[{place}]"
            if isinstance(one, bool) or not isinstance(one, int):
                raise wrong_type(path, "an integer")
            check_bounds(path, one, low, high, "integer")
        return tuple(value)

    def number(self, name: str, low: float, high: float) -> float | None:
        """A number within bounds."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong_type(self.at(name), "a number")
        check_bounds(self.at(name), value, low, high, "decimal")
        return float(value)

    def choice(self, name: str, *allowed: str) -> str | None:
        """One of a few strings."""
        value = self.text(name)
        if value is not None and value not in allowed:
            raise invalid(self.at(name), f"'{self.at(name)}' must be one of {', '.join(allowed)}.")
        return value

    def object(self, name: str) -> Fields | None:
        """An object inside this one."""
        value = self.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise wrong_type(self.at(name), "an object")
        return Fields(value, self.at(name))


def check_bounds(path: str, value: float, low: float, high: float, kind: str) -> None:
    """Raises unless low <= value <= high."""
    if not low <= value <= high:
        side = "below_min" if value < low else "above_max"
        raise invalid(path, f"'{path}' must be from {low} to {high}.", f"{kind}_{side}_value")


def wrong_type(path: str, wanted: str) -> ApiError:
    """400 for a value of another JSON type."""
    return invalid(path, f"'{path}' must be {wanted}.", "invalid_type")
