"""The strip of pictures with real clicks and keys; what it draws, says and scrolls to."""
import numpy as np
import pytest

RED, GOLD, BLUE = (200, 30, 30), (224, 161, 0), (0, 120, 212)


@pytest.fixture
def strip(host):
    """A shown strip of the selected patient Q and the neighbors A to E; picked patients are in `strip.picked`."""
    from TumorConnectomeLib.widgets.picture_strip import PictureStrip

    strip = PictureStrip()
    strip.picked = []
    strip.onPicked = strip.picked.append
    strip.setTiles(infos("QABCDE"))
    strip.resize(1000, 260)
    strip.show()
    strip.activateWindow()
    host.processEvents()
    yield strip
    strip.close()
    strip.deleteLater()


def infos(patients):
    from TumorConnectomeLib.widgets.picture_strip import TileInfo
    return [TileInfo(patient, f"#{rank}" if rank else "Selected", f"closer than 9{rank} %" if rank else "")
            for rank, patient in enumerate(patients)]


def plain(color, shape=(20, 20)):
    return np.full((*shape, 3), color, np.uint8)


def colored(tile, color):
    from widget_hands import has_color, pixels
    return has_color(pixels(tile), color)


def focused(strip):
    return [tile.info.patient_id for tile in strip.tiles if tile.hasFocus()]


# ---- pictures

def test_the_selected_patient_is_first_and_framed_and_named(strip):
    assert [tile.info.patient_id for tile in strip.tiles] == list("QABCDE")
    assert colored(strip.tiles[0], GOLD) and not colored(strip.tiles[1], GOLD)
    assert strip.tiles[0].accessibleName.startswith("Selected, Q")


def test_a_picture_appears_in_the_tile_of_its_patient(strip):
    strip.setPicture("B", plain(RED), 60)
    assert [colored(tile, RED) for tile in strip.tiles] == [False, False, True, False, False, False]
    assert strip.tiles[2].accessibleName == "#2, B, closer than 92 %, 60 mm"
    assert "loading" in strip.tiles[1].accessibleName


def test_rows_columns_and_colors_are_kept_upright(strip):
    from widget_hands import pixels

    picture = plain((0, 0, 0), (30, 30))
    picture[:10, :10] = (250, 0, 0)                     # top left red
    picture[:10, 20:] = (0, 250, 0)
    picture[20:, 20:] = (0, 0, 250)
    strip.setPicture("A", picture, 60)
    shown = pixels(strip.tiles[1])
    points = {(0, 0): (250, 0, 0), (1, 0): (0, 250, 0), (1, 1): (0, 0, 250)}
    for (right, down), color in points.items():
        assert shown[6 + 20 + 92 * down, 6 + 20 + 92 * right].tolist() == pytest.approx(color, abs=3)


def test_gray_and_oblong_pictures_keep_their_proportions(strip):
    from widget_hands import pixels

    strip.setPicture("A", np.full((10, 20), 200, np.uint8))
    shown = pixels(strip.tiles[1])[6:138, 72]
    bright = (shown == 200).all(axis=-1)
    assert bright.sum() == pytest.approx(66, abs=2) and not bright[:30].any() and not bright[-30:].any()
    assert "whole slice" in strip.tiles[1].accessibleName


def test_at_two_device_pixels_each_the_picture_is_as_large(strip):
    from widget_hands import pixels

    strip.setPicture("A", plain(RED), 60)
    ones, twos = (int((np.abs(pixels(strip.tiles[1], ratio).astype(int) - RED).max(axis=-1) < 3).sum()) for ratio in (1, 2))
    assert twos == pytest.approx(4 * ones, rel=0.03)


@pytest.mark.parametrize("picture", [np.zeros((4, 4)), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4), np.uint8),
                                     np.zeros(4, np.uint8)])
def test_what_is_no_picture_is_refused(strip, picture):
    with pytest.raises(ValueError, match="expected uint8"):
        strip.setPicture("A", picture)


def test_a_late_picture_of_a_patient_that_left_is_ignored(strip):
    strip.setPicture("Z", plain(RED), 60)
    strip.setProblem("Z", "offline")
    assert not any(colored(tile, RED) for tile in strip.tiles)


def test_a_problem_is_told_and_a_later_picture_replaces_it(strip):
    strip.setProblem("A", "the picture server can not be reached")
    assert strip.tiles[1].toolTip == "A: the picture server can not be reached"
    assert "no picture, the picture server can not be reached" in strip.tiles[1].accessibleName
    strip.setPicture("A", plain(RED), 60)
    assert colored(strip.tiles[1], RED) and "no picture" not in strip.tiles[1].accessibleName


