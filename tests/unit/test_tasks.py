"""Tasks beside the impression: the rule baselines, their data, instruction files, the commands."""

import json
import re
from pathlib import Path

import programs
import pytest

from graphsum.cli.main import main
from graphsum.tasks import TASKS
from graphsum.tasks.abbreviations import expand, load_abbreviations
from graphsum.tasks.answering import answer_question
from graphsum.tasks.assistant import Assistant, Conversation
from graphsum.tasks.building import build_instructions
from graphsum.tasks.concepts import load_concepts
from graphsum.tasks.glossary import load_glossary
from graphsum.tasks.instructions import FORMS, read_instructions
from graphsum.tasks.measures import jargon_share, measure
from graphsum.tasks.paraphrase import paraphrase
from graphsum.tasks.task import DISCLAIMER, NOT_STATED
from preprocessing.corpora import load_corpus
from preprocessing.errors import InputError
from preprocessing.facts.reading import read_mentions
from preprocessing.registry import load

DATA = Path(__file__).parents[1] / "data"
REPORT = (
    "A small left pleural effusion has increased. No pneumothorax. The ETT ends 3 cm above the "
    "carina. Possible pneumonia at the right base."
)


def rows(name):
    return [json.loads(line) for line in (DATA / name).read_text().splitlines()]


# --- rule baselines on cases of each kind --------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "question", "right"),
    [
        ("INDICATION: Pneumothorax? FINDINGS: No pneumothorax.", "Is there a pneumothorax?", "No."),
        ("HISTORY: Left effusion. FINDINGS: Small right effusion.",
         "Which side is the effusion on?", "Right side."),
        ("Reason for exam: Fall, fracture?\nFindings: The lungs are clear.",
         "Is there a fracture?", "Not stated in the report."),
    ],
)  # fmt: skip
def test_what_is_asked_of_the_radiologist_is_no_answer(text, question, right):
    assert Assistant().ask(text, question=question).text == right


def test_abbreviations_in_context():
    cases = rows("tasks_abbreviations.jsonl")
    right = [expand(case["term"], case["text"]) == case["right"] for case in cases]
    assert sum(right) >= 0.96 * len(cases)


def test_questions_and_those_without_an_answer():
    cases = rows("tasks_qa.jsonl")
    answers = [answer_question(case["text"], case["question"]).text for case in cases]
    right = [
        bool(re.search(case["right"], answer, re.IGNORECASE))
        for case, answer in zip(cases, answers, strict=True)
    ]
    assert sum(right) >= 0.94 * len(cases)
    unanswerable = [ok for case, ok in zip(cases, right, strict=True) if not case["answerable"]]
    assert len(unanswerable) >= 35
    assert sum(unanswerable) >= 0.95 * len(unanswerable)


@pytest.mark.parametrize(
    ("report", "question", "answer"),
    [
        # An operation that takes an organ out.
        ("Right nephrectomy. Left kidney is normal.", "Which kidney has been removed?", "Right"),
        ("Surgical clips after splenectomy.", "Has the spleen been taken out?", "Yes"),
        # A state that denies.
        ("The fistula is closed.", "Is the fistula open?", "No"),
        ("Thin-walled bladder, no stones.", "Is the bladder wall thickened?", "No"),
        ("The stem is well fixed.", "Is the stem loose?", "No"),
        # The normal one of two.
        ("Large left effusion. The right pleura is clear.", "Which pleura is clear?", "Right"),
        # The other one, named by "that on the".
        (
            "The cyst on the right is larger, that on the left is unchanged.",
            "How does the left cyst compare with last year?",
            "Unchanged",
        ),
        # What is only considered.
        ("Sarcoidosis and lymphoma are the main considerations.", "Is it lymphoma?", "Possibly"),
        # A denial at large.
        ("Single rib fracture. No foreign body.", "Is there a foreign body in the lung?", "No"),
        ("No right upper lobe disease.", "Is there right upper lobe pneumonia?", "No"),
        # How it came about, and what it is for, are told or not stated.
        ("Broken left hip.", "How was the hip broken?", "Not stated"),
        ("Left hip fracture after a fall.", "How did the patient break the hip?", "after a fall"),
        ("A drain lies in the right flank.", "What is the drain used for?", "Not stated"),
        # From one number to another.
        ("Fractures of the left ribs 5 through 8.", "How many ribs are broken?", "Four"),
        ("6 mm stone in the left ureter.", "Where is the obstructing stone?", "left ureter"),
        ("Dilated cecal pole.", "Is the cecum dilated?", "Yes"),
    ],
)
def test_questions_in_other_words(report, question, answer):
    assert answer.lower() in answer_question(report, question).text.lower()


