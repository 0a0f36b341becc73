"""Command ``study``: the reader study from its design to its figures; and the workers that do the same for the panel."""
import argparse
import pathlib
import sys

from ..base.errors import InputError
from ..cohort.choosing import chosen_names, parts_of
from ..study.analysis import COLUMNS, analyze, notes_of
from ..study.answers import readings_of, write_answers
from ..study.choice_table import read_choice_tables
from ..study.design import Against, DesignChoices, cohort_sha256, draw_study
from ..study.power import ALPHA, MOST_QUERIES, STUDIES, Plan, fewest_queries, power_of
from ..study.power import COLUMNS as PLAN_COLUMNS
from ..study.readings import answers_name
from ..study.simulation import LARGEST_KAPPA, common_part, facet_preference, model_preference, simulated_answers
from ..study.study import read_study, write_record
from .tables import (
    add_data_option,
    add_measured_option,
    add_rows_option,
    chosen_models,
    independent_cohort_of,
    plain,
    worker_options,
    write_csv,
)

_DESIGN = """\
Draws queries and ten candidates for each, the five nearest by the model and five others, in an order of its own for every
reader. The file is all that another computer needs beside the images. It names no distance, rank or choice of the model that a
reader could see: what 'study analyze' needs of them is in it in a sealed form, which hides it from a glance, not from an
attack."""
_ANALYZE = """\
One row per statistic and reader; 'consensus' is the majority of readers (exactly half is no majority), 'all' is all readers
together. 'n': queries behind the value; 'ci_low', 'ci_high': 95 % interval, had other queries and other readers been drawn;
'chance': what choosing any five of ten would give on average; 'p': one-sided permutation p value, within queries. Skipped
queries and unfinished choices are left out, never counted as a choice. Definitions: docs/reader-study.md."""
_PLAN = f"""\
How often a study of this size would find that readers and model, or readers among themselves, agree more than by chance
(one-sided permutation test at {ALPHA}), by simulated readers who follow the model with noise. 'kappa' is the expected kappa of
one reader with the model, not that of the consensus, which is higher."""
_MOST_READERS = 100
#: what a plan finds, by statistic
_FOUND = {"agreement_with_model": "kappa {kappa:g} of readers with the model (agreement {mean:.0%})",
          "cohen_kappa_consensus_model": "their consensus agreeing with the model (kappa {mean:.2f})",
          "fleiss_kappa": "them agreeing with each other (kappa {mean:.2f})"}


def add_parser(subparsers):
    """Register the command and its parts with argparse."""
    parser = subparsers.add_parser("study", help="reader study: do people choose the neighbors that a model chooses?",
                                   description="A reader study: for every query a reader chooses five of ten candidates.")
    parts = parser.add_subparsers(required=True, metavar="PART")
    _add_plan(parts)
    _add_design(parts)
    _add_simulate(parts)
    _add_analyze(parts)


def _add_simulate(parts):
    parser = parts.add_parser("simulate", help="answers of simulated readers, to try a study before people read it",
                              description="Answers of readers who follow the model, or a facet, with noise: a rehearsal, no "
                                          "result.")
    parser.add_argument("--facet", default="", metavar="FACET",
                        help="they follow this facet instead: candidates of the query's category, in the cohort of --data; "
                             "--kappa is then that of a facet that five of ten candidates share")
    add_data_option(parser, required=False)
    add_rows_option(parser)
    add_measured_option(parser)
    _add_simulation(parser)
    parser.set_defaults(run=run_simulate)


def _add_simulation(parser):
    parser.add_argument("--study", required=True, type=pathlib.Path, metavar="STUDY.json", help="the design")
    _add_kappas(parser)
    parser.add_argument("--readers", default="all", metavar="NAMES",
                        help="which readers of the study, separated by commas, or 'all' (default)")
    _add_seed(parser, "of the noise")
    parser.add_argument("--out-folder", required=True, type=pathlib.Path, metavar="FOLDER",
                        help="where ANSWERS-reader.json of each of them is written")


