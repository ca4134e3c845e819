"""The browser's side of adding files: what reaches the backend, and what need not."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2
import pytest
from PIL import Image
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.conftest import Opener
from tests.browser.test_page import ask, wait_for_end
from tests.fakes.backend import FakeBackend
from tests.fakes.pdf import Page as PdfPage
from tests.fakes.pdf import paragraph, pdf

pytestmark = pytest.mark.browser

INPUT = ".st-key-dropzone input[type=file]"
CARDS = "[class*=st-key-file-]"
LONG = 60_000  # milliseconds: looking at pictures takes what processors there are
CLAUSES = "\n".join(f"{n}. The tenant pays the rent of month {n} in advance." for n in range(1, 30))


def grainy(image: Image.Image, seed: int) -> Image.Image:
    """As from a sensor: no two pixels alike, so it compresses badly."""
    noise = np.random.default_rng(seed).normal(0, 12, (image.height, image.width, 1))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Red above blue once it is turned as its EXIF says; 2400 x 1600 pixels as they lie."""
    image = Image.new("RGB", (2400, 1600), (200, 40, 40))
    image.paste((40, 40, 200), (1200, 0, 2400, 1600))
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path_factory.mktemp("photo") / "holiday.jpeg"
    grainy(image, 1).save(path, quality=92, exif=exif)
    return path


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of a contract at 220 dpi."""
    page = pypdfium2.PdfDocument(pdf(PdfPage(paragraph(CLAUSES))))[0]
    path = tmp_path_factory.mktemp("scan") / "lease.png"
    grainy(page.render(scale=220 / 72).to_pil().convert("RGB"), 2).save(path, compress_level=1)
    return path


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PDF of one scanned page and more than 5 MB."""
    page = pypdfium2.PdfDocument(pdf(PdfPage(paragraph(CLAUSES))))[0]
    path = tmp_path_factory.mktemp("heavy") / "office scan.pdf"
    drawn = grainy(page.render(scale=400 / 72).to_pil().convert("RGB"), 3)
    drawn.save(path, "PDF", resolution=400, quality=97)
    return path


def row(page: Page, name: str) -> str:
    """What is told of a file that has been dealt with."""
    shown = page.locator(".file").filter(has_text=name)
    expect(shown).to_have_attribute("data-state", "sent", timeout=LONG)
    return shown.inner_text()


def stored(backend: FakeBackend) -> list[bytes]:
    return [one.data for one in backend.media.values()]


GIVEN = """(target, [kind, name]) => {
  const given = new DataTransfer();
  given.items.add(document.querySelector("#outside").files[0]);
  const carried = name === "paste" ? { clipboardData: given } : { dataTransfer: given };
  const settings = { bubbles: true, cancelable: true, ...carried };
  target.dispatchEvent(new globalThis[kind](name, settings));
}"""


def with_outside(page: Page, file: Path) -> None:
    """A file that events can carry."""
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('input'), "
        "{type: 'file', id: 'outside'}))"
    )
    page.set_input_files("#outside", file)


@pytest.fixture(autouse=True)
def empty(backend: FakeBackend) -> None:
    backend.media.clear()
    backend.uploads.clear()


def test_a_large_photo_is_sent_small_and_upright(
    open_page: Opener, photo: Path, backend: FakeBackend
) -> None:
    assert photo.stat().st_size > 1_000_000
    page = open_page()
    page.set_input_files(INPUT, photo)
    told = row(page, "holiday.jpeg")
    assert "2400 → 1067 × 1600" in told
    assert "turned upright" in told
    before, after = page.locator(".file img").all()
    shape = "picture => picture.naturalWidth / picture.naturalHeight"
    assert before.evaluate(shape) == pytest.approx(3 / 2, abs=0.02)
    assert after.evaluate(shape) == pytest.approx(2 / 3, abs=0.02)
    summary = page.locator(".files summary")
    expect(summary).to_have_text(re.compile(r"^Sent: [\d.]+ MB → \d+ kB$"))
    expect(page.locator(CARDS)).to_contain_text("holiday.jpeg")
    (data,) = stored(backend)
    assert len(data) < 500_000
    with Image.open(io.BytesIO(data)) as sent:
        assert sent.size == (1067, 1600)
        assert sent.getexif().get(0x0112, 1) == 1
        above, below = (sent.convert("RGB").getpixel((500, y)) for y in (300, 1300))
    assert isinstance(above, tuple)
    assert isinstance(below, tuple)
    assert above[0] > 150 > below[0]
    assert below[2] > 150 > above[2]


