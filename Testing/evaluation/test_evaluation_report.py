"""The one-page report: what is on it, as text and as HTML, and its way through a file."""
import json

import pytest

from TumorConnectomeLib.evaluation.report import Report, Section, report_body, report_html, report_text

REPORT = Report("Which model? <cohort & more>", (
    Section("Limits", ("A sentence that is so long that it has to be broken into two lines, because a page is a hundred wide.",
                       "p < 0.05")),), "Lifts", (("Model", "Stage"), ("CTFM", "1.20* (1.11 to 1.31)")))


def test_text_has_headings_bullets_and_aligned_columns():
    lines = report_text(REPORT).splitlines()
    assert lines[:2] == ["Which model? <cohort & more>", "=" * 28]
    assert lines[3:5] == ["Limits", "------"]
    assert lines[5].startswith("- A sentence") and len(lines[5]) <= 100 and lines[6].startswith("  ")
    assert lines[7] == "- p < 0.05"
    assert lines[-3:] == ["Lifts", "Model  Stage", "CTFM   1.20* (1.11 to 1.31)"]
    assert report_text(Report("T", ())) == "T\n=\n"


def test_html_escapes_what_people_wrote():
    page = report_html(REPORT)
    assert page.startswith("<!DOCTYPE html>") and page.rstrip().endswith("</html>")
    assert "Which model? &lt;cohort &amp; more&gt;" in page and "p &lt; 0.05" in page
    assert "<th>Model</th><th>Stage</th>" in page and "<td>CTFM</td><td>1.20* (1.11 to 1.31)</td>" in page
    assert report_body(REPORT) in page and "<table" not in report_body(Report("T", ())) + report_body(REPORT, table=False)


def test_a_report_goes_through_json():
    assert Report.from_plain(json.loads(json.dumps(REPORT.to_plain()))) == REPORT


@pytest.mark.parametrize("change", [{"sections": [["only a title"]]}, {"sections": [["title", "text"]]}, {"table": [["a"], []]},
                                    {"table": ["ab"]}, {"sections": None}])
def test_another_thing_is_no_report(change):
    with pytest.raises((KeyError, TypeError, ValueError)):
        Report.from_plain({**REPORT.to_plain(), **change})
