"""`make docs` writes a page for each module, with signatures and the sections of the docstrings."""
import os
import subprocess
import sys

from slicer_package import ROOT
from studies import warm_workers


def test_pages_of_the_python_api_are_made(tmp_path):
    modules = [f"TumorConnectomeLib.{name}" for name in ("neighbors.neighbors", "work.runner", "panel.packages")]
    process = subprocess.run([sys.executable, str(ROOT / "Testing/tools/make_docs.py"), str(tmp_path), *modules],
                             capture_output=True, text=True, check=False, env={**os.environ, **warm_workers.from_server()})
    assert process.returncode == 0, process.stderr[-2000:]
    page = (tmp_path / "TumorConnectomeLib/neighbors/neighbors.html").read_text(encoding="utf-8")
    for text in ("neighbor_lists", "Shape (N, D)", "Raises", "Examples"):
        assert text in page
    assert (tmp_path / "TumorConnectomeLib/panel/packages.html").is_file() and (tmp_path / "index.html").is_file()