def test_photos_and_scans_are_told_apart(
    open_page: Opener, photo: Path, scan: Path, backend: FakeBackend
) -> None:
    page = open_page(locale="zh-CN", dark=True)
    page.set_input_files(INPUT, [photo, scan])
    assert "照片" in row(page, "holiday.jpeg")
    told = row(page, "lease.png")
    assert "文档 · 29 行文字" in told
    expect(page.locator(CARDS)).to_have_count(2)
    sizes = [Image.open(io.BytesIO(data)).size for data in stored(backend)]
    assert max(map(len, stored(backend))) < 500_000
    assert (1067, 1600) in sizes
    assert max(max(size) for size in sizes) > 1600  # a page keeps more than a photo


def test_a_known_file_is_not_sent_again(
    open_page: Opener, scan: Path, contract: Path, backend: FakeBackend
) -> None:
    page = open_page()
    page.set_input_files(INPUT, [scan, contract])
    expect(page.locator(CARDS)).to_have_count(2, timeout=LONG)
    assert len(backend.uploads) == 2

    again = open_page()  # another browser, another conversation
    sent: list[Request] = []
    again.on("request", lambda one: sent.append(one) if one.method != "GET" else None)
    again.set_input_files(INPUT, [scan, contract])
    known = again.locator(".file[data-state=known]")
    expect(known).to_have_count(2, timeout=LONG)
    expect(known.first).to_contain_text("Already here: nothing was sent")
    expect(again.locator(".files summary")).to_have_text("Already here: nothing was sent")
    expect(again.locator(CARDS)).to_have_count(2)
    assert sent == []
    assert len(backend.uploads) == 2


def test_dropped_files_go_the_same_way(
    open_page: Opener, photo: Path, backend: FakeBackend
) -> None:
    page = open_page()
    with_outside(page, photo)
    for name in ("dragenter", "dragover", "drop"):
        page.locator("[data-testid=stFileUploaderDropzone]").evaluate(GIVEN, ["DragEvent", name])
    assert "turned upright" in row(page, "holiday.jpeg")
    expect(page.locator(CARDS)).to_have_count(1)
    expect(page.locator(".st-key-dropzone")).not_to_contain_text("Drag and drop")
    assert len(stored(backend)[0]) < 500_000


def test_files_can_be_dropped_anywhere(open_page: Opener, contract: Path) -> None:
    page = open_page()
    with_outside(page, contract)
    page.locator("[data-testid=stMain]").evaluate(GIVEN, ["DragEvent", "dragover"])
    expect(page.locator("html")).to_have_class(re.compile("files-over"))
    page.locator("[data-testid=stMain]").evaluate(GIVEN, ["DragEvent", "drop"])
    expect(page.locator("html")).not_to_have_class(re.compile("files-over"))
    expect(page.locator(CARDS)).to_contain_text("lease agreement.pdf", timeout=LONG)


def test_a_pasted_picture_is_named_after_the_time(
    open_page: Opener, tmp_path: Path, backend: FakeBackend
) -> None:
    picture = tmp_path / "image.png"
    Image.new("RGB", (300, 200), (200, 0, 0)).save(picture)
    page = open_page()
    with_outside(page, picture)
    page.locator("[data-testid=stChatInputTextArea]").evaluate(GIVEN, ["ClipboardEvent", "paste"])
    expect(page.locator(CARDS)).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d [\d.]+\.png"))
    assert stored(backend) == [picture.read_bytes()]


def test_pasted_text_is_left_to_the_page(open_page: Opener) -> None:
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('a clause')")
    page.locator("[data-testid=stChatInputTextArea]").focus()
    page.keyboard.press("Control+V")
    expect(page.locator("[data-testid=stChatInputTextArea]")).to_have_value("a clause")
    expect(page.locator(CARDS)).to_have_count(0)


def test_a_phone_adds_files_beside_the_question(open_page: Opener, contract: Path) -> None:
    page = open_page(width=390, height=844)
    ask(page, "Who are you?")
    wait_for_end(page)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add files").and_(
            page.locator(".st-key-dropzone-opener *")
        ).locator("visible=true").first.click()
    chooser.value.set_files(str(contract))
    expect(page.locator("[data-testid=going-along]")).to_have_text("lease agreement.pdf")
    ask(page, "What is it about?")
    wait_for_end(page)
    expect(page.locator("[data-testid=going-along]")).to_have_count(0)
    expect(page.locator("[data-testid=stChatMessage]").nth(2)).to_contain_text("lease agreement")