def _add_kappas(parser):
    parser.add_argument("--kappa", type=float, required=True, help="expected kappa of a reader with the model")
    parser.add_argument("--between", type=float, metavar="KAPPA",
                        help="expected kappa of two readers (default: what following the model gives)")


def _add_plan(parts):
    parser = parts.add_parser("plan", help="how many queries and readers a study needs", description=_PLAN)
    parser.add_argument("--queries", default="25", metavar="N", help="numbers of queries, separated by commas (default 25)")
    parser.add_argument("--readers", default="5", metavar="N", help="numbers of readers, separated by commas (default 5)")
    parser.add_argument("--power", type=float, metavar="P",
                        help=f"instead of --queries: the smallest number of queries, up to {MOST_QUERIES}, for this power")
    _add_kappas(parser)
    parser.add_argument("--spread", type=float, default=0.0,
                        help="standard deviation of the readers' own expected kappas with the model (default 0)")
    parser.add_argument("--studies", type=int, default=STUDIES, help=f"simulated studies (default {STUDIES})")
    _add_seed(parser, "of the simulation")
    parser.add_argument("--out", type=pathlib.Path, metavar="FILE.csv", help="the CSV file to write, instead of sentences")
    parser.set_defaults(run=run_plan)


def _add_design(parts):
    parser = parts.add_parser("design", help="draw queries and candidates: STUDY.json", description=_DESIGN)
    add_data_option(parser)
    add_rows_option(parser)
    _add_choices(parser)
    parser.set_defaults(run=run_design)


def _add_choices(parser):
    add_measured_option(parser)
    parser.add_argument("--model", required=True, help="the model whose neighbors are judged")
    parser.add_argument("--queries", default="25", metavar="N", help="queries to draw, or 'all' (default 25)")
    parser.add_argument("--chosen", default="", metavar="IDS", help="PatientIDs of the queries, separated by commas, instead")
    parser.add_argument("--stratify", default="", metavar="FACET", help="draw in proportion to the categories of this facet")
    parser.add_argument("--against", choices=[one.value for one in Against], default=Against.FARTHEST.value,
                        help="the five beside the five nearest: " +
                             "; ".join(f"{one.value}: {one.meaning()}" for one in Against) + " (default farthest)")
    parser.add_argument("--repeats", type=int, default=0, metavar="N",
                        help="queries that are shown twice, for the agreement of readers with themselves (default 0)")
    parser.add_argument("--at-most", type=int, metavar="N",
                        help="a patient is a candidate at most N times in the study (default: no limit)")
    parser.add_argument("--readers", default="5", metavar="NAMES",
                        help="names of the readers, separated by commas, or how many: reader-1, reader-2, ... (default 5)")
    _add_seed(parser, "of all that is drawn")
    parser.add_argument("--out", required=True, type=pathlib.Path, metavar="STUDY.json", help="the file to write")


def _add_analyze(parts):
    parser = parts.add_parser("analyze", help="agreement with the model and between readers, as CSV", description=_ANALYZE)
    _add_read(parser)
    parser.add_argument("--out", required=True, type=pathlib.Path, metavar="FILE.csv", help="the CSV file to write")
    parser.set_defaults(run=run_analyze)


def _add_read(parser):
    parser.add_argument("--study", type=pathlib.Path, metavar="STUDY.json", help="the design that was read")
    parser.add_argument("--answers", required=True, nargs="+", action="extend", type=pathlib.Path, metavar="FILE",
                        help="ANSWERS-reader.json of every reader; or, without --study, a CSV of a study that was read "
                             "elsewhere, with the columns reader, query, candidate, model_choice, chosen (0 or 1, ten rows "
                             "per reader and query)")
    _add_seed(parser, "of resampling and permutations")


