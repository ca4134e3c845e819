"""Where the page is looked for."""

from __future__ import annotations

import pytest

from frontend.diagnosis.place import NoAddress, Place, of_settings, of_url
from frontend.settings import Settings


def test_of_this_machine() -> None:
    assert of_settings(Settings(port=9, base_path="/desk")) == Place(
        "127.0.0.1", 9, "/desk", "127.0.0.1:9"
    )
    anywhere = of_settings(Settings(port=9, host="::"))
    assert (anywhere.address, anywhere.host) == ("::1", "[::1]:9")
    assert of_settings(Settings(host="0.0.0.0"), "desk.example").host == "desk.example"


def test_of_a_proxy() -> None:
    assert of_url("https://desk.example/a/") == Place(
        "desk.example", 443, "/a", "desk.example", is_encrypted=True
    )
    assert of_url("http://me:secret@[::1]:8080").host == "[::1]:8080"
    assert of_url("https://desk.example/a").url == "https://desk.example/a/"


@pytest.mark.parametrize("url", ["desk.example", "ftp://desk.example", "https://", "http://a:b"])
def test_of_nothing(url: str) -> None:
    with pytest.raises(NoAddress):
        of_url(url)