@pytest.mark.parametrize(
    ("report", "question", "answer"),
    [
        ("Fracture of the left sixth rib.", "Are the ribs intact?",
         "No: fracture of the left sixth rib."),
        ("Displaced right clavicle fracture.", "Are the bones intact?",
         "No: displaced right clavicle fracture."),
        ("No displaced rib fracture.", "Are the ribs intact?", "Yes: no displaced rib fracture."),
        ("Moderate cardiomegaly.", "Is the heart normal?", "No: moderate cardiomegaly."),
        ("Moderate cardiomegaly.", "Is the heart size normal?", "No: moderate cardiomegaly."),
        ("The heart is normal.", "Is the heart normal?", "Yes."),
        ("Splenomegaly.", "Is the spleen normal?", "No: splenomegaly."),
        ("Right upper lobe consolidation.", "Are the lungs clear?",
         "No: right upper lobe consolidation."),
        ("The right lung is clear. Left basal consolidation.", "Are the lungs clear?",
         "No: left basal consolidation."),
        ("The lungs are clear except for a small nodule.", "Are the lungs clear?",
         "No: the lungs are clear except for a small nodule."),
        ("The lungs are clear without consolidation.", "Are the lungs clear?", "Yes."),
        ("Left basal consolidation.", "Is the right lung clear?", NOT_STATED),
        ("The trachea deviates to the right.", "Is the trachea midline?",
         "No: the trachea deviates to the right."),
        ("Trachea deviated to the right.", "Is the trachea midline?",
         "No: trachea deviated to the right."),
        ("The trachea is midline.", "Is the trachea midline?", "Yes."),
        ("The heart is seen.", "Is the heart normal?", NOT_STATED),
        ("Lungs: Clear. Heart: Enlarged.", "Are the lungs clear?", "Yes."),
        ("Lungs: Clear. Heart: Enlarged.", "Is the heart normal?", "No: enlarged."),
        ("Lungs: Not clear.", "Are the lungs clear?", "No."),
        ("Right basal pneumonia.", "Are the lungs normal?", "No: right basal pneumonia."),
        ("Possible right basal pneumonia.", "Are the lungs clear?",
         "It is not certain: possible right basal pneumonia."),
        ("Cardiomegaly.", "Is the heart size within normal limits?", "No: cardiomegaly."),
    ],
)  # fmt: skip
def test_a_state_is_refuted_by_what_it_excludes(report, question, answer):
    assert answer_question(report, question).text == answer


@pytest.mark.parametrize(
    ("report", "question", "answer"),
    [
        ("Small right pneumothorax.", "Is there no pneumothorax?",
         "No, there is: small right pneumothorax."),
        ("No pneumothorax.", "Is there no pneumothorax?",
         "Right, there is none: no pneumothorax."),
        ("Small right pneumothorax.", "Isn't there a pneumothorax?",
         "No, there is: small right pneumothorax."),
        ("Small right pneumothorax.", "Is pneumothorax excluded?",
         "No, there is: small right pneumothorax."),
        ("Possible pneumothorax.", "Is there no pneumothorax?",
         "Possibly; it is not certain: possible pneumothorax."),
        ("12 mm nodule in the right lower lobe.", "Are the lungs free of nodules?",
         "No, there is: 12 mm nodule in the right lower lobe."),
        ("The lungs are clear.", "Are the lungs free of nodules?",
         "Right, there is none: the lungs are clear."),
        ("Small effusion.", "Is there no large effusion?",
         "Right, there is none such: small effusion."),
        ("New rib fracture.", "Is there no new fracture?", "No, there is: new rib fracture."),
        ("The heart is enlarged.", "Is the heart not enlarged?",
         "No, it is: the heart is enlarged."),
        ("Nondisplaced radius fracture.", "Is the fracture nondisplaced?",
         "Yes: nondisplaced radius fracture."),
        ("The lungs are clear.", "Is there no rib fracture?", NOT_STATED),
        ("Free air below the diaphragm.", "Is there free air?", "Yes."),
    ],
)  # fmt: skip
def test_questions_with_a_denial_are_answered_without_doubt(report, question, answer):
    assert answer_question(report, question).text == answer


