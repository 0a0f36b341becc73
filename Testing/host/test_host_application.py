"""The application: isolation, modules, reload, packages, and clear errors for what has no stand-in."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from studies import warm_workers

from slicerhost import app

TESTING = pathlib.Path(app.__file__).parents[1]
EXAMPLE = pathlib.Path(__file__).parent / "example" / "HostExample.py"


def run_apart(program, **environment):
    """Run a program in a new process; returns what it prints."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **warm_workers.from_server(), **environment,
                               "PYTHONPATH": os.pathsep.join([str(TESTING), os.environ["PYTHONPATH"]])})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_settings_of_tests_lie_in_the_temporary_folder(qt, host):
    import slicer
    settings = qt.QSettings()
    settings.setValue("Example/key", 3)
    assert settings.fileName().startswith(host.temporaryPath)
    assert slicer.util.settingsValue("Example/key", 0, converter=int) == 3
    assert slicer.app.settings().value("Example/key") == 3 and slicer.app.userSettings().contains("Example/key")
    settings.remove("Example/key")


def test_at_exit_modules_are_unloaded_and_the_temporary_folder_goes(host):
    """In a process of its own, which ends by slicer.util.exit()."""
    program = ("from slicerhost import app; application = app.start()\n"
               f"window = app.MainWindow(app.load_module({str(EXAMPLE)!r}))\n"
               "import os, qt, slicer; widget = slicer.modules.HostExampleWidget\n"
               "widget.cleanup = lambda clean=widget.cleanup: (clean(), print('clean'))\n"
               "qt.QTimer.singleShot(0, lambda: slicer.util.exit(7))\n"
               "print(application.exec_(), application.temporaryPath, os.path.isdir(application.temporaryPath))")
    status, path, existed, cleaned = run_apart(program).split()
    assert (status, existed, cleaned) == ("7", "True", "clean")
    assert path != host.temporaryPath and not os.path.exists(path) and os.path.isdir(host.temporaryPath)


def test_a_module_is_loaded_once_and_found_by_name(window):
    import slicer
    module = slicer.modules.hostexample
    assert app.load_module(EXAMPLE) is module is slicer.app.moduleManager().module("HostExample")
    assert module.title == "Host example" and slicer.util.modulePath("HostExample") == str(EXAMPLE)
    assert slicer.util.getModuleWidget("HostExample") is slicer.modules.HostExampleWidget
    assert "HostExample" in slicer.util.moduleNames() and slicer.util.selectedModule() == "HostExample"
    assert slicer.util.getModuleLogic("Volumes").IsA("vtkSlicerVolumesLogic")


def test_the_ui_file_fills_stand_ins(window):
    import slicer
    ui = slicer.modules.HostExampleWidget.ui
    assert ui.inputsCollapsibleButton.text == "Inputs" and ui.inputsCollapsibleButton.collapsed is True
    assert (ui.opacitySlider.value, ui.opacitySlider.maximum, ui.opacitySlider.singleStep) == (0.5, 1.0, 0.1)
    assert ui.volumeSelector.nodeTypes == ("vtkMRMLScalarVolumeNode",) and ui.volumeSelector.noneEnabled is True
    assert ui.volumeSelector.mrmlScene() is slicer.mrmlScene
    assert not ui.countSpinBox.isVisibleTo(slicer.modules.HostExampleWidget.parent)


def test_selecting_another_module_calls_exit_and_enter(window, tmp_path):
    import slicer
    name = "OtherHostExample"
    source = EXAMPLE.read_text().replace("HostExample", name).replace(f"UI/{name}.ui", "UI/HostExample.ui")
    (tmp_path / "Resources" / "UI").mkdir(parents=True)
    shutil.copy(EXAMPLE.parent / "Resources" / "UI" / "HostExample.ui", tmp_path / "Resources" / "UI")
    (tmp_path / f"{name}.py").write_text(source)
    first = slicer.modules.HostExampleWidget
    first.calls.clear()
    module = app.load_module(tmp_path / f"{name}.py")
    slicer.util.selectModule(name)
    assert first.calls == ["exit"] and slicer.modules.OtherHostExampleWidget.calls == ["enter"]
    assert module.widgetRepresentation().visible and slicer.util.mainWindow().windowTitle == "Host example"
    slicer.util.selectModule("HostExample")
    assert first.calls == ["exit", "enter"]
    slicer.util.selectModule("NoSuchModule")            # Slicer says nothing, whatever the docstring promises
    assert slicer.util.selectedModule() == "NoSuchModule" and first.calls == ["exit", "enter"]
    slicer.util.selectModule("HostExample")


