"""python -m slicerhost path/to/Module.py -- a window for one scripted module, without Slicer."""
import sys

from . import app


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    application = app.start(testing=False, arguments=sys.argv)
    window = app.MainWindow(app.load_module(sys.argv[1]))
    window.show()
    application.startupCompleted.emit()
    sys.exit(application.exec_())


main()