def test_no_statement_is_made_of_an_answer_to_a_question_with_a_denial():
    from graphsum.tasks.checking import claim_of

    assert claim_of("Is there no pneumothorax?", "No.") == ""
    assert claim_of("Is there a pneumothorax?", "No.") == "There is no pneumothorax."


@pytest.mark.parametrize(
    ("report", "question", "answer"),
    [
        ("No PTX.", "Pneumothorax?", "No ptx."),
        ("No pneumothorax.", "PTX?", "No pneumothorax."),
        ("No PTX.", "Is there a pneumothorax?", "No."),
        ("Small left PTX.", "Which side is the pneumothorax on?", "Left side."),
        ("No pneumonia.", "Is there PNA?", "No."),
        ("Thin left subdural hematoma.", "Is there an SDH?", "Yes."),
    ],
)
def test_abbreviations_are_synonyms_in_questions(report, question, answer):
    assert answer_question(report, question).text == answer


@pytest.mark.parametrize(
    ("report", "question", "answer"),
    [
        ("Left effusion larger, right effusion smaller.", "Is the effusion larger?",
         "Left: yes, worse (increased); right: no, improved (decreased)."),
        ("The left effusion has grown. The right one is unchanged.",
         "How has the effusion changed?",
         "Left: worse (increased); right: unchanged."),
        ("Right effusion is unchanged. Left effusion has resolved.", "Is the effusion smaller?",
         "Right: no, unchanged; left: yes, resolved."),
        ("Left effusion larger, right effusion smaller.", "Is the right effusion smaller?",
         "Yes: improved (decreased)."),
        ("Left effusion larger, right consolidation smaller.", "Is the effusion larger?",
         "Yes: worse (increased)."),
        ("7 mm nodule in the right upper lobe. 5 mm nodule in the left lower lobe.",
         "How big is the nodule?", "7 mm (right upper lobe); 5 mm (left lower lobe)."),
        ("7 mm nodule in the right upper lobe. 5 mm nodule in the left lower lobe.",
         "How big is the larger nodule?", "7 mm."),
        ("7 mm nodule in the right upper lobe. 5 mm nodule in the left lower lobe.",
         "How many nodules?", "Two."),
        ("Nodules: 7 mm in the right upper lobe and 5 mm in the left lower lobe.",
         "How large are the nodules?", "7 mm (right upper lobe); 5 mm (left lower lobe)."),
        ("7 mm right upper lobe nodule. Impression: 7 mm nodule in the right upper lobe.",
         "How big is the nodule?", "7 mm."),
        ("7 mm nodule in the right upper lobe and 3 cm left adrenal mass.",
         "How big is the nodule?", "7 mm."),
        ("A 7 mm nodule in the right upper lobe. No nodule on the left.", "How many nodules?",
         "One."),
        ("Large left effusion, small right effusion.", "How large is the effusion?",
         "Left: large; right: small."),
    ],
)  # fmt: skip
def test_several_of_a_kind_are_all_told(report, question, answer):
    assert answer_question(report, question).text == answer


def test_an_answer_of_several_cites_each_sentence():
    report = "7 mm nodule in the right upper lobe. No effusion. 5 mm nodule in the left lower lobe."
    answer = answer_question(report, "How big is the nodule?")
    assert answer.evidence == (
        "7 mm nodule in the right upper lobe.",
        "5 mm nodule in the left lower lobe.",
    )


