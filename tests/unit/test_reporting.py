import json
import os

import numpy as np
import pytest
from places import SHARED

from graphsum.evaluation.predictions import read_predictions
from graphsum.evaluation.report import (
    all_metrics,
    compare_systems,
    evaluation_report,
    score_systems,
    write_predictions,
    write_report,
)
from graphsum.evaluation.tables import format_table
from graphsum.metrics.baselines import CONSTANT_IMPRESSION
from graphsum.metrics.strata import STRATA, strata_masks
from graphsum.page.scores import render_scores
from preprocessing.errors import InputError
from preprocessing.records import Report

TRAIN = [
    Report("t1", "The lungs are clear.", CONSTANT_IMPRESSION, labels=("normal",)),
    Report("t2", "There is a small left pleural effusion.", "Small left effusion."),
]
REPORTS = [
    Report("1", "Lungs are clear today.", CONSTANT_IMPRESSION, labels=("normal",)),
    Report("2", "A large left pleural effusion.", "Large left effusion.", labels=("Effusion",)),
    Report("3", "A small right pleural effusion.", "Small right effusion.", labels=("Effusion",)),
]
PREDICTIONS = [CONSTANT_IMPRESSION, "Large left effusion.", "Large right effusion."]


NO_OBSERVATIONS = {
    "precision": None,
    "recall": None,
    "f1": None,
    "f1_ci95": None,
    "macro_f1": None,
    "macro_f1_ci95": None,
    "macro_classes": 0,
    "claims": 0,
    "contradicted": 0,
}


def test_report_has_the_documented_shape_and_hand_worked_scores():
    report = evaluation_report(PREDICTIONS, REPORTS, train=TRAIN)
    assert list(report) == ["fingerprint", "strata", "baselines", "reference", "comparisons",
                            "duplicates", "left_out"]  # fmt: skip
    assert list(report["baselines"]) == ["constant", "neighbour"]
    for rows in (report["strata"], *report["baselines"].values()):
        assert tuple(rows) == STRATA
        for scores in rows.values():
            assert list(scores) == [
                *("n", "rouge1", "rouge2", "rougeL", "ci95"),
                *("observations", "consistency", "errors"),
            ]
    not_normal = report["strata"]["not_normal"]
    assert (not_normal["n"], not_normal["rouge1"], not_normal["rouge2"]) == (2, 83.33, 75.0)
    assert not_normal["ci95"]["rouge1"] == [66.67, 100.0]
    assert report["baselines"]["constant"]["normal"]["rougeL"] == 100.0
    assert report["baselines"]["neighbour"]["not_normal"]["rouge1"] == 66.67
    empty = report["strata"]["findings_seen"]
    assert (empty["consistency"]["statements"], empty["consistency"]["alarms"]) == (0, None)
    assert empty["errors"]["reference"]["n_reports"] == 0
    statement_scores = ("consistency", "errors")
    assert {name: value for name, value in empty.items() if name not in statement_scores} == {
        "n": 0,
        "rouge1": None,
        "rouge2": None,
        "rougeL": None,
        "ci95": {"rouge1": None, "rouge2": None, "rougeL": None},
        "observations": NO_OBSERVATIONS,
    }
    assert not_normal["observations"] == {
        "precision": 1.0,
        "recall": 1.0,
        "f1": 1.0,
        "f1_ci95": [1.0, 1.0],
        "macro_f1": 1.0,
        "macro_f1_ci95": [1.0, 1.0],
        "macro_classes": 1,
        "claims": 2,
        "contradicted": 0,
    }
    constant = report["baselines"]["constant"]["all"]["observations"]
    assert (constant["precision"], constant["recall"], constant["claims"]) == (None, 0.0, 0)
    assert tuple(report["reference"]) == STRATA
    assert report["reference"]["all"]["observations"]["claims"] == 2
    # "Large right effusion" of a small one; and nothing acute where there is an effusion.
    system = report["strata"]["not_normal"]["consistency"]
    assert (system["statements"], system["severity_flipped"], system["left_out"]) == (2, 0.5, 0.0)
    wrong = report["baselines"]["constant"]["not_normal"]["consistency"]
    assert (wrong["negation_flipped"], wrong["acute_left_out"]) == (1.0, 1.0)
    assert report["reference"]["all"]["consistency"]["alarms"] == 0.0
    assert report["fingerprint"]["consistency"].startswith("builtin ")
    # The same as errors, by the findings and by the references.
    for source in ("findings", "reference"):
        grades = report["strata"]["not_normal"]["errors"][source]["attribute_errors"]["severity"]
        assert grades["triage"] == {"per_100_reports": 50.0, "ci95": [0.0, 100.0]}
    assert list(report["reference"]["all"]["errors"]) == ["findings"]
    assert report["reference"]["all"]["errors"]["findings"]["actionable_errors_total"] == 0
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_comparison_is_signed_and_paired():
    masks = strata_masks(REPORTS, [])
    worse = ["Pneumonia.", "Pneumonia.", "Pneumonia."]
    better = compare_systems(all_metrics(), PREDICTIONS, worse, REPORTS, masks)
    reverse = compare_systems(all_metrics(), worse, PREDICTIONS, REPORTS, masks)
    assert better["normal"]["difference"]["rouge1"] == 100.0
    assert reverse["normal"]["difference"]["rouge1"] == -100.0
    assert better["all"]["p_value"] == reverse["all"]["p_value"]
    assert better["all"]["p_value"]["rouge1"] == 0.0002
    assert better["findings_seen"]["p_value"]["rouge1"] is None
    assert better["all"]["observations"]["f1_difference"] == 1.0  # two effusions, no pneumonia
    # One resample in 27 holds neither report with an effusion and tells nothing.
    assert better["all"]["observations"]["p_value"] == pytest.approx(2 / 27, abs=0.01)
    same = compare_systems(all_metrics(), worse, worse, REPORTS, masks)
    assert same["all"]["p_value"]["rougeL"] == 1.0
    assert same["all"]["observations"] == {"f1_difference": 0, "ci95": [0, 0], "p_value": 1}
    assert set(same["findings_seen"]["observations"].values()) == {None}


