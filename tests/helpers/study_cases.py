"""Invented cases of a study, and what a reader exports who answers them."""

import json

from graphsum.study.files import ANSWERS_FORMAT, VERSION, checksum
from graphsum.study.form import CRITERION_NAMES, LETTERS, pairs_of
from graphsum.study.systems import Case

ABNORMAL = ("Small left pleural effusion.", "Nodule of 9 mm in the right upper lobe.")


def cases(number=40, systems=("aurora", "borealis")):
    """Half of them are abnormal; a uid, a name of a system and a text are unlike each other."""
    made = []
    for row in range(number):
        findings = f"Image {row:03}. " + (ABNORMAL[row % 4 // 2] if row % 2 else "Clear lungs.")
        texts = {name: f"Text {place}{row:03}." for place, name in enumerate(systems)}
        made.append(Case(f"UID-{row:03}-Z", findings, texts))
    return made


def export(key, reader, rate, *, prefer=None, comment="", errors=None):
    """What the sheet of a reader exports.

    ``rate``, ``errors``: (item, system) -> the rating of all criteria, the errors; ``prefer``: an
    item -> the system that is better, or None.
    """
    answers = []
    for item in key.readers[reader - 1].items:
        letters = dict(zip(LETTERS, item.order, strict=False))
        texts = {
            letter: {
                "ratings": dict.fromkeys(CRITERION_NAMES, rate(item, system)),
                "errors": list(errors(item, system)) if errors else [],
            }
            for letter, system in letters.items()
        }
        better = prefer(item) if prefer else None
        places = {system: letter for letter, system in letters.items()}
        preferences = {
            one + other: places[better] if places.get(better) in (one, other) else "tie"
            for one, other in pairs_of(list(letters))
        }
        answers.append({"texts": texts, "preferences": preferences, "comment": comment})
    return sealed(key, reader, answers)


def sealed(key, reader, answers):
    """Answers with their checksums."""
    return {
        "format": ANSWERS_FORMAT,
        "version": VERSION,
        "study": key.study,
        "reader": reader,
        "sheet": key.readers[reader - 1].sheet,
        "checksum": checksum(json.dumps(answers, ensure_ascii=False, separators=(",", ":"))),
        "answers": answers,
    }