def test_paraphrases_keep_what_is_stated():
    cases = rows("tasks_paraphrase.jsonl")
    answers = [paraphrase(case["text"]) for case in cases]
    kept = [
        all(re.search(pattern, answer.text, re.IGNORECASE) for pattern in case["must"])
        for case, answer in zip(cases, answers, strict=True)
    ]
    assert sum(kept) >= 0.95 * len(cases)
    assert not any(answer.withheld for answer in answers)


def test_paraphrases_of_a_corpus_have_no_jargon_and_withhold_little():
    reports = load_corpus("sample").train[:30]
    answers = [paraphrase(report.findings) for report in reports]
    assert sum(len(answer.withheld) for answer in answers) <= 2
    assert sum(jargon_share(answer.text) for answer in answers) / len(answers) < 0.01


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No effusion.", "There is no fluid around the lung."),
        (
            "Small left effusion.",
            "There is a small amount of fluid around the lung on the left side.",
        ),
        ("Interval resolution of the pneumonia.", "has gone away"),
        ("Interval partial resolution of the left pneumonia.", "partly resolved"),
        ("No acute fracture.", "There is no new broken bone (fracture)."),
    ],
)
def test_frames(text, expected):
    assert expected in paraphrase(text).text


def test_a_paraphrase_that_the_check_refuses_is_withheld(monkeypatch):
    from graphsum.tasks import paraphrase as module

    module._plain_sentence.cache_clear()
    monkeypatch.setattr(module, "_states_the_same", lambda source, technical: False)
    answer = module.paraphrase("Large right effusion.")
    module._plain_sentence.cache_clear()
    assert answer.text == module.WITHHELD
    assert answer.withheld == ("Large right effusion.",)


def test_the_check_sees_a_lost_side_and_a_lost_number():
    from graphsum.tasks.paraphrase import _keeps, _states_the_same

    assert _keeps("left effusion of 3 cm", "fluid on the left side of 3 cm")
    assert not _keeps("left effusion", "fluid around the lung")
    assert not _keeps("effusion of 3 cm", "fluid around the lung")
    assert not _keeps("no effusion", "fluid around the lung")
    assert not _states_the_same("no effusion", "there is effusion")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Is there a pleural effusion?", "Yes."),
        ("Is there a pneumothorax?", "No."),
        ("Does the patient have pneumonia?", "Possibly; it is not certain."),
        ("Which side is the effusion on?", "Left side."),
        ("How large is the effusion?", "Small."),
        ("Is the effusion larger?", "Yes: worse (increased)."),
        ("How far above the carina is the endotracheal tube?", "3 cm."),
        ("Where is the pneumonia?", "At the right base."),
        ("How large is the pneumothorax?", NOT_STATED),
        ("Is there a rib fracture?", NOT_STATED),
        ("Is there a right pleural effusion?", NOT_STATED),
        ("How old is the patient?", NOT_STATED),
        ("", NOT_STATED),
        ("?", NOT_STATED),
    ],
)
def test_answers(question, answer):
    assert answer_question(REPORT, question).text == answer


def test_an_answer_cites_its_sentence():
    answer = answer_question(REPORT, "Is there a pneumothorax?")
    assert answer.evidence == ("No pneumothorax.",)
    assert not answer_question(REPORT, "Is there a rib fracture?").evidence


def test_an_abbreviation_in_any_writing():
    assert expand("cabg", "Prior CABG.") == "coronary artery bypass graft"
    assert expand("GGOs", "Bilateral GGOs.") == expand("GGO", "Bilateral GGO.")
    assert expand("T11", "T11 fracture.") == "eleventh thoracic vertebra"
    assert expand("T13", "T13") == ""
    assert "Not known" in Assistant().ask("QQZ is normal.", term="QQZ").text


# --- data ---------------------------------------------------------------------------------------


def test_the_table_of_abbreviations_is_broad():
    known = load_abbreviations()
    assert len(known) >= 400
    assert sum(len(senses) > 1 for senses in known.values()) >= 100


