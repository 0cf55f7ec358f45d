"""The page of ``fastntk bench --html`` in a real browser, without a network."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("typer")
pytest.importorskip("matplotlib")

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
READABLE = 6.0  # pixels of the lowest letters: of text of 11 pixels


def find_program(*names: str) -> str | None:
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Start a headless browser with an empty profile."""
    webdriver = pytest.importorskip(
        "selenium.webdriver", reason="selenium is not installed"
    )
    program = find_program("chromium", "chromium-browser", "google-chrome")
    driver = find_program("chromedriver")
    if program is None or driver is None:
        pytest.skip("no browser here: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    profile = tmp_path_factory.mktemp("profile")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(driver)
    started = webdriver.Chrome(options=options, service=service)
    yield started
    started.quit()


@pytest.fixture(scope="module")
def page(report: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    from fastntk.cli.bench.page import page

    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page(report | {"warnings": ["a warning"]}))
    return path


def show(browser: Any, page: Path, width: int, scheme: str) -> None:
    """Open the page in a window of that width, light or dark."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.get(page.as_uri())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1200])
def test_the_page_is_whole_and_readable(
    browser: Any, page: Path, width: int, scheme: str
) -> None:
    show(browser, page, width, scheme)
    assert browser.get_log("browser") == []
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    assert wide <= width, "the page scrolls sideways"
    assert _rows_loaded(browser) >= 20
    plots = browser.find_elements("css selector", "svg.plot")
    assert len(plots) == 4
    for plot in plots:
        box = plot.rect
        assert plot.is_displayed() and box["width"] >= 300 and box["height"] >= 200
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
    assert min(_heights_of_letters(browser)) >= READABLE


def _rows_loaded(browser: Any) -> int:
    return len(browser.find_elements("css selector", "tbody tr"))


def _heights_of_letters(browser: Any) -> list[float]:
    """Return the heights of titles and labels in the plots, and of text in tables."""
    script = """
    const texts = document.querySelectorAll('svg.plot g[id*="text_"]');
    const inside = [...texts].map(t => {
      const box = t.getBoundingClientRect();
      return box.height || 99; });
    const cells = [...document.querySelectorAll('td, p')];
    const outside = cells.map(c => parseFloat(getComputedStyle(c).fontSize));
    return inside.concat(outside);
    """
    heights: list[float] = browser.execute_script(script)
    assert len(heights) > 100
    return [height for height in heights if height > 3.0]  # minus signs are flat


def test_light_and_dark_differ_and_have_contrast(browser: Any, page: Path) -> None:
    seen = {}
    for scheme in ("light", "dark"):
        show(browser, page, 800, scheme)
        seen[scheme] = [
            _luminance(browser, "getComputedStyle(document.body).backgroundColor"),
            _luminance(browser, "getComputedStyle(document.body).color"),
            _luminance(
                browser,
                "getComputedStyle(document.querySelector("
                '\'svg.plot g[id*="text_"] use, svg.plot g[id*="text_"] path\'))'
                ".fill",
            ),
            _luminance(
                browser,
                "getComputedStyle(document.querySelector('.warning')).color",
            ),
        ]
    for scheme, (back, *inks) in seen.items():
        for ink in inks:
            light, dark = max(back, ink), min(back, ink)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (scheme, seen)
    assert seen["light"][0] > 0.8 > 0.1 > seen["dark"][0]


def _luminance(browser: Any, expression: str) -> float:
    """Return the relative luminance of a colour, as WCAG 2 defines it."""
    text = browser.execute_script(f"return {expression}")
    channels = [float(c) / 255.0 for c in text.split("(")[1].strip(")").split(",")[:3]]
    linear = [
        c / 12.92 if c <= 0.04 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_details_open(browser: Any, page: Path) -> None:
    show(browser, page, 400, "light")
    for summary in browser.find_elements("css selector", "summary"):
        summary.click()
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    assert wide <= 400
    assert '"fastntk_benchmark": 1' in browser.page_source
