"""Block keys: the same for the same content, and for nothing else."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.prompt.picture import ImageSpan, Picture
from backend.scheduling.prefix import KEY_BYTES, block_keys, root_key, whole_images

TOKENS = tuple(range(100, 140))


def span(start: int, key: bytes = b"a", rows: int = 2, columns: int = 3) -> ImageSpan:
    return ImageSpan(start, Picture(key, "o", "f" * 64, 1, rows, columns))


def keys(
    tokens: tuple[int, ...] = TOKENS, *images: ImageSpan, owner: str = "o", size: int = 4
) -> list[bytes]:
    return list(block_keys(root_key(owner), tokens, images, size))


def test_only_full_blocks_have_keys() -> None:
    assert [len(keys(TOKENS[:length])) for length in (0, 3, 4, 7, 8)] == [0, 0, 1, 1, 2]
    assert {len(key) for key in keys()} == {KEY_BYTES}
    assert len(set(keys((7,) * 40))) == 10  # each depends on those before it


def test_a_longer_text_begins_with_the_same_keys() -> None:
    assert keys(TOKENS[:17]) == keys()[:4]


def test_another_token_changes_everything_from_there_on() -> None:
    other = keys((*TOKENS[:9], 0, *TOKENS[10:]))
    assert other[:2] == keys()[:2]
    assert not set(other[2:]) & set(keys())


def test_owners_have_nothing_in_common() -> None:
    assert not set(keys(owner="o")) & set(keys(owner="p"))
    assert root_key("") != root_key("o")
    assert len({root_key("o"), root_key("o", adapted=True), root_key("p", adapted=True)}) == 3


def test_a_picture_with_the_same_tokens_is_another_prefix_from_its_first_block_on() -> None:
    one, two = keys(TOKENS, span(6, b"a")), keys(TOKENS, span(6, b"b"))
    assert one[:1] == two[:1] == keys()[:1]
    assert not set(one[1:]) & set(two[1:])
    assert not set(one[1:]) & set(keys()[1:])


def test_the_place_of_a_picture_matters() -> None:
    assert keys(TOKENS, span(5))[1] != keys(TOKENS, span(6))[1]
    assert keys(TOKENS, span(0, rows=8))[1] != keys(TOKENS, span(4, rows=8))[1]


def test_every_block_inside_a_picture_knows_it() -> None:
    tokens = (7,) * 40
    one, two = keys(tokens, span(0, b"a", 8, 4)), keys(tokens, span(0, b"b", 8, 4))
    for place in range(8):
        parent = one[place - 1] if place else root_key("o")
        [other] = block_keys(parent, tokens[:4], [span(0, b"b", 8, 4)], 4, start=4 * place)
        assert other != one[place]
    assert two != one


def test_two_pictures_cannot_pose_as_one() -> None:
    two = keys(TOKENS, span(4, b"a", 1, 2), span(6, b"b", 1, 2))
    posing = b"a" + bytes(8) + b"b"  # the fields of both in a row, but for their lengths
    assert keys(TOKENS, span(6, posing, 1, 2))[1] != two[1]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_keys_go_on_from_any_block(data: st.DataObject) -> None:
    images, place = [], 0
    for key in data.draw(st.lists(st.sampled_from([b"a", b"b"]), max_size=4)):
        place += data.draw(st.integers(0, 5))
        images.append(span(place, key, 1, data.draw(st.integers(1, 9))))
        place = images[-1].end
    tokens = (7,) * max(40, place)
    whole = keys(tokens, *images)
    done = data.draw(st.integers(1, len(whole)))
    rest = list(block_keys(whole[done - 1], tokens[4 * done :], images, 4, start=4 * done))
    assert whole[:done] + rest == whole


def test_counts_pictures_that_lie_wholly_before_a_place() -> None:
    images = [span(2), span(10)]  # of six tokens
    assert [whole_images(images, end) for end in (0, 7, 8, 10, 15, 16, 99)] == [0, 0, 1, 1, 1, 2, 2]
