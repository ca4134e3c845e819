"""The checks against the real system: everything works, and a name that is not ours does not."""

from __future__ import annotations

from pathlib import Path

from frontend.client.blocking import Client
from frontend.diagnosis.examination import examine
from frontend.diagnosis.findings import Grade
from frontend.diagnosis.place import of_settings
from frontend.settings import Settings
from scripts.lib.system import System


def test_the_real_system_is_well(system: System, backend: Client) -> None:
    settings = Settings(
        port=system.port,
        backend_address=system.address,
        data_dir=Path(system.environment["DATA_DIR"]),
    )
    found = examine(backend, settings, of_settings(settings))
    wrong = [one for one in found if one.grade is Grade.BAD]
    assert wrong == []
    assert {one.name for one in found} > {"page_good", "backend_good", "upload_good"}
    elsewhere = examine(backend, settings, of_settings(settings, "evil.example"))
    assert elsewhere[0].name == "page_host"
