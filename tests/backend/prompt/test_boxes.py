"""Places that answers name: what counts as one, what a reader sees, which picture is meant."""

from __future__ import annotations

import pytest

from backend.media.media import Media, MediaKind
from backend.prompt import boxes
from backend.prompt.boxes import CLOSE, OPEN, BoxReader, Target, placed, places, targets
from backend.prompt.events import Mark
from backend.prompt.picture import ImageSpan, Picture
from backend.prompt.prompt import MediaPart, Message, Prompt, Role

Four = tuple[float, float, float, float]


def read(*pieces: str) -> tuple[str, list[tuple[str, Four]]]:
    """The text shown, and the places with their labels."""
    reader = BoxReader()
    text = "".join([*map(reader.push, pieces), reader.flush()])
    return text, [(m.label, (m.left, m.top, m.right, m.bottom)) for m in reader.taken()]


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_marks_are_taken_out_and_the_place_is_noted(size: int) -> None:
    answer = f"The seal: {OPEN}[[12, 34, 560, 780]]{CLOSE}, below."
    pieces = [answer[start : start + size] for start in range(0, len(answer), size)]
    shown, found = read(*pieces)
    assert shown == "The seal: [[12, 34, 560, 780]], below."
    assert found == [("The seal", (12, 34, 560, 780))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[1,2,3,4]", [(1, 2, 3, 4)]),
        ("1, 2, 3, 4", [(1, 2, 3, 4)]),
        ("[[1,2,3,4], [5,6,7,8]]", [(1, 2, 3, 4), (5, 6, 7, 8)]),
        ("(1,2,3,4);(5,6,7,8)", [(1, 2, 3, 4), (5, 6, 7, 8)]),
        ("[0.5, 2, 3.25, 1000]", [(0.5, 2, 3.25, 1000)]),
        ("[3,4,1,2]", [(1, 2, 3, 4)]),  # corners the other way round
        ("[1,2,3,1001]", []),
        ("[1,2,3]", []),
        ("[1,2,3,4,5]", []),
        ("[-1,2,3,4]", []),
        ("42", []),
        ("Paris", []),
        ("", []),
        ("the vector [1,2,3,4]", []),
        ('{"bbox_2d": [1, 2, 3, 4], "label": "stamp"}', [(1, 2, 3, 4)]),
        ('[{"bbox_2d": [1, 2, 3, 4]}, {"bbox_2d": "none"}, 7]', [(1, 2, 3, 4)]),
        ('{"bbox_2d": [1, 2, 3, [4]]}', []),
        ("[" * 9000, []),
        ("[1,2,3,4]," * 4000, []),  # longer than any place
    ],
)
def test_what_is_a_place(text: str, found: list[Four]) -> None:
    assert [edges for _, edges in places(text)] == found


def test_an_ordinary_answer_in_a_frame_stays_as_it_is() -> None:
    assert read(f"It is {OPEN}Paris{CLOSE}.") == ("It is Paris.", [])


def test_an_unfinished_frame_is_shown_and_is_no_place() -> None:
    assert read(f"a {OPEN}[1,2,3,4]") == ("a [1,2,3,4]", [])
    assert read("a <|begin_of") == ("a <|begin_of", [])


def test_labels_are_the_words_right_before() -> None:
    answer = f"First line.\nThe seal {OPEN}[1,2,3,4]{CLOSE} and the name: {OPEN}[5,6,7,8]{CLOSE}"
    assert [label for label, _ in read(answer)[1]] == ["The seal", "and the name"]
    named = f'{OPEN}{{"bbox_2d": [1,2,3,4], "label": "stamp"}}{CLOSE}'
    assert [label for label, _ in read(named)[1]] == ["stamp"]
    long = f"{'word ' * 100}{OPEN}[1,2,3,4]{CLOSE}"
    assert 0 < len(read(long)[1][0][0]) <= boxes.LABEL_CHARACTERS


def test_an_answer_names_so_many_places_and_no_more() -> None:
    _, found = read(f"{OPEN}[1,2,3,4]{CLOSE}" * 1000)
    assert len(found) == boxes.MOST_BOXES


def test_places_are_told_in_pixels_of_the_original() -> None:
    (box,) = placed([Mark("seal", 0, 250, 500, 1000)], [Target("ab", 1, "scan.png", 2000, 400)])
    assert (box.sha256, box.page, box.label) == ("ab", 1, "seal")
    assert (box.left, box.top, box.right, box.bottom) == (0, 100, 1000, 400)


def test_places_on_a_documents_page_are_fractions() -> None:
    (box,) = placed([Mark("", 100, 200, 300, 400)], [Target("ab", 3, "a.pdf", 1, 1)])
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx((0.1, 0.2, 0.3, 0.4))


def test_no_picture_no_place() -> None:
    assert placed([Mark("", 1, 2, 3, 4)], []) == ()


@pytest.mark.parametrize(
    ("label", "meant"),
    [
        ("", "c"),
        ("the seal", "c"),
        ("in image 1", "a"),
        ("Picture 2", "b"),
        ("图2的印章", "b"),
        ("image 9", "c"),
        ("on page 7", "b"),
        ("第7页", "b"),
        ("in first.png the name", "a"),
        ("unlike image 1, image 2", "b"),
    ],
)
def test_which_picture_is_meant(label: str, meant: str) -> None:
    shown = [
        Target("a", 1, "first.png", 10, 10),
        Target("b", 7, "", 1, 1),
        Target("c", 2, "third.png", 10, 10),
    ]
    (box,) = placed([Mark(label, 1, 2, 3, 4)], shown)
    assert box.sha256 == meant


def test_the_pictures_of_a_prompt() -> None:
    spans = [
        ImageSpan(place * 10, Picture(b"", "me", sha256, page, 1, 1))
        for place, (sha256, page) in enumerate([("a", 1), ("d", 2), ("d", 3), ("a", 1)])
    ]
    media = {
        "a": Media("a", MediaKind.IMAGE, "image/png", 9, 1, 640, 480),
        "d": Media("d", MediaKind.DOCUMENT, "application/pdf", 9, 3),
    }
    parts = (MediaPart("a", "scan.png"), MediaPart("d"))
    prompt = Prompt("r", "me", "", (Message(Role.USER, parts),))
    assert targets(spans, media, prompt) == (
        Target("a", 1, "scan.png", 640, 480),
        Target("d", 2, "", 1, 1),
        Target("d", 3, "", 1, 1),
    )