def _add_seed(parser, what):
    parser.add_argument("--seed", type=int, default=0, help=f"{what} (default 0)")


def _checked_seed(options):
    if not 0 <= options.seed < 2 ** 63:
        raise InputError(f"--seed {options.seed}", expected="0 or more")
    return options.seed


def run_plan(options):
    """Print sentences, or write a table, about the power of studies; returns 0. Raises InputError for impossible readers."""
    seed, rows = _checked_seed(options), []
    if options.power is not None:
        return _run_needed(options, seed)
    sizes = [[_whole(part, name) for part in parts_of(text) or [text]]
             for text, name in ((options.queries, "--queries"), (options.readers, "--readers"))]
    for queries in sizes[0]:
        for readers in sizes[1]:
            plan = Plan(queries, readers, options.kappa, options.between, options.spread)
            rows += [(plan, power) for power in power_of(plan, options.studies, seed)]
    if options.out:
        write_csv(options.out, PLAN_COLUMNS, [
            (power.statistic, power.reader, plan.queries, plan.readers, plan.kappa, plan.between, plan.spread, options.studies,
             power.mean, power.power, power.ci_low, power.ci_high) for plan, power in rows])
        return 0
    for plan, power in rows:
        found = _FOUND[power.statistic].format(kappa=plan.kappa, mean=power.mean)
        print(f"{plan.queries} queries and {plan.readers} readers find {found}, with power {power.power:.2f} "
              f"({power.ci_low:.2f} to {power.ci_high:.2f}).")
    print(f"Power: share of {options.studies} simulated studies with p <= {ALPHA}, one-sided; in parentheses 95 % intervals.")
    return 0


def _run_needed(options, seed):
    """Print how many queries a power takes, for each number of readers; returns 0."""
    if options.out:
        raise InputError("--power with --out", expected="one of both: its answers are sentences")
    for readers in [_whole(part, "--readers") for part in parts_of(options.readers) or [options.readers]]:
        plan = Plan(1, readers, options.kappa, options.between, options.spread)
        for statistic, needed in fewest_queries(plan, options.power, options.studies, seed).items():
            if needed is None:
                print(f"{readers} readers and {MOST_QUERIES} queries do not reach power {options.power:g} for {statistic}.")
            else:
                found = _FOUND[statistic].format(kappa=options.kappa, mean=needed[1].mean)
                print(f"{readers} readers find {found}, with power {options.power:g} from {needed[0]} queries on.")
    return 0


def run_simulate(options):
    """Write the answers of simulated readers; returns 0. Raises InputError for a damaged study or impossible readers."""
    seed, study = _checked_seed(options), read_study(options.study)
    if not abs(options.kappa) <= LARGEST_KAPPA:
        raise InputError(f"--kappa {options.kappa}", expected=f"-{LARGEST_KAPPA} to {LARGEST_KAPPA}")
    readers = chosen_names("reader", options.readers, tuple(study.readers), options.study)
    files = {reader: options.out_folder / answers_name(reader) for reader in readers}
    for path in files.values():
        if path.exists():
            raise InputError("the file exists", source=path, expected="a folder without answers")
    common = common_part(options.kappa, options.between)
    preference = _followed(options, study)
    for answers in simulated_answers(study, preference, dict.fromkeys(files, options.kappa), common, seed):
        write_answers(files[answers.reader], answers)
    return 0


def _followed(options, study):
    """What the simulated readers of a study follow."""
    if not options.facet:
        return model_preference(study)
    if not options.data:
        raise InputError("--facet without --data", expected="the cohort of the study")
    cohort = independent_cohort_of(options)[0]
    if study.model not in cohort.models or cohort_sha256(cohort, study.model) != study.cohort_sha256:
        raise InputError("another cohort than that of the study", source=cohort.name,
                         expected=f"{study.cohort} (sha256 {study.cohort_sha256[:12]}...)")
    return facet_preference(study, cohort, options.facet)