def test_reload_makes_the_widget_anew(window):
    import slicer
    old = slicer.modules.HostExampleWidget
    old.onReload()
    new = slicer.modules.HostExampleWidget
    assert new is not old and old.calls[-1] == "cleanup" and type(new) is not type(old)
    assert new.parent is old.parent and new.parent.self() is new
    slicer.mrmlScene.Clear()
    assert "closed" in new.calls and "closed" not in old.calls
    new.ui.applyButton.click()
    assert new.calls[-1] == "apply"


def test_developer_mode_has_the_reload_button(window, qt):
    import slicer
    qt.QSettings().setValue("Developer/DeveloperMode", True)
    try:
        slicer.modules.HostExampleWidget.onReload()
        buttons = slicer.util.findChildren(slicer.modules.HostExampleWidget.parent, className="QPushButton", text="Reload")
        before = slicer.modules.HostExampleWidget
        buttons[0].click()
        assert slicer.modules.HostExampleWidget is not before
    finally:
        qt.QSettings().remove("Developer/DeveloperMode")
        slicer.modules.HostExampleWidget.onReload()


def test_the_self_test_is_registered_and_runs(window):
    import slicer
    slicer.selfTests["HostExample"](msec=0)


def test_an_error_in_setup_reaches_the_caller(host, tmp_path):
    (tmp_path / "BrokenHostExample.py").write_text(
        "from slicer.ScriptedLoadableModule import *\n"
        "class BrokenHostExample(ScriptedLoadableModule):\n    pass\n"
        "class BrokenHostExampleWidget(ScriptedLoadableModuleWidget):\n"
        "    def setup(self):\n        raise LookupError('in setup')\n")
    module = app.load_module(tmp_path / "BrokenHostExample.py")
    with pytest.raises(LookupError, match="in setup"):
        module.widgetRepresentation()


@pytest.mark.parametrize("name", ["ctkRangeWidget", "ctkTreeComboBox", "ctkDICOMBrowser"])
def test_ctk_widgets_without_stand_in_can_be_named_but_not_made(host, name):
    import ctk
    with pytest.raises(NotImplementedError, match=name):
        getattr(ctk, name)()


def test_slicer_classes_without_stand_in_can_be_named_but_not_made(host):
    import ctk
    import slicer
    for name in ("qMRMLPlotView", "qMRMLSubjectHierarchyTreeView", "qSlicerSaveDataDialog"):
        with pytest.raises(NotImplementedError, match=name):
            getattr(slicer, name)()
    for module, name in ((ctk, "ctkNoSuchWidget"), (slicer, "qMRMLNoSuchWidget"), (slicer, "dicomDatabase")):
        with pytest.raises(AttributeError, match=name):
            getattr(module, name)
    with pytest.raises(NotImplementedError, match="GUI of the module Volumes"):
        slicer.modules.volumes.widgetRepresentation()


def test_members_without_stand_in_say_so(host):
    import ctk
    with pytest.raises(NotImplementedError, match="showHistoryButton"):
        ctk.ctkPathLineEdit().showHistoryButton  # noqa: B018
    with pytest.raises(AttributeError, match="setFilters"):
        ctk.ctkPathLineEdit().setFilters(1)


def test_ctk_stand_ins_behave(qt, tmp_path):
    import ctk
    path, got = ctk.ctkPathLineEdit(), []
    path.filters, path.settingKey = ctk.ctkPathLineEdit.Dirs, "HostExample/Paths"
    path.connect("currentPathChanged(QString)", got.append)
    path.currentPath = str(tmp_path)
    path.addCurrentPathToHistory()
    again = ctk.ctkPathLineEdit()
    again.settingKey = "HostExample/Paths"
    again.retrieveHistory()
    assert got == [str(tmp_path)] and again.currentPath == str(tmp_path) and path.filters == 1
    button, box = ctk.ctkCollapsibleButton("Inputs"), ctk.ctkCollapsibleGroupBox()
    layout, child = qt.QVBoxLayout(button), qt.QLabel("x")
    layout.addWidget(child)
    button.connect("contentsCollapsed(bool)", got.append)
    button.collapsed = True
    assert got[-1] is True and not child.isVisibleTo(button)
    box.collapsed = True
    assert box.checked is False and ctk.ctkSearchBox().text == ""


