"""What the page works with: what one process has once, and what each owner has of it.

Free of streamlit. History, jobs, files and tables of one owner are out of another one's reach:
every `Services` is bound to its owner when it is made.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from frontend.client.blocking import Client
from frontend.history.catalogue import Catalogue
from frontend.history.earlier import EarlierAnswers
from frontend.history.history import History
from frontend.jobs import Jobs
from frontend.kinds import Kinds
from frontend.monitor.watch import Watch
from frontend.pulse import Pulse
from frontend.replays import Reruns
from frontend.settings import Settings
from frontend.shelf import Shelf
from frontend.workbench import Workbench
from frontend.workflows.client_reader import ClientReader
from frontend.workflows.runner import Runner


@dataclass(frozen=True)
class Services:
    """One owner's."""

    owner: str
    history: History
    jobs: Jobs
    shelf: Shelf
    pulse: Pulse
    runner: Runner
    bench: Workbench
    reruns: Reruns
    catalogue: Catalogue
    kinds: Kinds
    earlier: EarlierAnswers


class House:
    """One for each process: the connection, the history, the runner, and every owner's services."""

    def __init__(self, settings: Settings) -> None:
        """Opens the history and goes on with what an earlier process left unfinished.

        Raises StorageUnavailable.
        """
        self.settings = settings
        self.history = History(settings.database_url)
        self.client = Client(
            settings.backend_address,
            settings.backend_token,
            ca=settings.backend_tls_ca,
            ping_seconds=settings.backend_ping_seconds,
        )
        self.runner = Runner(ClientReader(self.client), self.history.database)
        self.pulse = Pulse(self.client, when_online=self._erase_removed)
        self._owners: dict[str, Services] = {}
        self._lock = threading.Lock()
        for owner in self.history.owners_unfinished():
            self.of(owner).jobs.recover()
        self.watch = Watch(self.client)
        self.runner.start()
        self.watch.start()

    def of(self, owner: str) -> Services:
        """What belongs to one owner."""
        with self._lock:
            known = self._owners.get(owner)
            if known is None:
                known = self._made(owner)
                self._owners[owner] = known
            return known

    def close(self) -> None:
        """Lets work under way wait for the next process."""
        self.watch.close()
        self.runner.close()

    def _made(self, owner: str) -> Services:
        return Services(
            owner,
            self.history,
            Jobs(self.client, self.history, owner),
            Shelf(self.client, self.history, owner),
            self.pulse,
            self.runner,
            Workbench(self.client, self.history, self.runner, owner),
            Reruns(self.client, self.history, owner),
            Catalogue(self.history.database),
            Kinds(self.client, owner),
            EarlierAnswers(self.history.database),
        )

    def _erase_removed(self) -> None:
        for owner in self.history.owners_erasing():
            self.of(owner).shelf.erase_removed()