@pytest.mark.parametrize("asset", ["worker.js", "text.onnx"])
def test_a_broken_part_sends_the_original(
    asset: str, open_page: Opener, photo: Path, backend: FakeBackend
) -> None:
    page = open_page()

    def broken(route: Route) -> None:
        route.fulfill(body="throw Error('broken')", content_type="text/javascript")

    page.context.route(f"**/assets/**/{asset}", broken)
    page.set_input_files(INPUT, photo)
    expect(page.locator(CARDS)).to_contain_text("holiday.jpeg", timeout=LONG)
    assert stored(backend) == [photo.read_bytes()]


def test_small_files_and_others_are_left_as_they_are(
    open_page: Opener, contract: Path, tmp_path: Path, backend: FakeBackend
) -> None:
    small = tmp_path / "stamp.png"
    Image.new("RGBA", (300, 200), (200, 0, 0, 120)).save(small)
    page = open_page()
    loaded: list[str] = []
    page.on("request", lambda one: loaded.append(one.url))
    page.set_input_files(INPUT, contract)
    expect(page.locator(CARDS)).to_have_count(1)
    assert not any("text.onnx" in url for url in loaded)  # no PDF needs it
    page.set_input_files(INPUT, small)
    expect(page.locator(CARDS)).to_have_count(2)
    expect(page.locator(".file")).to_have_count(0)
    assert stored(backend) == [contract.read_bytes(), small.read_bytes()]


def test_a_heavy_scan_keeps_its_pages_and_loses_its_grain(
    open_page: Opener, heavy: Path, backend: FakeBackend
) -> None:
    assert heavy.stat().st_size > 5_000_000
    page = open_page()
    page.set_input_files(INPUT, heavy)
    assert "Document · 1 picture made smaller" in row(page, "office scan.pdf")
    (data,) = stored(backend)
    assert len(data) < 1_000_000
    before, after = pypdfium2.PdfDocument(heavy), pypdfium2.PdfDocument(data)
    assert len(after) == 1
    assert after[0].get_size() == before[0].get_size()
    drawn = [one[0].render(scale=1).to_pil().convert("L") for one in (before, after)]
    difference = np.abs(np.subtract(*(np.asarray(one, dtype=np.int16) for one in drawn)))
    assert difference.mean() < 3  # of 255
    assert np.asarray(drawn[1]).min() < 100  # there is writing on it


def test_a_signed_pdf_is_left_alone(
    open_page: Opener, heavy: Path, tmp_path: Path, backend: FakeBackend
) -> None:
    signed = tmp_path / "signed.pdf"
    with pikepdf.open(heavy) as opened:
        signature = pikepdf.Dictionary(Type=pikepdf.Name.Sig, ByteRange=[0, 1, 2, 3])
        opened.Root.Signature = opened.make_indirect(signature)
        opened.save(signed)
    page = open_page()
    page.set_input_files(INPUT, signed)
    expect(page.locator(CARDS)).to_contain_text("signed.pdf", timeout=LONG)
    assert stored(backend) == [signed.read_bytes()]


def test_files_go_into_no_other_conversation(
    open_page: Opener, photo: Path, contract: Path, backend: FakeBackend
) -> None:
    page = open_page()
    page.set_input_files(INPUT, photo)
    expect(page.locator(".file")).to_contain_text("holiday.jpeg")
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".file")).to_have_count(0)
    page.set_input_files(INPUT, contract)  # looked at after the photo
    expect(page.locator(CARDS)).to_contain_text("lease agreement.pdf", timeout=LONG)
    assert stored(backend) == [contract.read_bytes()]


def test_a_pile_of_scans_becomes_small_as_well(open_page: Opener, scan: Path, photo: Path) -> None:
    page = open_page()
    page.get_by_text("Documents", exact=True).click()
    page.set_input_files(".st-key-pile input[type=file]", [scan])
    assert "Document" in row(page, "lease.png")
    expect(page.locator(".st-key-pile [data-testid=stFileChipName]")).to_have_text("lease.jpg")
