"""The sheet of tumors cut in several directions: its pictures, its scale bar, its file."""
import numpy as np
import pytest
from view_input import pixels


@pytest.fixture
def sheet(host):
    from TumorConnectomeLib.widgets.directions_sheet import DirectionCell, DirectionPanel, DirectionsSheet

    def panel(name, level):
        cells = tuple(DirectionCell(f"Direction {n}", ("R", "L", "A", "P"),
                                    np.full((190, 190, 3), level + 10 * n, np.uint8), 50.0) for n in range(9))
        return DirectionPanel(name, ("Patient", "Window"), cells)

    sheet = DirectionsSheet()
    sheet.setPanels((panel("Query", 20), panel("Match", 120)))
    yield sheet
    sheet.deleteLater()


def picture_of(image):
    array = np.frombuffer(image.bits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return array[:, :image.width(), :3][..., ::-1].copy()


def test_each_panel_has_a_grid_of_three_by_three(sheet):
    picture = picture_of(sheet.drawn(1.0))
    width, height = sheet.sheetSize()
    assert picture.shape == (height, width, 3)
    levels = {level: (picture[..., 0] == level).sum() for level in (*range(20, 110, 10), *range(120, 210, 10))}
    assert all(0.85 * 190**2 < count < 190**2 for count in levels.values()), levels
    rows, columns = np.nonzero(picture[..., 0] == 200)             # the last cell of the second panel
    assert np.percentile(columns, 1) > width / 2 and np.percentile(rows, 1) > height / 2


def test_the_file_is_the_sheet_at_another_scale(sheet):
    width, height = sheet.sheetSize()
    image = sheet.drawn(2.0)
    assert (image.width(), image.height()) == (2 * width, 2 * height)


def test_the_scale_bar_is_ten_millimeters_long(sheet):
    picture = picture_of(sheet.drawn(1.0)).astype(int)
    bright = np.abs(picture - np.array([0xff, 0xf5, 0xcc])).max(axis=2) < 12
    longest = max(len(run) for row in bright[:, :200] for run in "".join("x" if v else " " for v in row).split())
    assert longest == pytest.approx(10 / 50 * 190, abs=2.5)


def test_the_widget_shows_it_in_its_own_proportions(sheet):
    sheet.resize(1300, 400)
    shown = pixels(sheet)
    columns = np.flatnonzero((shown[150] > 0).any(axis=1))
    width, height = sheet.sheetSize()
    assert np.ptp(columns) <= 400 * width / height and abs(columns.mean() - 650) < 60