def test_every_cue_has_the_term_or_words():
    for senses in load_abbreviations().values():
        if len(senses) > 1:
            assert any(sense.near or sense.far for sense in senses)


@pytest.mark.parametrize(
    ("loader", "lines", "message"),
    [
        (load_abbreviations, "PA\n", "line 1: term, expansion"),
        (load_abbreviations, "PA\tview\t(\n", "cannot be read"),
        (load_abbreviations, "PA\tview\nPA\tview\n", "line 2: the term has"),
        (load_glossary, "finding\teffusions?\n", "line 1: kind"),
        (load_glossary, "thing\teffusions?\tfluid\n", "line 1: kind"),
        (load_glossary, "finding\t(\tfluid\n", "damaged pattern"),
        (load_concepts, "- effusion\n", "concepts with a pattern"),
        (load_concepts, "effusion: 3\n", "a pattern that is a text"),
        (load_concepts, "effusion: '('\n", "is damaged"),
    ],
)
def test_damaged_tables_are_refused(tmp_path, loader, lines, message):
    path = tmp_path / "table"
    path.write_text(lines)
    with pytest.raises(InputError, match=message):
        loader(path)


def test_plain_words_name_a_side_only_where_the_term_has_one():
    one_sided = {"lingula", "middle lobe"}
    for entry in load_glossary():
        for side in ("left", "right"):
            if side in entry.plain.split():
                assert any(part in entry.pattern.pattern for part in (side, *one_sided))


# --- tasks and measures -------------------------------------------------------------------------


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_its_parts(name):
    task = load(TASKS, name)()
    assert task.name == name
    question = {"qa": {"question": "Is there fluid?"}, "abbreviations": {"term": "ETT"}}
    answer = Assistant().ask(REPORT, task=name, **question.get(name, {}))
    assert answer.text
    assert task.score([task.clean(task.target("a b c"))], [["a b c"]]) == [pytest.approx(1.0)]
    from graphsum.tasks.task import Request

    assert REPORT in task.prompt(Request(REPORT, "Is there fluid?", "ETT"))


def test_measures():
    found = measure("qa", [REPORT] * 4, ["Yes.", "No", "Left side.", "x"],
                    [["yes"], ["no"], ["left side"], ["y"]])  # fmt: skip
    assert (found.n, found.score) == (4, 0.75)
    assert found.low <= 0.75 <= found.high
    wrong = measure("impression", [REPORT], ["Large right pneumothorax."], [["x"]])
    assert wrong.contradicted == 1.0


def test_jargon_counts_what_is_not_explained():
    assert jargon_share("There is atelectasis.") == pytest.approx(1 / 3)
    assert jargon_share("The bone is broken (fracture).") == 0.0


def test_nothing_imports_torch():
    code = (
        "import sys, graphsum.tasks.assistant, graphsum.tasks.building, graphsum.tasks.measures\n"
        "graphsum.tasks.assistant.Assistant().ask('No effusion.', question='Is there fluid?')\n"
        "assert 'torch' not in sys.modules"
    )
    assert programs.run_fresh("-c", code).returncode == 0


# --- instruction data ---------------------------------------------------------------------------


def test_built_instructions_are_the_same_again_and_hold_unanswerable_ones():
    reports = load_corpus("sample").train[:12]
    first = list(build_instructions(reports, list(TASKS), seed=1))
    assert first == list(build_instructions(reports, list(TASKS), seed=1))
    assert {one.task for one in first} == set(TASKS)
    assert len({one.id for one in first}) == len(first)
    asked = [one for one in first if one.task == "qa"]
    without = sum(one.answer == NOT_STATED for one in asked)
    assert 0.15 < without / len(asked) < 0.6


def test_pairs_of_paraphrases_state_the_same():
    reports = load_corpus("sample").train[:60]
    pairs = [one for one in build_instructions(reports, ["paraphrase"]) if "-pair-" in one.id]
    assert pairs
    for one in pairs:
        sides = [
            {(m.names, m.status, m.side) for m in read_mentions(text)[1]}
            for text in (one.prompt.split("\n\n")[1], one.answer)
        ]
        assert sides[0] == sides[1]


