"""Slicer's module Sample Data: data sets are registered and shown as buttons; the host downloads nothing."""
import slicer
from PySide6 import QtGui, QtWidgets

__all__ = ["SampleDataLogic", "SampleDataSource", "SampleDataWidget"]


class SampleDataSource:
    """One data set. As in Slicer, single values become lists, and all lists must be of one length."""

    def __init__(self, sampleName=None, sampleDescription=None, uris=None, fileNames=None, nodeNames=None, checksums=None,
                 loadFiles=None, customDownloader=None, thumbnailFileName=None, loadFileTypes=None, loadFileProperties=None,
                 loadFileType=None):
        several = isinstance(uris, (list, tuple))
        count = len(uris) if several else 1
        lists = {"fileNames": fileNames, "nodeNames": nodeNames, "checksums": checksums, "loadFiles": loadFiles,
                 "loadFileTypes": loadFileTypes or loadFileType}
        for name, value in lists.items():
            if several and (value is None and name != "fileNames" or name == "loadFileTypes" and isinstance(value, str)):
                lists[name] = [value] * count
            elif not several:
                lists[name] = [value]
        self.uris = list(uris) if several else [uris]
        if uris is None or any(value is None or len(value) != count for value in lists.values()):
            raise ValueError(f"the fields of the sample data source {sampleName} have different lengths")
        vars(self).update(lists, sampleName=sampleName, sampleDescription=sampleDescription or sampleName,
                          customDownloader=customDownloader, thumbnailFileName=thumbnailFileName,
                          loadFileProperties=loadFileProperties or {})

    def __eq__(self, other):
        return vars(self) == vars(other)


class SampleDataLogic:
    """The registry of data sets: slicer.modules.sampleDataSources, by category."""

    @staticmethod
    def registerCustomSampleDataCategory(category, title):
        categories = vars(slicer.modules).setdefault("sampleDataSourceCategories", {})
        categories.setdefault(category, {})["title"] = title

    @staticmethod
    def registerCustomSampleDataSource(category="Custom", sampleName=None, uris=None, fileNames=None, nodeNames=None,
                                       customDownloader=None, thumbnailFileName=None, loadFileTypes=None, loadFiles=None,
                                       loadFileProperties=None, checksums=None, loadFileType=None):
        source = SampleDataSource(
            sampleName=sampleName, uris=uris, fileNames=fileNames, nodeNames=nodeNames, customDownloader=customDownloader,
            thumbnailFileName=thumbnailFileName, loadFileTypes=loadFileTypes, loadFiles=loadFiles,
            loadFileProperties=loadFileProperties, checksums=checksums, loadFileType=loadFileType)
        sources = vars(slicer.modules).setdefault("sampleDataSources", {}).setdefault(category, [])
        if source not in sources:
            sources.append(source)

    def downloadFromSource(self, *arguments, **keywords):
        raise NotImplementedError("slicerhost does not download sample data")

    downloadSample = downloadSamples = downloadFromURL = downloadFromSource


class SampleDataWidget:
    """The buttons of the module's panel."""

    @staticmethod
    def setCategoriesFromSampleDataSources(categoryLayout, dataSources, logic):
        for category in sorted(dataSources):
            for source in dataSources[category]:
                button = QtWidgets.QToolButton(text=source.sampleDescription)
                button.setObjectName(f"{source.sampleName}PushButton")
                if source.thumbnailFileName:
                    button.setIcon(QtGui.QIcon(source.thumbnailFileName))
                download = source.customDownloader or logic.downloadFromSource
                button.clicked.connect(lambda checked=False, source=source, download=download: download(source))
                categoryLayout.addWidget(button)
