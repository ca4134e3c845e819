"""Pictures of the page as it is: both processes, a contract made on the spot, a real browser."""

from __future__ import annotations

import argparse
import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from scripts.lib.papers import AGREEMENT, heavy_scan, pdf, scanned
from scripts.lib.system import ROOT, System

SWITCHES = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
DESKTOP = (1440, 900)
PHONE = (390, 844)
COLOURS = 256  # enough for a page; halves the files
INPUT = "[data-testid=stChatInputTextArea]"
PHASE = "[data-testid=phase]"
CARD = "[class*=st-key-file-]"
FORM = ".st-key-new-job-form"
UPLOAD = "[data-testid=stFileUploaderDropzoneInput]"
START = ".st-key-start-job"
CHART = "[data-testid=stVegaLiteChart] :is(canvas, svg)"


def main() -> int:
    """Returns 1 where there is no Chromium."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    out: Path = parser.parse_args().out
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.stderr.write("Chromium is not installed (apt-get install chromium).\n")
        return 1
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        contract = Path(folder) / "non-disclosure agreement.pdf"
        contract.write_bytes(pdf([AGREEMENT]))
        scan = Path(folder) / "the same as a scan.pdf"
        scan.write_bytes(scanned(pdf([AGREEMENT])))
        amended = Path(folder) / "amended agreement.pdf"
        amended.write_bytes(pdf([AGREEMENT.replace("three (3) years", "five (5) years")]))
        heavy = Path(folder) / "from the scanner.jpg"
        heavy.write_bytes(heavy_scan(seed=1))
        with System(Path(folder)) as system, sync_playwright() as playwright:
            system.wait_until_ready(180)
            browser = playwright.chromium.launch(executable_path=chromium, args=SWITCHES)
            take_all(browser, system.url, contract, scan, out)
            take_uploader(browser, system.url, heavy, [contract, scan], out)
            take_documents(browser, system.url, [contract, amended, scan], out)
            take_comparison(browser, system.url, contract, amended, out)
            take_place(browser, system.url, out)
            browser.close()
    return 0


def take_all(browser: Browser, url: str, contract: Path, scan: Path, out: Path) -> None:
    """One conversation, seen from several sides."""
    page = opened(browser, url, DESKTOP)
    save(page, out / "empty.png")
    page.locator("[class*=st-key-p-preset-]").get_by_text("Exact").click()
    add(page, contract)
    page.fill(INPUT, "Who are the parties, when does it start, which law governs?")
    page.press(INPUT, "Enter")
    page.wait_for_selector(PHASE)
    finished(page)
    page.locator("details.receipt summary").click()
    page.locator("[class*=st-key-replay-] button:visible").click()
    page.locator("[class*=st-key-replayed-]").wait_for()
    page.mouse.move(700, 600)  # off the button, whose help would stand in the picture
    save(page, out / "light.png")
    address = f"{url}/?{page.url.partition('?')[2]}"
    snap(browser, f"{address}&lang=zh", DESKTOP, out / "dark.png", dark=True)
    snap(browser, address, PHONE, out / "phone.png")
    add(page, scan)
    page.fill(INPUT, "Summarise the three key clauses")
    page.press(INPUT, "Enter")
    page.wait_for_selector(PHASE)  # short answers are over before a later phase can be caught
    save(page, out / "answering.png", settle=500)
    finished(page)


def take_uploader(browser: Browser, url: str, heavy: Path, known: list[Path], out: Path) -> None:
    """What is told of files that are made small, or are here already; and on a phone, of a pile."""
    page = opened(browser, url, DESKTOP)
    page.set_input_files(UPLOAD, [str(heavy), *map(str, known)])
    page.locator(".file[data-state=sent]").wait_for()
    page.locator(f"{CARD} img").nth(len(known)).wait_for()
    page.locator("[class*=st-key-starter-]").first.wait_for()
    save(page, out / "uploader.png")
    page.context.close()
    page = opened(browser, f"{url}/?view=documents&lang=zh", PHONE, dark=True, ready=START)
    page.set_input_files(f"{FORM} {UPLOAD}", [str(heavy), str(known[0])])
    page.locator(".file[data-state=sent]").first.wait_for()
    page.locator(f"{START} button:enabled").wait_for()
    save(page, out / "uploader-phone.png")
    page.context.close()


def take_documents(browser: Browser, url: str, files: list[Path], out: Path) -> None:
    """A table with a summary beside it; a value in the dark, in Chinese; a list of fields."""
    page = opened(browser, f"{url}/?view=documents", DESKTOP, ready=START)
    page.set_input_files(f"{FORM} {UPLOAD}", [str(file) for file in files])
    page.locator(f"{START} button:enabled").click()
    page.get_by_text(f"{len(files)} of {len(files)} files done").wait_for(timeout=300_000)
    page.locator(".frame tbody tr:first-child button").first.click()
    page.locator("[class*=st-key-summed-] button").filter(has_text="Key clauses").click()
    point = page.locator(".points button:enabled").first
    point.wait_for(timeout=120_000)
    point.click()
    save(page, out / "documents.png", settle=4_000)
    page.locator(".frame tbody tr:first-child button[data-field=jurisdiction]").click()
    page.wait_for_url("**field=jurisdiction**")
    address = f"{url}/?{page.url.partition('?')[2]}&lang=zh"
    ready = ".st-key-evidence img"
    snap(browser, address, DESKTOP, out / "documents-dark.png", dark=True, ready=ready)
    snap(browser, address, PHONE, out / "documents-phone.png", ready=ready)
    address, drawn = f"{url}/?view=documents&list=nda.en", "[class*=st-key-row-3-title] input"
    snap(browser, address, DESKTOP, out / "fields.png", ready=drawn, settle=4_000)
    page.context.close()


def take_comparison(browser: Browser, url: str, old: Path, new: Path, out: Path) -> None:
    """Two versions side by side."""
    page = opened(browser, f"{url}/?view=documents", DESKTOP, ready=START)
    page.locator(".st-key-work-kind button").filter(has_text="Compare two versions").click()
    given = page.locator(f"{FORM} {UPLOAD}")
    page.locator(".st-key-pile").wait_for(state="detached")  # its uploader is none of the two
    given.nth(1).wait_for(state="attached")
    for number, file in enumerate((old, new)):
        given.nth(number).set_input_files(str(file))
    page.locator(f"{START} button:enabled").click()
    page.get_by_text("2 of 2 files done").wait_for(timeout=300_000)
    page.locator(".changes article").first.wait_for()
    save(page, out / "comparison.png", settle=4_000)


def take_place(browser: Browser, url: str, out: Path) -> None:
    """How the place is doing, while it answers; and what was checked, in the dark, in Chinese."""
    page = opened(browser, url, DESKTOP)
    for question in ("What is a lease?", "Who signs a contract?", "What is a deposit?"):
        page.fill(INPUT, question)
        page.press(INPUT, "Enter")
        page.wait_for_selector(PHASE)
        finished(page)
    snap(browser, f"{url}/?view=monitor", DESKTOP, out / "monitor.png", ready=CHART, settle=5_000)
    address = f"{url}/?view=help&lang=zh"
    snap(browser, address, DESKTOP, out / "help-dark.png", dark=True, ready=".checks")
    page.context.close()


def snap(
    browser: Browser,
    url: str,
    size: tuple[int, int],
    path: Path,
    *,
    dark: bool = False,
    ready: str = f"{INPUT}:enabled",
    settle: float = 1_500,
) -> None:
    """One picture of an address."""
    page = opened(browser, url, size, dark=dark, ready=ready)
    save(page, path, settle)
    page.context.close()


def opened(
    browser: Browser,
    url: str,
    size: tuple[int, int],
    *,
    dark: bool = False,
    ready: str = f"{INPUT}:enabled",
) -> Page:
    """The page in a browser of that size, drawn as far as `ready`."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        locale="en-US",
    )
    page = context.new_page()
    page.set_default_timeout(120_000)  # other programs may share the machine
    page.goto(url)
    page.wait_for_selector(ready, timeout=60_000)
    return page


def add(page: Page, file: Path) -> None:
    """Adds a file and waits for its thumbnail."""
    before = page.locator(f"{CARD} img").count()
    page.set_input_files("[data-testid=stFileUploaderDropzoneInput]", str(file))
    page.locator(f"{CARD} img").nth(before).wait_for(timeout=60_000)


def finished(page: Page) -> None:
    """Waits for the end of the answer."""
    page.wait_for_selector(PHASE, state="detached", timeout=300_000)


def save(page: Page, path: Path, settle: float = 1_500) -> None:
    """Lets the page settle for some milliseconds, then keeps it as a PNG of `COLOURS` colours."""
    page.wait_for_timeout(settle)
    with Image.open(io.BytesIO(page.screenshot())) as taken:
        # This method keeps what is rare as well: the dot of a lamp, the mark on a page.
        rare_too, dither = Image.Quantize.MAXCOVERAGE, Image.Dither.NONE
        few = taken.convert("RGB").quantize(COLOURS, method=rare_too, dither=dither)
    few.save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
