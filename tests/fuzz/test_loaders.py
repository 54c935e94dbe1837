"""Damaged files of all kinds that users give: read, or refused in a line that tells no text."""

import io
import json
import shutil
import tarfile
from pathlib import Path

import pytest
from damage import CANARY, SECONDS, bounded, damaged, fuzz, generator_of, tell
from invented_tables import KINDS
from places import ROOT

from graphsum.evaluation.predictions import read_predictions
from graphsum.labelers.detection import read_findings, read_normaliser
from graphsum.labelers.labels import read_labels
from graphsum.labelers.schema import load_schema
from graphsum.labelers.skeleton import load_prompt
from graphsum.labelers.term_lists import SHIPPED_LIST_PROMPT, load_list_prompt
from graphsum.metrics.rewards import RewardSpec
from graphsum.options import read_options
from graphsum.personal.profile import load_profile, measure_profile, save_profile
from graphsum.study.design import Item
from graphsum.study.files import Key, ReaderKey, read_key, write_key
from graphsum.tasks.abbreviations import load_abbreviations
from graphsum.tasks.concepts import load_concepts
from graphsum.tasks.glossary import load_glossary
from graphsum.tasks.instructions import FORMS, read_instructions
from graphsum.tasks.stages import read_stages
from graphsum.training.preferences import read_preferences
from preprocessing.corpora import load_corpus
from preprocessing.corpora.splits import read_split_file
from preprocessing.facts.ontology import load_ontology
from preprocessing.pipeline.inputs import read_words
from preprocessing.tables import open_table

REPORTS = [
    {"uid": str(n), "findings": f"{CANARY} in the lung, {n} mm. No effusion.", "impression": text}
    for n, text in enumerate((f"Nodule, {CANARY}.", "Normal.", f"No {CANARY}."))
]
SCHEMA = load_schema("openi13")


def lines(*records):
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def archive():
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for number in range(3):
            texts = "".join(
                f'<AbstractText Label="{label}">{CANARY}, the lungs are clear and the heart is of '
                f"normal size today.</AbstractText>"
                for label in ("FINDINGS", "IMPRESSION")
            )
            xml = f'<eCitation><uId id="CXR{number}"/><Abstract>{texts}</Abstract></eCitation>'
            info = tarfile.TarInfo(f"ecgen-radiology/{number}.xml")
            info.size = len(xml)
            tar.addfile(info, io.BytesIO(xml.encode()))
    return content.getvalue()


ONTOLOGY = b"""entries:
  - name: Pneumothorax
    synonyms: [lung drop]
  - name: Gastric Band
    tier: notable
    organ: devices
    reason: 'Our surgeons want to be told.'
    names: [Support Devices, Gastric Band]
    patterns: ['band around the (?:upper )?stomach']
"""
LABELS = "\n".join(
    [",".join(("uid", *SCHEMA.names)), *(f"{n}" + ",1" * len(SCHEMA.names) for n in range(3))]
).encode()
PUBMEDQA = {"1": {"QUESTION": "Is it?", "CONTEXTS": [CANARY], "final_decision": "yes",
                  "LONG_ANSWER": "It is."}}  # fmt: skip
MEDQA = {"question": CANARY, "options": {"A": "x", "B": "y"}, "answer_idx": "A", "answer": "x"}
ALPACA = [{"instruction": "Do", "input": CANARY, "output": "done"}]
SHAREGPT = [{"conversations": [{"from": "human", "value": CANARY}, {"from": "gpt", "value": "y"}]}]
OWN = {"id": "1", "task": "qa", "prompt": CANARY, "answer": "No."}
INSTRUCTIONS = {
    "pubmedqa": json.dumps(PUBMEDQA).encode(),
    "medqa": lines(MEDQA),
    "alpaca": json.dumps(ALPACA).encode(),
    "sharegpt": json.dumps(SHAREGPT).encode(),
    "graphsum": lines(OWN),
}
SPLIT = json.dumps({part: [part] for part in ("train", "val", "test")}).encode()
TASKS = ROOT / "graphsum" / "tasks"

