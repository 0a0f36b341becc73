"""The module's own self-test, as Slicer runs it."""


def test_self_test_passes(session):
    import slicer

    slicer.selfTests["TumorConnectome"](msec=0)
