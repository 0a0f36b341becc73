"""Makes the documentation of the Python API as HTML pages, from the docstrings.

    python Testing/tools/make_docs.py [FOLDER] [MODULE ...]      default: output/docs, the whole library
"""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = "TumorConnectomeLib"


def main(folder=ROOT / "output/docs", *modules):
    """Write the pages; the host stands in for Slicer, so that every layer can be imported."""
    sys.path[:0] = [str(ROOT / "TumorConnectome"), str(ROOT / "Testing")]
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from slicerhost import app
    app.start()
    import pdoc
    pdoc.render.configure(docformat="numpy", footer_text="TumorConnectome", show_source=False)
    pdoc.pdoc(*(modules or (LIBRARY,)), output_directory=pathlib.Path(folder))
    print(f"Wrote {folder}/index.html")


if __name__ == "__main__":
    main(*sys.argv[1:])
