import numpy as np
import pytest

from graphsum.metrics import statements
from graphsum.metrics.consistency import ConsistencyWithFindings
from graphsum.metrics.errors import Errors, count_errors, error_scores, summarize_errors
from graphsum.metrics.metric import REFERENCE
from preprocessing.facts.comparison import Error
from preprocessing.facts.ontology import use_ontology
from preprocessing.records import Report

MISSED = Error("missed", None, "critical", "major", ("Pneumothorax",), 0, 1)
INVENTED = Error("invented", None, "routine", "major", ("Scoliosis",), 0, 1)
OTHER_SIDE = Error("differs", "side", "urgent", "major", ("Pleural Effusion",), 0, 1)
DOUBTED = Error("differs", "certainty", "notable", "minor", ("Nodule",), 0, 1)


def test_two_reports_by_hand():
    counts = np.array([count_errors([MISSED, MISSED, OTHER_SIDE]), count_errors([INVENTED])])
    # A mean of two drawn reports is that of the first, of the second, or halfway, so the middle
    # 95 % of the resamples reach from one report to the other.
    two = {"per_100_reports": 100.0, "ci95": [0.0, 200.0]}
    one = {"per_100_reports": 50.0, "ci95": [0.0, 100.0]}
    urgent = {"triage": one, "actionable": one, "all": one, "urgent": one}
    assert summarize_errors(counts) == {
        "n_reports": 2,
        "actionable_errors_total": 3,  # what is invented is routine
        "actionable_errors_per_report": 1.5,
        "actionable_errors_per_report_ci95": [0.0, 3.0],
        "missed_findings": {"triage": two, "actionable": two, "all": two, "critical": two},
        "invented_findings": {"all": one, "routine": one},
        "attribute_errors": {"all": urgent, "side": urgent},
    }


def test_minor_errors_are_counted_but_are_not_actionable():
    found = summarize_errors(np.array([count_errors([DOUBTED, OTHER_SIDE])]))
    assert (found["actionable_errors_total"], found["actionable_errors_per_report"]) == (1, 1.0)
    assert found["attribute_errors"]["all"]["actionable"]["per_100_reports"] == 200.0
    assert found["attribute_errors"]["all"]["triage"]["per_100_reports"] == 100.0
    assert list(found["attribute_errors"]["certainty"]) == ["actionable", "all", "notable"]


def test_reports_without_errors_and_no_reports():
    clean = summarize_errors(np.array([count_errors([])] * 3))
    assert (clean["n_reports"], clean["actionable_errors_per_report_ci95"]) == (3, [0.0, 0.0])
    nothing = summarize_errors(np.array([count_errors([])])[:0])
    assert (nothing["n_reports"], nothing["actionable_errors_total"]) == (0, 0)
    assert nothing["actionable_errors_per_report"] is None
    assert nothing["actionable_errors_per_report_ci95"] is None
    for found in (clean, nothing):
        assert found["missed_findings"] == found["invented_findings"] == {}
        assert found["attribute_errors"] == {}


FINDINGS = ["There is a large left pneumothorax.", "Small right pleural effusion. No edema."]
REFERENCES = ["Left pneumothorax.", "Right pleural effusion."]


def test_scores_by_stratum_against_findings_and_reference():
    systems = {
        "system": ["Left pneumothorax.", "Left pleural effusion."],
        "silent": ["", ""],
        REFERENCE: REFERENCES,
    }
    masks = {"all": np.array([True, True]), "second": np.array([False, True])}
    rows = error_scores(systems, FINDINGS, REFERENCES, masks)
    assert list(rows["system"]["all"]) == ["findings", "reference"]
    assert list(rows[REFERENCE]["all"]) == ["findings"]
    for source in ("findings", "reference"):
        found = rows["system"]["all"][source]
        assert (found["n_reports"], found["actionable_errors_total"]) == (2, 1)
        assert found["attribute_errors"]["side"]["urgent"]["per_100_reports"] == 50.0
        assert found["missed_findings"] == found["invented_findings"] == {}
        second = rows["system"]["second"][source]["attribute_errors"]["side"]["triage"]
        assert second == {"per_100_reports": 100.0, "ci95": [100.0, 100.0]}
        missed = rows["silent"]["all"][source]["missed_findings"]
        assert {tier: cell["per_100_reports"] for tier, cell in missed.items()} == {
            **{"triage": 100.0, "actionable": 100.0, "all": 100.0},
            **{"critical": 50.0, "urgent": 50.0},
        }
    assert rows[REFERENCE]["all"]["findings"]["actionable_errors_total"] == 0


def test_what_only_the_findings_say_is_invented_by_the_reference():
    found = error_scores(
        {"system": ["Pulmonary edema."]},
        ["There is pulmonary edema."],
        ["Stable scoliosis."],
        {"all": np.array([True])},
    )["system"]["all"]
    assert found["findings"]["invented_findings"] == {}
    assert found["reference"]["invented_findings"]["triage"]["per_100_reports"] == 100.0


def test_a_system_needs_an_impression_for_each_report():
    with pytest.raises(ValueError, match="longer"):
        error_scores({"system": ["Edema."]}, FINDINGS, REFERENCES, {"all": np.ones(2, bool)})


def test_texts_are_read_once_for_all_metrics(monkeypatch):
    read = []

    def counted(texts):
        read.extend(texts)
        return original(texts)

    original = statements.statements_of
    monkeypatch.setattr(statements, "statements_of", counted)
    reports = [Report(str(n), FINDINGS[n], REFERENCES[n]) for n in range(2)]
    impressions = {"system": ["Rib fracture.", "Rib fracture."], REFERENCE: REFERENCES}
    for metric in (ConsistencyWithFindings(), Errors()):
        metric.scores(impressions, reports, {"all": np.ones(2, bool)})
    assert sorted(read) == sorted({*FINDINGS, *REFERENCES, "Rib fracture."})
    use_ontology()  # what the old one said is forgotten
    Errors().scores(impressions, reports, {"all": np.ones(2, bool)})
    assert len(read) == 10