def test_the_neighbour_row_is_always_compared_with_another_system_too():
    report = evaluation_report(PREDICTIONS, REPORTS, train=TRAIN)
    assert list(report["comparisons"]) == ["neighbour"]
    against = report["comparisons"]["neighbour"]["not_normal"]
    row = report["baselines"]["neighbour"]["not_normal"]
    assert against["difference"]["rouge1"] == pytest.approx(83.33 - row["rouge1"], abs=0.011)
    other = evaluation_report(PREDICTIONS, REPORTS, train=TRAIN, other=PREDICTIONS)["comparisons"]
    assert list(other) == ["neighbour", "other"]
    assert other["other"]["all"]["difference"]["rougeL"] == 0


def test_table_names_rows_strata_and_settings():
    table = format_table(evaluation_report(PREDICTIONS, REPORTS, train=TRAIN, other=PREDICTIONS))
    rouge, observations, consistency, errors = table.split("\n\n")
    claims, statements = observations.splitlines(), consistency.splitlines()
    counts = errors.splitlines()
    names = ["system", "constant", "neighbour", "reference"]
    assert [line.split("  ")[0] for line in claims[3:]] == [
        *names,
        *("± F1", "macro F1", "F1 - neighbour", "F1 - other"),
    ]
    assert claims[-1].split("  ")[-1].strip() == "+0 p 1"
    assert [line.split()[0] for line in statements[3:]] == names
    assert [line.split("  ")[0] for line in counts[3:-1]] == [
        *(*names, "±"),
        *(*(f"by reference: {name}" for name in names[:3]), "±"),
    ]
    # Of three reports one has another degree; none of the stratum of the findings seen.
    assert "0.0/0.0/33.3" in counts[3]
    assert " - " in counts[3]
    assert "0.0/0.0/50.0" in counts[7]
    assert "100 ± 0 (2)" in claims[8]
    assert "0.0/33.3 0/0" in statements[3]
    assert "-/- -/-" in statements[3]
    assert "100/100/100 0/2" in claims[3]
    assert "-/0/0 0/0" in claims[4]
    lines = [*rouge.splitlines(), counts[-1]]
    assert [line.split()[0] for line in lines[3:]] == [
        "system",
        "±",
        "constant",
        "neighbour",
        *("system", "p"),
        *("system", "p"),
        "fingerprint:",
    ]
    assert "not normal unseen" in lines[0]
    assert lines[1].split() == ["n=3", "n=1", "n=2", "n=0", "n=3", "n=2"]
    assert "88.9/83.3/88.9" in lines[3]
    assert "use_stemmer: False" in lines[-1]
    assert max(map(len, [*lines[:-1], *claims, *statements, *counts[:-1]])) <= 140