def run_design(options):
    """Write STUDY.json; returns 0. Raises InputError for what the cohort does not have."""
    for note in _design(options):
        print(f"Note: {note}", file=sys.stderr)
    return 0


def design_command(arguments, report):
    """Worker command ``study-design --prepared FILE ...``, with the options of ``study design``.

    Returns
    -------
    dict
        ``notes``: what the maker of the study should know, one sentence each.
    """
    options = worker_options("study-design", arguments, _add_choices)
    report(None, "Drawing the study")
    return {"notes": _design(options)}


def _design(options):
    """Draw a study and write it; returns notes."""
    seed, queries = _checked_seed(options), None if options.queries == "all" else _whole(options.queries, "--queries")
    chosen, readers = tuple(parts_of(options.chosen)), tuple(parts_of(options.readers))
    if len(readers) == 1 and readers[0].isdecimal():
        count = _whole(readers[0], "--readers")
        if not 1 <= count <= _MOST_READERS:
            raise InputError(f"--readers {count}", expected=f"1 to {_MOST_READERS}, or names")
        readers = tuple(f"reader-{number}" for number in range(1, count + 1))
    if chosen and options.stratify:
        raise InputError("--chosen and --stratify", expected="one of both: chosen queries are not drawn")
    cohort, once = independent_cohort_of(options)
    models = chosen_models(cohort, options.model)
    if len(models) != 1:
        raise InputError(f"--model {options.model}", source=cohort.name, expected=f"one of {', '.join(cohort.models)}")
    choices = DesignChoices(readers, queries, chosen, options.stratify, Against(options.against), options.repeats,
                            options.at_most, seed)
    study, notes = draw_study(cohort, models[0], choices)
    write_record(options.out, study.to_record())
    return [*([once] if once else []), *notes]


def _whole(text, name):
    try:
        return int(text)
    except ValueError:
        raise InputError(f"{name} {text[:40]}", expected="a whole number") from None


def run_analyze(options):
    """Write the table of figures; returns 0. Raises InputError for files that are damaged or do not belong together."""
    files = [*options.answers, *([options.study] if options.study else [])]
    if any(path.resolve() == options.out.resolve() for path in files):
        raise InputError(f"--out {options.out} is one of the files to read", expected="another name")
    figures, notes = _analyze(options)
    write_csv(options.out, COLUMNS, [figure.row() for figure in figures])
    for note in notes:
        print(f"Note: {note}", file=sys.stderr)
    return 0


def analyze_command(arguments, report):
    """Worker command ``study-analyze``, with the options of ``study analyze`` but ``--out``.

    Returns
    -------
    dict
        ``columns`` and ``rows`` of the table of figures, None for what is undefined; ``notes``: one sentence each.
    """
    parser = argparse.ArgumentParser(prog="study-analyze")
    _add_read(parser)
    options = parser.parse_args(arguments)
    report(None, "Analyzing the answers")
    figures, notes = _analyze(options)
    return {"columns": list(COLUMNS), "rows": [plain(figure.row()) for figure in figures], "notes": notes}


def _analyze(options):
    """Figures and notes of the study and answers that the options name."""
    seed = _checked_seed(options)
    if not options.study and any(path.suffix.lower() == ".json" for path in options.answers):
        raise InputError("answers as JSON without --study", source=options.answers[0], expected="--study STUDY.json")
    readings = readings_of(read_study(options.study), options.answers) if options.study else read_choice_tables(options.answers)
    return analyze(readings, seed), notes_of(readings)


def simulate_command(arguments, report):
    """Worker command ``study-simulate``, with the options of ``study simulate``."""
    parser = argparse.ArgumentParser(prog="study-simulate")
    _add_simulation(parser)
    parser.set_defaults(facet="", data=None)
    options = parser.parse_args(arguments)
    report(None, "Simulating readers")
    run_simulate(options)
    return {}
