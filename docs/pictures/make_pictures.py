"""Draw the pictures of the guide: ``python docs/pictures/make_pictures.py [NAME ...]``.

Each function of the modules beside draws the picture of its name, from seeds, into this
folder.  Together they take about a minute.
"""

import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import activation_pictures
import error_pictures
import more_prediction_pictures
import prediction_pictures
import solver_pictures
import theory_pictures

FOLDER = Path(__file__).resolve().parent
DPI = 96
MODULES = (
    prediction_pictures,
    more_prediction_pictures,
    error_pictures,
    theory_pictures,
    activation_pictures,
    solver_pictures,
)
PICTURES = {
    name: getattr(module, name) for module in MODULES for name in module.__all__
}


def save(figure: Any, path: Path) -> None:
    """Write a PNG of at most 256 colours, which is half as large."""
    from PIL import Image

    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    image = Image.open(buffer).convert("RGB")
    method = Image.Quantize.MAXCOVERAGE  # rare colours too
    few = image.quantize(256, method, kmeans=2, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def main(names: list[str]) -> int:
    """Draw the pictures named, or all."""
    unknown = sorted(set(names) - set(PICTURES))
    if unknown:
        print(f"no picture {unknown[0]!r}; there are {', '.join(PICTURES)}")
        return 2
    for name in names or PICTURES:
        path = FOLDER / f"{name}.png"
        save(PICTURES[name](), path)
        print(f"{path.name:<20} {path.stat().st_size / 1000:5.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