OTHERS = {
    "pubmedqa": json.dumps(
        {"1": {"QUESTION": "Does it?", "CONTEXTS": ["We saw."], "final_decision": "yes"}}
    ),
    "medqa": json.dumps(
        {"question": "Which?", "options": {"A": "one", "B": "two"}, "answer_idx": "B"}
    ),
    "alpaca": json.dumps([{"instruction": "Say.", "input": "", "output": "Said."}]),
    "sharegpt": json.dumps(
        [{"conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]}]
    ),
    "graphsum": json.dumps({"id": "1", "task": "qa", "prompt": "P", "answer": "A"}),
}


@pytest.mark.parametrize("form", FORMS)
def test_files_of_others_are_read(tmp_path, form):
    path = tmp_path / "data.json"
    path.write_text(OTHERS[form])
    (one,) = read_instructions(path, form)
    assert one.prompt
    assert one.answer in ("yes", "B. two", "Said.", "A")


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("pubmedqa", "[]"),
        ("pubmedqa", '{"1": {"QUESTION": "secret", "CONTEXTS": "x", "final_decision": "yes"}}'),
        ("pubmedqa", '{"1": {"QUESTION": "secret", "CONTEXTS": [], "final_decision": "secret"}}'),
        ("medqa", '{"question": "secret", "options": {"A": "x"}, "answer_idx": "C"}'),
        ("medqa", '{"question": "secret"}'),
        ("alpaca", '[{"instruction": "secret"}]'),
        ("alpaca", '["secret"]'),
        ("sharegpt", '[{"conversations": [{"from": "secret", "value": "x"}]}]'),
        ("sharegpt", '[{"conversations": [{"from": "gpt", "value": "secret"}]}]'),
        ("graphsum", '{"id": "secret"}'),
        ("medqa", "{"),
    ],
)
def test_broken_files_of_others_give_one_line(tmp_path, form, text):
    path = tmp_path / "data.json"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        list(read_instructions(path, form))
    assert "\n" not in str(error.value)
    assert "secret" not in str(error.value)


# --- the commands -------------------------------------------------------------------------------


def program(*arguments, stdin=""):
    return programs.run("-m", "graphsum", *arguments, stdin=stdin or "")


def test_ask_answers_a_text(capsys):
    main(["ask", "--question", "Is there a pneumothorax?", "--explain", REPORT])
    assert capsys.readouterr().out == "No.\n  evidence: No pneumothorax.\n"
    main(["ask", "--term", "ETT", REPORT])
    assert capsys.readouterr().out == "endotracheal tube\n"


def test_ask_answers_a_file_as_one_command(tmp_path):
    path, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    path.write_text(
        json.dumps({"id": "1", "text": REPORT, "question": "Is there a pneumothorax?"}) + "\n"
        + json.dumps({"id": 2, "report": REPORT, "question": "Is there a rib fracture?"}) + "\n"
    )  # fmt: skip
    done = program("ask", "--task", "qa", "--input", path, "--output", output)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in output.read_text().splitlines()] == [
        {"id": "1", "answer": "No."},
        {"id": 2, "answer": NOT_STATED},
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["ask", "--task", "qa", "secret text"],
        ["ask", "--task", "nonsense", "secret text"],
        ["ask", "--task", "qa", "--question", "Q", "--term", "T", "secret text"],
        ["ask", "--output", "x.jsonl", "secret text"],
        ["ask", "  "],
        ["ask", "--input", "missing.jsonl"],
        ["ask", "--input", "missing.jsonl", "--task", "qa"],
        ["ask", "--task", "qa", "--input", "missing.jsonl", "secret text"],
        ["chat"],
        ["chat", " "],
        ["chat", "--report", "missing.txt"],
        ["tasks", "build", "--dataset", "sample", "--tasks", "nonsense", "--output", "x"],
        ["tasks", "build", "--dataset", "sample", "--part", "nonsense", "--output", "x"],
        ["tasks", "build", "--dataset", "sample", "--limit", "0", "--output", "x"],
        ["tasks", "convert", "--form", "nonsense", "--input", "missing", "--output", "x"],
        ["tasks", "score", "--task", "nonsense", "--input", "a", "--answers", "b"],
    ],
)
def test_mistakes_are_input_errors_without_the_report(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as error:
        main(arguments)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "row",
    [
        {"text": "secret"},
        {"id": "1", "question": "secret"},
        {"id": "1", "text": "secret"},
        {"id": "1", "text": 3, "question": "Q"},
        {"id": "1", "text": "secret", "question": 5},
        {"id": True, "text": "secret", "question": "Q"},
        {"id": "1", "text": " ", "question": "secret"},
    ],
)
def test_broken_records_give_one_line_with_their_number(tmp_path, row):
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps(row) + "\n")
    with pytest.raises(InputError, match="record 1") as error:
        main(["ask", "--task", "qa", "--input", str(path)])
    assert "secret" not in str(error.value)