def test_files_come_back_and_hold_no_reference(tmp_path):
    report = evaluation_report(PREDICTIONS, REPORTS, train=TRAIN)
    uids = [r.uid for r in REPORTS]
    write_predictions(tmp_path / "out", dict(zip(uids, PREDICTIONS, strict=True)))
    write_report(tmp_path / "out", report)
    assert sorted(os.listdir(tmp_path / "out")) == ["metrics.json", "predictions.jsonl"]
    assert json.loads((tmp_path / "out" / "metrics.json").read_text()) == report
    assert read_predictions(tmp_path / "out" / "predictions.jsonl", uids) == PREDICTIONS
    written = "".join(path.read_text() for path in (tmp_path / "out").iterdir())
    assert REPORTS[2].impression not in written


def predictions_file(tmp_path, *rows):
    path = tmp_path / "p.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_uids_may_be_integers_in_any_order(tmp_path):
    rows = ({"uid": 2, "prediction": "b", "reference": "x"}, {"uid": "1", "prediction": "a"})
    assert read_predictions(predictions_file(tmp_path, *rows), ["1", "2"]) == ["a", "b"]


def test_predictions_of_other_reports_are_passed_over(tmp_path, caplog):
    rows = [{"uid": u, "prediction": "a"} for u in (1, 2, 9, 8)]
    assert read_predictions(predictions_file(tmp_path, *rows), ["1", "2"]) == ["a", "a"]
    assert "2 predictions of reports that are not scored here" in caplog.text


def test_tables_of_predictions(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("NR;Impression;mine\n1;a;c\n2;;d\n")
    assert read_predictions(path, ["2", "1"], columns={"uid": "nr"}) == ["", "a"]
    own = {"uid": "nr", "prediction": "Mine"}
    assert read_predictions(path, ["1", "2"], columns=own, references=["c", "d"]) == ["c", "d"]
    # Without uids row 2 is report 2, or the second one of its part.
    assert read_predictions(path, ["2", "1"]) == ["", "a"]
    assert read_predictions(path, ["test-1", "test-2"]) == ["a", ""]
    with pytest.raises(InputError, match="2 uids missing"):
        read_predictions(path, ["test-1", "val-2"])
    path = tmp_path / "p.txt"
    path.write_text("Clear lungs.\n")
    with pytest.raises(InputError, match="plain text; expected a table or JSON Lines"):
        read_predictions(path, ["1"])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "holds no report"),
        ([{"uid": 1}], "no column 'prediction'.*'uid'"),
        ([{"uid": 1, "prediction": ""}], "1 uids missing of the 2 to score \\(first: 2\\)"),
        (
            [{"uid": u, "prediction": "a"} for u in (1, 2, "2")],
            "1 uids given more than once \\(first: 2\\)",
        ),
        ([{"uid": True, "prediction": "a"}], "p.jsonl:1: 'uid' is neither"),
        ([{"uid": 1, "prediction": "a"}, {"prediction": "a"}], 'p.jsonl:2: "uid" must be'),
        ([{"prediction": "a"}], "1 uids missing of the 2 to score \\(first: 2\\)"),
        ([{"uid": 1, "prediction": ["a"]}], 'p.jsonl:1: "prediction" must be'),
        ([{"uid": u, "impression": "a"} for u in (1, 2)], "holds the references themselves"),
    ],
)
def test_mistakes_in_predictions_are_one_line(tmp_path, rows, message):
    with pytest.raises(InputError, match=message) as error:
        read_predictions(predictions_file(tmp_path, *rows), ["1", "2"], references=["a", "a"])
    assert "\n" not in str(error.value)


