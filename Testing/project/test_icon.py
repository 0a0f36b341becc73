"""The icon: the file is what the script draws, and its subject is still visible at the size of a toolbar button."""
import pathlib
import subprocess
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ICON = ROOT / "TumorConnectome/Resources/Icons/TumorConnectome.png"


@pytest.fixture
def icon(host):
    """Reads a picture, maybe at another size: int array, height x width x 4 (red, green, blue, alpha)."""
    import qt

    def pixels(path, size=128):
        image = qt.QImage(str(path)).scaled(size, size, qt.Qt.KeepAspectRatio, qt.Qt.SmoothTransformation)
        image = image.convertToFormat(qt.QImage.Format_RGBA8888)
        return np.frombuffer(image.constBits(), np.uint8).reshape(size, size, 4).astype(int)

    return pixels


def test_file_is_what_the_script_draws(icon, tmp_path):
    subprocess.run([sys.executable, ROOT / "Testing/tools/draw_icon.py", tmp_path / "icon.png"], check=True)
    difference = np.abs(icon(ICON) - icon(tmp_path / "icon.png")).max(axis=2)
    assert (difference > 40).mean() < 0.005, "run Testing/tools/draw_icon.py"


def test_at_24_pixels_two_tumors_in_two_lungs_are_seen(icon):
    small = icon(ICON, 24)
    red, green, blue = small[..., 0], small[..., 1], small[..., 2]
    tumor = (red > 200) & (blue < 90)
    tissue = (red > 160) & (green > 180) & (blue > 190)
    for half in (slice(0, 11), slice(13, 24)):
        assert tumor[:, half].sum() >= 9, "a tumor is smaller than 3 x 3 pixels"
        assert tissue[:, half].sum() >= 20
    assert (tumor[:, 10:14].sum(axis=0) <= 2).all(), "the two tumors run together"
