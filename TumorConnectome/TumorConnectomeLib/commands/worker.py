"""Worker commands: what the module runs in child processes, speaking JSON lines (see work.jobs.PythonJob)."""
import importlib
import json
import sys

from ..base.errors import PackageMissing, TumorConnectomeError
from ..base.files import temporaries_told

#: name -> "module:function"; a function takes (arguments: list[str], report: callable(fraction, message)) and
#: returns something json can write
WORKERS = {
    "prepare": "TumorConnectomeLib.commands.prepare:prepare",
    "preview": "TumorConnectomeLib.commands.prepare:preview",
    "fetch-cohort": "TumorConnectomeLib.imaging.cohort_download:fetch_cohort_command",
    "clinical": "TumorConnectomeLib.imaging.clinical_source:clinical_command",
    "inspect": "TumorConnectomeLib.imaging.inspection:inspect_command",
    "measure": "TumorConnectomeLib.commands.measure:measure_command",
    "scan": "TumorConnectomeLib.imaging.folder_source:scan_command",
    "gather": "TumorConnectomeLib.imaging.dicom_database_source:gather_command",
    "reach": "TumorConnectomeLib.imaging.reachability:reach_command",
    "tidy-cache": "TumorConnectomeLib.imaging.cache_limits:tidy_command",
    "locate": "TumorConnectomeLib.imaging.idc_index:locate_command",
    "locate-segmentation": "TumorConnectomeLib.imaging.segmentation_source:locate_segmentation_command",
    "read-segmentation": "TumorConnectomeLib.imaging.segmentation_file:read_segmentation_command",
    "verify": "TumorConnectomeLib.imaging.series_check:verify_command",
    "thumbnail": "TumorConnectomeLib.imaging.thumbnail:thumbnail_command",
    "synthesize-study": "TumorConnectomeLib.synthetic.study:synthesize_study_command",
    "evaluate": "TumorConnectomeLib.commands.evaluate:evaluate_command",
    "hubs": "TumorConnectomeLib.commands.hubs:hubs_command",
    "agreement": "TumorConnectomeLib.commands.agreement:agreement_command",
    "probes": "TumorConnectomeLib.commands.probes:probes_command",
    "query": "TumorConnectomeLib.commands.query:query_command",
    "query-rows": "TumorConnectomeLib.commands.query:rows_command",
    "stability": "TumorConnectomeLib.commands.embed_checks:stability_command",
    "proof-rows": "TumorConnectomeLib.commands.embed_checks:proof_rows_command",
    "weights-offer": "TumorConnectomeLib.embedding.weights_offer:offer_command",
    "fetch-weights": "TumorConnectomeLib.embedding.weights_download:fetch_weights_command",
    "text": "TumorConnectomeLib.commands.text:text_command",
    "texts": "TumorConnectomeLib.commands.text:texts_command",
    "map": "TumorConnectomeLib.commands.maps:map_command",
    "embed": "TumorConnectomeLib.commands.embed:embed_command",
    "study-design": "TumorConnectomeLib.commands.study:design_command",
    "study-simulate": "TumorConnectomeLib.commands.study:simulate_command",
    "study-analyze": "TumorConnectomeLib.commands.study:analyze_command",
    "tumor-stack": "TumorConnectomeLib.imaging.tumor_stack:tumor_stack_command",
    "derive": "TumorConnectomeLib.commands.derive:derive_command",
}


def _say(stream, **message):
    stream.write(json.dumps(message) + "\n")
    stream.flush()


class _Report:
    """What a worker tells while it works: how far it is, and by `partial` what it has found so far (JSON can write it)."""

    def __init__(self, stream):
        self._stream = stream

    def __call__(self, fraction, message=""):
        _say(self._stream, progress=fraction, message=message)

    def partial(self, found):
        """Say what has been found so far."""
        _say(self._stream, partial=found)


def run_worker(arguments):
    """Run the worker command ``arguments[0]``; returns the exit status."""
    stream, sys.stdout = sys.stdout, sys.stderr         # what libraries print must not mix with our lines
    name, *rest = arguments or [""]
    try:
        if name not in WORKERS:
            raise TumorConnectomeError(f"no worker command {name!r}")
        module, _, function = WORKERS[name].partition(":")
        with temporaries_told(lambda path: _say(stream, temporary=str(path.resolve()))):
            result = getattr(importlib.import_module(module), function)(rest, _Report(stream))
    except (PackageMissing, ModuleNotFoundError) as error:
        missing = error if isinstance(error, PackageMissing) else PackageMissing.of(error)
        _say(stream, error=str(missing), package=missing.package)
        return 2
    except TumorConnectomeError as error:
        _say(stream, error=str(error))
        return 2
    except OSError as error:                            # disk full, permission denied
        _say(stream, error=f"{error.strerror or error}: {error.filename}" if error.filename else str(error))
        return 2
    _say(stream, result=result)
    return 0
