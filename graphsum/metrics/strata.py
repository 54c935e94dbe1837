"""The strata of the test reports: normal or not, findings seen in training or not.

A number over all reports says little: on Open-i 165 of the 576 test findings occur in the training
part word for word, and most normal reports share one impression.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from preprocessing.corpora.duplicates import findings_key
from preprocessing.records import Report

STRATA = ("all", "normal", "not_normal", "findings_seen", "findings_unseen", "not_normal_unseen")

# What one sentence of a normal impression may say. Lower case, without its final full stop.
_ADJECTIVE = (
    r"(?:acute|active|significant|definite|radiographic|radiographically evident|visible|focal"
    r"|other|new|preoperative)"
)
_ORGANS = (
    r"(?:cardio-?\s?pulmonary|cardio-?\s?thoracic|cardio-?\s?respiratory|intra-?\s?thoracic"
    r"|thoracic|pulmonary|cardiac|chest|lung|pleural|cardiovascular|airspace)"
)
_ABNORMALITY = (
    r"(?:abnormalit(?:y|ies)|disease|process(?:es)?|findings?|patholog(?:y|ies)|infiltrates?"
    r"|consolidations?|opacit(?:y|ies)|disorders?|pneumonia|tuberculosis|effusions?|pneumothora(?:x|ces)"
    r"|edema|problems?)"
)
_EVIDENCE = (
    r"(?:(?:(?:radiographic|plain film|convincing|definite) )?(?:evidence|signs?)"
    r" (?:of|for) (?:an? )?|identified |demonstrated )?"
)
_ITEM = (
    rf"(?:{_ADJECTIVE}(?: or |/| ))*(?:{_ORGANS}(?:(?:,| or| and|/) ?{_ORGANS})* )?{_ABNORMALITY}"
)
_IN_CHEST = (
    r"(?: (?:is|are|was|were)?\s?(?:seen|identified|demonstrated|noted|detected|present|evident))?"
    r"(?: (?:in|within|of) the (?:chest|lungs|thorax))?"
)
_CHEST_FILM = (
    r"(?:the )?(?:frontal and lateral |pa and lateral |two view |2 view |portable )?"
    r"(?:chest|lungs|heart|heart and lungs|heart, lungs|cardiomediastinal silhouette|heart size)"
    r"(?: (?:x-?\s?(?:rays?|xxxx)|radiographs?|films?|examination|exam|study|views?))?"
)
_NORMAL_SENTENCE = re.compile(
    rf"(?:(?:there (?:is|are) )?no|(?:exam(?:ination)? )?negative for) {_EVIDENCE}{_ITEM}"
    rf"(?:(?:,? (?:or|and)|,) (?:no )?{_ITEM})*{_IN_CHEST}"
    rf"|{_CHEST_FILM} (?:is|are|appears?|remains?) (?:normal|clear|unremarkable|negative"
    r"|within normal limits)(?: in (?:size|appearance))?"
    r"|(?:clear|normal|negative|unremarkable)(?: (?:and|,) (?:clear|normal|unremarkable))?"
    rf" (?:appearance of the )?{_CHEST_FILM}"
    r"|(?:normal|negative|unremarkable)(?: (?:study|exam|examination|radiographs?))?"
    r"(?: of the chest)?"
    r"|within normal limits"
)
_SENTENCE_END = re.compile(r"[.;\n]+")
_LIST_NUMBER = re.compile(r"^\s*(?:\d+\s*[.):]\s*|[-*]\s*)", re.MULTILINE)
_LETTERS = re.compile(r"[a-z]")


def is_normal(report: Report) -> bool:
    """Whether a report is *normal*.

    With labels: they are exactly ``("normal",)``, in any case (Open-i's MeSH major headings).
    Without: every sentence of the impression says that something is normal, clear, negative or
    unremarkable, or that an acute disease is absent ("No acute cardiopulmonary process"), and there
    is at least one. A sentence about change ("No change"), a chronic finding, a device or a
    recommendation makes the report not normal, and so does any wording the rule does not know.
    """
    if report.labels:
        return [label.strip().lower() for label in report.labels] == ["normal"]
    text = _LIST_NUMBER.sub("", report.impression.lower())
    sentences = [" ".join(sentence.split()) for sentence in _SENTENCE_END.split(text)]
    sentences = [sentence for sentence in sentences if _LETTERS.search(sentence)]
    return bool(sentences) and all(map(_NORMAL_SENTENCE.fullmatch, sentences))


def strata_masks(
    reports: Sequence[Report], train_findings: Iterable[str], *, english: bool = True
) -> dict[str, np.ndarray]:
    """For each name of ``STRATA`` which reports belong to it: bool [n].

    ``findings_seen``: the findings equal some training findings under ``findings_key``. Reports
    that are not in ``english`` have no strata of normal ones, unless they have labels.
    """
    train_keys = {findings_key(findings) for findings in train_findings}
    normal = np.array([is_normal(report) for report in reports], dtype=bool)
    seen = np.array([findings_key(report.findings) in train_keys for report in reports], dtype=bool)
    masks = {
        "all": np.ones(len(reports), dtype=bool),
        "normal": normal,
        "not_normal": ~normal,
        "findings_seen": seen,
        "findings_unseen": ~seen,
        "not_normal_unseen": ~normal & ~seen,
    }
    if english or any(report.labels for report in reports):
        return masks
    return {name: mask for name, mask in masks.items() if "normal" not in name}