@pytest.mark.skipif(
    not (SHARED / "openi/NLMCXR_reports.tgz").exists()
    or not (SHARED / "peers/aig_cl/openi_test.jsonl").exists(),
    reason="the Open-i reports and the reference system's outputs are not on this machine",
)
def test_open_i_rows_are_the_measured_ones():
    from preprocessing.corpora import load_corpus

    corpus = load_corpus("openi", data_dir=SHARED / "openi")
    uids = [report.uid for report in corpus.test]
    reference_system = read_predictions(SHARED / "peers/aig_cl/openi_test.jsonl", uids)
    report = evaluation_report(reference_system, corpus.test, train=corpus.train)
    assert [report["strata"][name]["n"] for name in STRATA] == [576, 202, 374, 165, 411, 352]

    claims = report["strata"]["all"]["observations"]
    assert (claims["precision"], claims["recall"]) == (
        pytest.approx(0.45, abs=0.03),
        pytest.approx(0.41, abs=0.03),
    )
    # Radiologists hardly ever contradict their own findings; the reference system does.
    own = report["reference"]["all"]["observations"]
    assert own["contradicted"] / own["claims"] < 0.03 < claims["contradicted"] / claims["claims"]

    def means(rows, stratum):
        return [rows[stratum][name] for name in ("rouge1", "rouge2", "rougeL")]

    unseen = "not_normal_unseen"
    constant, neighbour = report["baselines"]["constant"], report["baselines"]["neighbour"]
    for rows, stratum, expected in (
        (report["strata"], "all", [66.0, 55.5, 65.1]),
        (report["strata"], unseen, [54.8, 42.2, 53.4]),
        (constant, "all", [47.7, 36.5, 47.7]),
        (constant, unseen, [37.8, 27.7, 37.8]),
        (neighbour, "all", [68.0, 62.7, 67.9]),
        (neighbour, unseen, [54.4, 47.1, 54.2]),
    ):
        np.testing.assert_allclose(means(rows, stratum), expected, atol=0.1)


def test_scores_of_no_reports():
    masks = strata_masks([], [])
    rows = score_systems(all_metrics(), {"system": []}, [], masks)["system"]
    assert all(row["n"] == 0 for row in rows.values())


GERMAN_TRAIN = [
    Report("t1", "Die Lunge ist frei. Kein Erguss.", "Kein Infiltrat."),
    Report("t2", "Es zeigt sich ein kleiner Erguss links.", "Kleiner Erguss links."),
]
GERMAN = [
    Report("1", "Das Herz ist nicht vergrößert. Kein Erguss.", "Kein Infiltrat."),
    Report("2", "Ein großer Erguss ist rechts zu sehen.", "Großer Erguss rechts."),
]


def test_rules_that_read_english_are_left_out_elsewhere():
    report = evaluation_report(["Kein Infiltrat.", "Erguss."], GERMAN, train=GERMAN_TRAIN)
    assert report["left_out"] == ["constant", "observations", "consistency", "errors", "normal",
                                  "not_normal", "not_normal_unseen"]  # fmt: skip
    assert list(report["strata"]) == ["all", "findings_seen", "findings_unseen"]
    assert list(report["baselines"]) == ["neighbour"]
    # rouge-score splits words at letters beyond a to z: gro, er, erguss, rechts.
    assert report["strata"]["all"]["rouge1"] == 70.0
    text = format_table(report)
    assert "constant, observations, consistency, errors, normal, not normal" in text
    assert text.count("n=0") == 1  # one table
    page = render_scores(report, title="t")
    assert "observations</caption>" not in page
    assert "how soon somebody must act" not in page
    assert evaluation_report(PREDICTIONS, REPORTS, train=TRAIN)["left_out"] == []