# Name -> a sound file, and what reads it.
LOADERS = {
    "predictions.jsonl": (
        lines(*({"uid": r["uid"], "prediction": CANARY} for r in REPORTS)),
        lambda path: read_predictions(path, [r["uid"] for r in REPORTS]),
    ),
    "words.jsonl": (
        lines({"uid": "1", "words": [CANARY, "."], "sentences": [f"{CANARY} ."]}),
        lambda path: list(read_words(path)),
    ),
    "corrections.jsonl": (
        lines({"uid": "0", "impression": "x", "correction": CANARY}),
        lambda path: read_preferences(path, {"0": "Clear."}),
    ),
    "findings.jsonl": (lines({"uid": "1", "findings": [CANARY]}), read_findings),
    "reports.jsonl": (lines(*REPORTS), lambda path: load_corpus("jsonl", data_dir=path)),
    "NLMCXR_reports.tgz": (archive(), lambda path: load_corpus("openi", data_dir=path)),
    "split.json": (SPLIT, read_split_file),
    "options.yaml": (b"dataset: sample\nlr: 0.001\ncolumns: {findings: x}\n", read_options),
    "ontology.yaml": (ONTOLOGY, load_ontology),
    "schema.yaml": ((ROOT / "tests" / "data" / "birads.yaml").read_bytes(), load_schema),
    "prompt.yaml": (
        (ROOT / "graphsum" / "labelers" / "prompts" / "label.yaml").read_bytes(), load_prompt,
    ),
    "findings.yaml": (SHIPPED_LIST_PROMPT.read_bytes(), load_list_prompt),
    "rewards.yaml": (b"rewards: {rouge: 1.0}\njudges: {observations: 1.0}\n", RewardSpec.read),
    "labels.csv": (LABELS, lambda path: read_labels(path, SCHEMA)),
    "terms.tsv": (b"wording\tterm\nfluid\tPleural Effusion\n", read_normaliser),
    "glossary.tsv": ((TASKS / "glossary.tsv").read_bytes(), load_glossary),
    "abbreviations.tsv": ((TASKS / "abbreviations.tsv").read_bytes(), load_abbreviations),
    "stage.yaml": (
        b"steps: 9\nlr: 1e-3\nsources:\n  - {instructions: a.jsonl, validation: 2, weight: 1}\n",
        lambda path: read_stages([path]),
    ),
    "concepts.yaml": ((TASKS / "concepts.yaml").read_bytes(), load_concepts),
} | {
    f"{form}.json": (content, lambda path, form=form: list(read_instructions(path, form)))
    for form, content in INSTRUCTIONS.items()
}  # fmt: skip


def table(path):
    opened = open_table(path, {"findings": "findings"})
    for row in opened.rows():
        opened.check(row)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Every sound file: name -> its bytes and what reads it."""
    folder = tmp_path_factory.mktemp("tables")
    found = dict(LOADERS)
    profile, key = folder / "profile.json", folder / "key.json"
    written = [("A", r["impression"]) for r in REPORTS] * 10
    save_profile(measure_profile(written, salt="s"), profile)
    found[profile.name] = profile.read_bytes(), load_profile
    readers = (ReaderKey("x", (Item("1", ("a", "b"), False),)),)
    write_key(key, Key("s", ("a", "b"), {"1": "normal"}, readers), made_with={})
    found[key.name] = key.read_bytes(), read_key
    for name, write in KINDS.items():
        write(folder / name, REPORTS)
        found[name] = ((folder / name).read_bytes(), table)
    return found


def test_all_forms_of_instructions_are_tried():
    assert set(INSTRUCTIONS) == set(FORMS)


def test_sound_files_are_read(sound, tmp_path):
    for name, (content, read) in sound.items():
        path = tmp_path / "sound" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        assert bounded(read, path), name


def test_damaged_files_are_read_or_refused(sound, tmp_path):
    names = sorted(sound)
    read = dict.fromkeys(names, 0)
    tried = dict.fromkeys(names, 0)

    def damage(data):
        generator = generator_of(data)
        name = generator.choice(names)
        content, reader = sound[name]
        folder = Path(tmp_path, str(sum(tried.values())))  # some readers remember a path
        folder.mkdir()
        (folder / name).write_bytes(damaged(content, generator))
        tried[name] += 1
        read[name] += bounded(reader, folder / name)
        shutil.rmtree(folder)

    fuzz(SECONDS * 0.4, damage)
    assert sum(tried.values()) >= 20
    tell("damaged files of users", sum(tried.values()))
    tell("  of them read all the same", sum(read.values()))
