"""The places of our own widgets in Slicer's view layouts."""
import qt
import slicer

_HOLDER = "{tag}Place"


def place_chart(tag, view):
    """Show `view` wherever a layout description has the element <tag>.

    Slicer has no way to take a view factory back, so one factory with one container is registered for the lifetime of the
    application, and only the container's content changes when the module is reloaded.
    """
    name = _HOLDER.format(tag=tag)
    place = getattr(slicer.modules, name, None)
    if place is None:
        container, factory = qt.QWidget(), slicer.qSlicerSingletonViewFactory()
        qt.QVBoxLayout(container).setContentsMargins(0, 0, 0, 0)
        factory.setTagName(tag)
        factory.setWidget(container)
        if slicer.app.layoutManager():                  # there is none without a main window
            slicer.app.layoutManager().registerViewFactory(factory)
        place = container, factory
        setattr(slicer.modules, name, place)
    container = place[0]
    layout = container.layout()
    while layout.count():
        layout.takeAt(0).widget().deleteLater()
    layout.addWidget(view)
