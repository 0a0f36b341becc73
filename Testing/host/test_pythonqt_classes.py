"""Dialogs, loaders, models, processes, threads, network: what works in Slicer, and what does not."""
import sys

import pytest


def test_file_dialogs_return_the_path_alone(qt, monkeypatch):
    from PySide6 import QtWidgets
    monkeypatch.setattr(QtWidgets.QFileDialog, "getOpenFileName", lambda *arguments: ("/data/a.nrrd", "All"))
    monkeypatch.setattr(QtWidgets.QFileDialog, "getSaveFileName", lambda *arguments: ("/data/b.nrrd", "All"))
    monkeypatch.setattr(QtWidgets.QFileDialog, "getOpenFileNames", lambda *arguments: (["/data/a", "/data/b"], "All"))
    assert qt.QFileDialog.getOpenFileName(None, "Open") == "/data/a.nrrd"
    assert qt.QFileDialog.getSaveFileName(None, "Save") == "/data/b.nrrd"
    assert qt.QFileDialog.getOpenFileNames(None, "Open") == ("/data/a", "/data/b")


def test_the_ui_loader_wants_a_device(qt):
    with pytest.raises(ValueError, match="loadUI"):
        qt.QUiLoader().load("panel.ui")


def test_a_model_that_nobody_keeps_is_refused(qt):
    view, model = qt.QTableView(), qt.QStandardItemModel()
    view.setModel(model)
    assert view.model() is model
    with pytest.raises(RuntimeError, match="keep a reference"):
        view.setModel(qt.QStandardItemModel())
    view.setModel(qt.QStandardItemModel(view))          # its parent keeps it


def test_items_made_by_the_scene_are_dead_after_clear(qt):
    scene = qt.QGraphicsScene()
    item = scene.addEllipse(0, 0, 10, 10)
    scene.clear()
    with pytest.raises(RuntimeError, match="deleted"):
        item.rect()


def test_table_models_are_subclassed(qt):
    class Model(qt.QAbstractTableModel):
        def rowCount(self, parent=None):
            return 2

        def columnCount(self, parent=None):
            return 1

        def data(self, index, role=0):
            return index.row() * 10 if role == qt.Qt.DisplayRole else None

    model, view = Model(), qt.QTableView()
    view.setModel(model)
    assert model.index(1, 0).data() == 10 and view.verticalHeader().count() == 2


def test_processes_run(qt):
    process, finished = qt.QProcess(), []
    process.connect("finished(int,QProcess::ExitStatus)", lambda code, status: finished.append(code))
    process.start(sys.executable, ["-c", "print('from the child')"])
    assert process.waitForFinished(20000)
    assert process.readAllStandardOutput().data().strip() == b"from the child" and finished == [0]


def test_threads_run(qt):
    class Worker(qt.QThread):
        def run(self):
            self.result = sum(range(10))

    worker = Worker()
    worker.start()
    assert worker.wait(10000) and worker.result == 45


def test_network_replies_are_read(qt, host, tmp_path):
    (tmp_path / "answer.txt").write_bytes(b"hello")
    manager = qt.QNetworkAccessManager()
    reply = manager.get(qt.QNetworkRequest(qt.QUrl.fromLocalFile(str(tmp_path / "answer.txt"))))
    loop = qt.QEventLoop()
    reply.connect("finished()", loop.quit)
    if not reply.isFinished():
        loop.exec_()
    assert reply.readAll().data() == b"hello"


def test_progress_dialogs_and_messages_of_slicer_work(host):
    import slicer
    progress = slicer.util.createProgressDialog(value=3, maximum=7, labelText="Loading", windowTitle="Wait")
    assert (progress.value, progress.maximum, progress.labelText) == (3, 7, "Loading")
    progress.close()
    assert slicer.util.errorDisplay("not shown in tests") is None
    assert not host.activeModalWidget()
