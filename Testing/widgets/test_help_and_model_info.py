"""The help sheet and the box about the model: what they say, open and copy."""
import re

import pytest

from TumorConnectomeLib.base.files import LIBRARY_FOLDER
from TumorConnectomeLib.cohort.model_catalog import model_info

HELP = (LIBRARY_FOLDER / "Resources" / "Help" / "HowToRead.html").read_text(encoding="utf-8")


@pytest.fixture
def sheet(host):
    from TumorConnectomeLib.widgets.help_sheet import HelpSheet
    from TumorConnectomeLib.widgets.keys import BINDINGS, GESTURES

    sheet = HelpSheet(HELP, {"keyboard": [(one.shown, one.text) for one in BINDINGS], "mouse": GESTURES})
    yield sheet
    sheet.cleanup()


@pytest.fixture
def box(host):
    from TumorConnectomeLib.widgets.model_info_box import ModelInfoBox

    box = ModelInfoBox()
    box.resize(320, 220)
    box.show()
    host.processEvents()
    yield box
    box.close()
    box.deleteLater()


def text_of(sheet):
    return sheet._browser.toPlainText()


# ---- help

def test_the_sheet_opens_beside_the_application_and_closes_with_escape(sheet, host):
    from widget_hands import key

    assert sheet.dialog is None
    sheet.show()
    host.processEvents()
    assert sheet.dialog.visible and not sheet.dialog.modal and sheet.dialog.windowTitle == "How to read the connectome"
    key(sheet.dialog, "Escape")
    assert not sheet.dialog.visible
    sheet.show()
    assert sheet.dialog.visible


def test_the_close_button_closes(sheet, host):
    from PySide6 import QtWidgets
    from widget_hands import click

    sheet.show()
    host.processEvents()
    click(sheet.dialog.findChild(QtWidgets.QPushButton))
    assert not sheet.dialog.visible


def test_every_key_and_gesture_of_the_view_is_listed(sheet):
    from TumorConnectomeLib.widgets.keys import BINDINGS, GESTURES

    sheet.show()
    shown = text_of(sheet)
    assert all(one.shown in shown and one.text in shown for one in BINDINGS)
    assert all(gesture in shown and does in shown for gesture, does in GESTURES)
    assert "<!--" not in sheet._html


def test_what_is_wrong_elsewhere_is_right_here(sheet):
    sheet.show()
    shown = " ".join(text_of(sheet).replace("\N{NO-BREAK SPACE}", " ").split())
    assert "mostly the same tumor in follow-up scans, not several tumors" in shown
    assert "6th edition: IA, IB, IIA, IIB, IIIA, IIIB and IV" in shown and "They are not stages 0 to 6" in shown
    assert "Closer than 99.6 % of pairs" in shown and "50 % is a pair picked at random" in shown
    assert "Eight CTs were marked as doubtful" in shown and "not be used to decide about a patient" in shown


def test_the_text_fits_a_narrow_window_without_scrolling_sideways(sheet, host):
    sheet.show()
    sheet.dialog.resize(360, 500)
    host.processEvents()
    assert sheet._browser.horizontalScrollBar().maximum == 0


def test_the_text_is_balanced_html():
    opened = re.findall(r"<(/?)(\w+)[^>]*>", re.sub(r"<!--.*?-->", "", HELP))
    stack = []
    for slash, name in opened:
        if name == "meta":
            continue
        if slash:
            assert stack.pop() == name
        else:
            stack.append(name)
    assert stack == []


# ---- model

def test_the_box_tells_name_description_and_links_the_paper(box):
    box.setModel(model_info("SUPREME"))
    shown = box._label.text
    assert shown.startswith("<b>SuPreM</b> (SUPREME). ") and "<a href=\"https://arxiv.org/abs/2501.11253\">" in shown
    assert "Li, Yuille &amp; Zhou" in shown and box._label.openExternalLinks
    assert box._label.accessibleName.startswith("SuPreM. Segmentation model")


def test_a_click_copies_the_citation_and_says_so(box, host):
    import qt
    from widget_hands import click

    box.setModel(model_info("CTFM"))
    click(box._button)
    assert qt.QApplication.clipboard().text() == model_info("CTFM").citation + "\n"
    assert box._button.text == "Copied \N{CHECK MARK}"
    box.setModel(model_info("Voco"))
    assert box._button.text == "Copy citation"
    click(box._button)
    assert "Geometric Context" in qt.QApplication.clipboard().text()


def test_a_model_without_a_paper_has_nothing_to_copy(box):
    for info in (model_info("ShapeDescriptor"), model_info("My <b>net"), None):
        box.setModel(info)
        assert not box._button.visible
    box.setModel(model_info("My <b>net"))
    assert "My &lt;b&gt;net" in box._label.text


@pytest.mark.parametrize("key", ["CTClipVit", "Merlin", "TextureDescriptor"])
def test_nothing_is_cut_off_in_a_narrow_panel(box, host, key):
    box.setModel(model_info(key))
    box.resize(240, box.heightForWidth(240))
    host.processEvents()
    assert box._label.height >= box._label.heightForWidth(box._label.width)
    assert not box._button.visible or box._button.geometry.bottom() < box.height