def test_pictures_of_patients_that_stay_are_kept(strip):
    strip.setPicture("B", plain(RED), 60)
    strip.setTiles(infos("BQX"))
    assert colored(strip.tiles[0], RED) and not any(colored(tile, RED) for tile in strip.tiles[1:])
    strip.setTiles([])
    assert strip.tiles == ()


# ---- picking and marking

def test_a_click_picks(strip):
    from widget_hands import click

    click(strip.tiles[3])
    click(strip.tiles[0])
    assert strip.picked == ["C", "Q"]


def test_arrows_move_and_enter_and_space_pick(strip, host):
    from widget_hands import key

    strip.tiles[0].setFocus()
    host.processEvents()
    for name, where in (("Right", "A"), ("Right", "B"), ("Left", "A"), ("End", "E"), ("Right", "E"), ("Home", "Q"),
                        ("Left", "Q"), ("Down", "A")):
        key(strip.tiles["QABCDE".index(focused(strip)[0])], name)
        assert focused(strip) == [where]
    key(strip.tiles[1], "Return")
    key(strip.tiles[1], "Space")
    assert strip.picked == ["A", "A"]


def test_the_tab_key_stops_once_in_the_strip(strip, host):
    import qt
    from widget_hands import key

    strip.tiles[0].setFocus()
    host.processEvents()
    key(strip.tiles[0], "Right")
    assert [tile.focusPolicy == qt.Qt.StrongFocus for tile in strip.tiles] == [False, True, False, False, False, False]


def test_the_marked_patient_is_framed_and_said_to_be(strip):
    strip.mark("B")
    assert [colored(tile, BLUE) for tile in strip.tiles] == [False, False, True, False, False, False]
    assert "marked for comparison" in strip.tiles[2].accessibleName
    strip.mark(None)
    assert not any(colored(tile, BLUE) for tile in strip.tiles)
    strip.mark("Q")
    assert not colored(strip.tiles[0], BLUE) and colored(strip.tiles[0], GOLD)


def test_the_focus_survives_when_the_same_patients_are_shown_again(strip, host):
    strip.tiles[2].setFocus()
    host.processEvents()
    before = strip.tiles[2]
    strip.setTiles(infos("QABCDE"))
    assert strip.tiles[2] is before and focused(strip) == ["B"]
    strip.setTiles(infos("QBA"))
    assert focused(strip) == ["B"]


def test_the_strip_may_be_refilled_while_it_is_told_of_a_click(strip, host):
    from widget_hands import click

    strip.onPicked = lambda patient: (strip.picked.append(patient), strip.setTiles(infos(patient + "Q")))
    click(strip.tiles[4])
    host.processEvents()
    assert strip.picked == ["D"] and [tile.info.patient_id for tile in strip.tiles] == ["D", "Q"]


# ---- room

def test_a_narrow_strip_scrolls_to_the_tile_that_is_marked_or_focused(strip, host):
    from widget_hands import key

    strip.resize(320, 260)
    host.processEvents()
    def visible(tile):
        left = tile.mapTo(strip, tile.rect.topLeft()).x()
        return left >= 0 and left + tile.width <= strip.width
    assert visible(strip.tiles[0]) and not visible(strip.tiles[4])
    strip.mark("D")
    assert visible(strip.tiles[4])
    strip.tiles[4].setFocus()
    key(strip.tiles[4], "Home")
    assert visible(strip.tiles[0])


def test_nothing_is_cut_off_in_height(strip, host):
    for wide in (1000, 300):
        strip.resize(wide, 260)
        host.processEvents()
        for tile in strip.tiles:
            area = tile.parentWidget().parentWidget()   # the scroll area's viewport
            assert tile.mapTo(area, tile.rect.bottomLeft()).y() < area.height


def test_without_patients_it_takes_no_room(strip):
    full = strip.sizeHint.height()
    strip.setTiles([])
    assert strip.sizeHint.height() < full - 150


def test_a_note_stands_below_the_pictures(strip, host):
    strip.setNote("60 mm around each tumor")
    host.processEvents()
    assert strip._note.visible and strip._note.text == "60 mm around each tumor"
    strip.setNote("")
    assert not strip._note.visible


def test_the_colors_follow_a_dark_palette(strip, host):
    from widget_hands import dark_palette, pixels

    light = pixels(strip.tiles[1])[-20:].mean()
    host.setPalette(dark_palette())
    try:
        host.processEvents()
        assert pixels(strip.tiles[1])[-20:].mean() < 100 < light
        strip.mark("A")
        assert colored(strip.tiles[1], (57, 181, 255))
    finally:
        host.setPalette(host.style().standardPalette())