def test_a_collapsible_button_keeps_hidden_what_others_have_hidden(host):
    import ctk
    import qt
    button, hidden, shown, late = ctk.ctkCollapsibleButton("Inputs"), qt.QLabel("a"), qt.QLabel("b"), qt.QLabel("c")
    hidden.visible = False
    layout = qt.QVBoxLayout(button)
    for label in (hidden, shown, late):
        layout.addWidget(label)
    button.show()
    button.collapsed = True
    late.setVisible(False)
    hidden_while_collapsed = [label.isVisibleTo(button) for label in (hidden, shown, late)]
    button.collapsed = False
    assert [label.isVisibleTo(button) for label in (hidden, shown, late)] == [False, True, False]
    assert hidden_while_collapsed == [False] * 3
    button.collapsed = True
    late.setVisible(True)
    assert not late.isVisibleTo(button)
    button.collapsed = False
    assert late.isVisibleTo(button)
    button.close()


def test_requirements_are_checked_against_what_is_installed(host, tmp_path):
    import slicer.packaging
    (tmp_path / "requirements.txt").write_text("# needed\nnumpy>=1.20\n\n-r other.txt\nnot-a-package; python_version < '3'\n")
    requirements = slicer.packaging.load_requirements(tmp_path / "requirements.txt")
    assert [requirement.name for requirement in requirements] == ["numpy", "not-a-package"]
    assert slicer.packaging.pip_check(requirements) and slicer.packaging.pip_check("numpy pytest>=7")
    assert not slicer.packaging.pip_check("numpy>=99") and not slicer.packaging.pip_check(["no-such-package-at-all"])
    assert slicer.packaging.pip_ensure("numpy", requester="Example") is None
    with pytest.raises(RuntimeError, match="Example needs .*no-such-package-at-all>=2"):
        slicer.packaging.pip_ensure(["numpy", "no-such-package-at-all>=2"], requester="Example")
    with pytest.raises(NotImplementedError, match="pip install"):
        slicer.packaging.pip_install("numpy")


def test_the_signatures_of_packaging_are_slicers(host):
    import inspect

    import slicer.packaging

    from slicerhost import qt_names
    for name in ("pip_check", "pip_ensure", "load_requirements", "load_pyproject_dependencies"):
        real = qt_names.table()["slicer.packaging"][name]
        for parameter in inspect.signature(getattr(slicer.packaging, name)).parameters:
            assert f"{parameter}:" in real, (name, parameter)


def test_sample_data_is_registered_but_not_downloaded(host):
    import SampleData
    import slicer
    for _ in range(2):
        SampleData.SampleDataLogic.registerCustomSampleDataSource(category="Host", sampleName="One", uris="https://example.org/a")
    assert [source.sampleName for source in slicer.modules.sampleDataSources["Host"]] == ["One"]
    with pytest.raises(NotImplementedError):
        SampleData.SampleDataLogic().downloadSamples("One")


def test_texts_are_translated_to_themselves(host):
    from slicer.i18n import tr, translate
    assert tr("{n} patients").format(n=2) == "2 patients"
    assert translate("qSlicerAbstractCoreModule", "Informatics") == "Informatics"


def test_the_module_runs_as_a_program(tmp_path):
    driver = ("import sys, runpy\nfrom slicerhost import app\nstart = app.start\n"
              "def start_and_stop(**keywords):\n"
              "    application = start(**keywords)\n"
              "    import qt\n"
              "    qt.QTimer.singleShot(300, lambda: (print(application.activeWindow().windowTitle), application.exit(0)))\n"
              "    return application\n"
              "app.start = start_and_stop\n"
              f"sys.argv = ['slicerhost', {str(EXAMPLE)!r}]\nrunpy.run_module('slicerhost', run_name='__main__')\n")
    assert run_apart(driver, XDG_CONFIG_HOME=str(tmp_path)) == "Host example"
