"""The lists of fields that there are for somebody: their own, and those of the product."""

from __future__ import annotations

from frontend.history.review import Review
from frontend.workflows import fields, presets
from frontend.workflows.fields import FieldList, FieldsInvalid, Language


class NameTaken(Exception):
    """Another list of one's own has that name."""


class FieldLists:
    """One owner's lists of fields. Safe to share between sessions."""

    def __init__(self, review: Review, owner: str) -> None:
        self._review = review
        self._owner = owner

    def own(self) -> tuple[FieldList, ...]:
        """One's own, by name."""
        kept = []
        for content in self._review.own_fields(self._owner).values():
            try:
                kept.append(fields.read(content))
            except FieldsInvalid:
                continue  # kept by another version of the product
        return tuple(kept)

    def offered(self, language: Language) -> tuple[FieldList, ...]:
        """All there are: one's own, then those of the product that none of them replaces."""
        own = self.own()
        known = {one.name for one in own}
        came = (presets.preset(name, language) for name in presets.NAMES if name not in known)
        return (*own, *(one for one in came if one is not None))

    def find(self, named: str, language: Language) -> FieldList | None:
        """The list of that name, or one's own of that title."""
        by_title = (one for one in self.own() if one.title.casefold() == named.casefold())
        found = next((one for one in self.offered(language) if one.name == named), None)
        return found or next(by_title, None)

    def is_own(self, name: str) -> bool:
        """Whether it is one's own."""
        return any(one.name == name for one in self.own())

    def save(self, wanted: FieldList, *, instead_of: str | None = None) -> None:
        """Keeps a list under its name; `instead_of` is the name that it had, if it had one.

        Raises NameTaken if the name is that of another list.
        """
        if wanted.name != instead_of and self.is_own(wanted.name):
            raise NameTaken(wanted.name)
        self._review.save_fields(self._owner, wanted.name, wanted.to_json(), instead_of=instead_of)

    def forget(self, name: str) -> None:
        """Drops a list; jobs keep what they were begun with."""
        self._review.forget_fields(self._owner, name)
