"""One process, several owners: each has its own, and nobody is forgotten after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from frontend.history.history import History
from frontend.history.records import State
from frontend.messages import FileRef
from frontend.services import House
from frontend.settings import Settings
from tests.fakes.backend import FakeBackend
from tests.fakes.pdf import Page, paragraph, pdf
from tests.fakes.waiting import wait_until

CONTRACT = pdf(Page(paragraph("Lease")))


@pytest.fixture
def backend() -> Iterator[FakeBackend]:
    with FakeBackend(answer="An answer.") as fake:
        yield fake


def settings(backend: FakeBackend, folder: Path) -> Settings:
    return Settings(backend_address=backend.address, data_dir=folder)


@pytest.fixture
def house(backend: FakeBackend, tmp_path: Path) -> Iterator[House]:
    opened = House(settings(backend, tmp_path))
    yield opened
    opened.close()


def test_an_owner_sees_nothing_of_another(house: House, backend: FakeBackend) -> None:
    ann, bo = house.of("ann"), house.of("bo")
    file = ann.shelf.add("c1", CONTRACT, "lease.pdf")
    assert [conversation.id for conversation in house.history.conversations("ann")] == ["c1"]
    assert house.history.conversations("bo") == ()
    assert bo.shelf.files("c1") == ()
    assert bo.bench.jobs() == ()
    assert list(backend.media) == [("ann", file.sha256)]
    with pytest.raises(PermissionError):
        bo.shelf.add("c1", CONTRACT, "lease.pdf")


def test_services_are_made_once_for_each_owner(house: House) -> None:
    assert house.of("ann") is house.of("ann")
    assert house.of("ann").jobs is not house.of("bo").jobs
    assert house.of("ann").pulse is house.of("bo").pulse


def test_every_owners_unfinished_answer_is_taken_up(backend: FakeBackend, tmp_path: Path) -> None:
    history = History(settings(backend, tmp_path).database_url)
    answers = []
    for owner in ("ann", "bo"):
        answer = history.ask(owner, f"{owner}-1", "Well?", turn_key=owner, parameters={})
        assert answer is not None
        answers.append(answer)
    assert set(history.owners_unfinished()) == {"ann", "bo"}
    assert len(history.unfinished("ann")) == 1
    again = House(settings(backend, tmp_path))
    try:
        # The backend never heard of them: each job asks for its own owner, and says so.
        wait_until(
            lambda: all(
                kept is not None and kept.state is State.LOST
                for kept in map(again.history.answer, answers)
            )
        )
    finally:
        again.close()
    assert history.owners_unfinished() == ()


def test_every_owners_removed_file_is_erased(house: House, backend: FakeBackend) -> None:
    for owner in ("ann", "bo"):
        house.of(owner).shelf.add(f"{owner}-1", CONTRACT, "lease.pdf")
        house.history.delete(owner, f"{owner}-1")
    assert set(house.history.owners_erasing()) == {"ann", "bo"}
    house.pulse.now()
    wait_until(lambda: not backend.media)
    wait_until(lambda: house.history.owners_erasing() == ())
    assert isinstance(house.of("ann").shelf.add("ann-2", CONTRACT, "again.pdf"), FileRef)