def test_a_mistake_ends_with_status_2():
    done = program("ask", "--task", "qa", "secret text")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: task qa needs --question\n"


def test_tasks_build_convert_and_score(tmp_path, capsys):
    built, converted = tmp_path / "built.jsonl", tmp_path / "converted.jsonl"
    main(["tasks", "build", "--dataset", "sample", "--limit", "5", "--output", str(built)])
    assert "instructions" in capsys.readouterr().out
    main(["tasks", "convert", "--form", "graphsum", "--input", str(built), "--output",
          str(converted)])  # fmt: skip
    assert built.read_text() == converted.read_text()
    questions, answers = tmp_path / "q.jsonl", tmp_path / "a.jsonl"
    questions.write_text(json.dumps({"id": 1, "text": REPORT, "right": ["yes"]}) + "\n")
    answers.write_text(json.dumps({"id": 1, "answer": "Yes."}) + "\n")
    capsys.readouterr()
    main(["tasks", "score", "--task", "qa", "--input", str(questions), "--answers", str(answers)])
    assert json.loads(capsys.readouterr().out)["score"] == 1.0


# --- conversation -------------------------------------------------------------------------------


def test_a_conversation_cites_the_report_and_says_what_is_not_in_it():
    cases = rows("tasks_chat.jsonl")
    assert len(cases) == 60
    assert sum(case["right"] == "not in the report" for case in cases) == 20
    right = 0
    conversation = None
    for case in cases:
        if conversation is None or conversation.report != case["text"]:
            conversation = Conversation(case["text"])
        answer = conversation.reply(case["question"])
        shown = conversation.shown(answer)
        assert DISCLAIMER in shown
        assert answer.evidence or answer.text == NOT_STATED
        assert all(sentence in case["text"] for sentence in answer.evidence)
        right += bool(re.search(case["right"], shown, re.IGNORECASE))
        if case["right"] == "not in the report":
            assert answer.text == NOT_STATED, case["question"]
    assert right >= 0.9 * len(cases)


def test_chat_remembers_what_was_asked_of():
    conversation = Conversation(REPORT)
    assert conversation.reply("Is there a pleural effusion?").text == "Yes."
    assert conversation.reply("Which side is it on?").text == "Left side."
    assert "endotracheal tube" in conversation.reply("What does ETT mean?").text
    assert "fluid around the lung" in conversation.reply("Explain the report in plain words.").text


def test_chat_answers_line_by_line():
    done = program("chat", REPORT, stdin="Is there a pneumothorax?\nIs he diabetic?\n\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(DISCLAIMER) == 2
    assert 'No.\n  The report says: "No pneumothorax."' in done.stdout
    assert "That is not in the report." in done.stdout


@pytest.mark.parametrize(
    ("report", "answer"),
    [
        ("Moderate right pleural effusion. Small left pleural effusion.", "Both sides."),
        ("Moderate right pleural effusion. No left pleural effusion.", "Right side."),
    ],
)
def test_a_finding_on_both_sides_in_two_sentences(report, answer):
    asked = Assistant().ask(report, question="Which side is the effusion on?")
    assert asked.text == answer
