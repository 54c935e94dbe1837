"""Toy models for stanza, made by its own trainers from a few invented sentences.

Laid out as stanza's downloads are: ``resources.json`` with the package ``mimic`` and the entity
model ``radiology``, beside ``en/PROCESSOR/MODEL.pt``. Lemmas are the words themselves, an option
that stanza has.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

# Words, parts of speech, heads (1 is the first word, 0 the root's head), relations, entity tags.
_TREES = (
    (
        "The heart is normal .",
        "DET NOUN AUX ADJ PUNCT",
        "2 4 4 0 4",
        "det nsubj cop root punct",
        "O S-ANATOMY O S-OBSERVATION O",
    ),
    (
        "No large effusion .",
        "DET ADJ NOUN PUNCT",
        "3 3 0 3",
        "det amod root punct",
        "O S-OBSERVATION_MODIFIER S-OBSERVATION O",
    ),
    (
        "Small left pleural effusion .",
        "ADJ ADJ ADJ NOUN PUNCT",
        "4 4 4 0 4",
        "amod amod amod root punct",
        "S-OBSERVATION_MODIFIER S-ANATOMY_MODIFIER S-ANATOMY S-OBSERVATION O",
    ),
    (
        "The right lower lobe is clear .",
        "DET ADJ ADJ NOUN AUX ADJ PUNCT",
        "4 4 4 6 6 0 6",
        "det amod amod nsubj cop root punct",
        "O B-ANATOMY I-ANATOMY E-ANATOMY O S-OBSERVATION O",
    ),
)
SENTENCES = tuple(tuple(words.split()) for words, *_ in _TREES)
HEADS = tuple(tuple(int(head) - 1 for head in heads.split()) for _, _, heads, _, _ in _TREES)
DEPRELS = tuple(tuple(deprels.split()) for _, _, _, deprels, _ in _TREES)
TEXT = " ".join(" ".join(words).replace(" .", ".") for words in SENTENCES)


def train(folder: Path) -> Path:
    """Make vectors, tokenizer, tagger, parser and entity tagger; returns the models' folder."""
    from stanza.models import ner_tagger, parser, tagger, tokenizer
    from stanza.models.common.pretrain import Pretrain

    models = folder / "models"
    english = models / "en"
    for name in ("tokenize", "pos", "depparse", "ner", "pretrain"):
        (english / name).mkdir(parents=True)
    vectors = english / "pretrain" / "toy.pt"
    Pretrain(str(vectors), str(_write_vectors(folder / "vectors.txt"))).load()
    trees = str(_write_trees(folder / "trees.conllu"))
    entities = str(_write_entities(folder / "entities.json"))
    text, labels = (str(path) for path in _write_text(folder))
    expansions = folder / "expansions.json"
    expansions.write_text("[]")

    tokenizer.main(
        [
            *("--txt_file", text, "--label_file", labels),
            *("--dev_txt_file", text, "--dev_label_file", labels),
            # The development set would only be scored at step 1,000.
            *("--steps", "120", "--eval_steps", "1000", "--lr0", "0.02", "--dropout", "0"),
            *("--unit_dropout", "0", "--feat_unit_dropout", "0", "--sent_drop_prob", "0"),
            *("--emb_dim", "16", "--hidden_dim", "16", "--max_seqlen", "200"),
            *("--lang", "en", "--shorthand", "en_toy", "--no_use_mwt"),
            *("--mwt_json_file", str(expansions)),
            *("--save_name", str(english / "tokenize" / "mimic.pt")),
        ]
    )
    shared = ["--lang", "en", "--shorthand", "en_toy", "--wordvec_pretrain_file", str(vectors)]
    shared += ["--train_file", trees, "--eval_file", trees, "--batch_size", "100"]
    shared += ["--hidden_dim", "16", "--word_emb_dim", "16", "--transformed_dim", "16"]
    shared += ["--no_char", "--num_layers", "1", "--dropout", "0", "--word_dropout", "0"]
    shared += ["--deep_biaff_hidden_dim", "16", "--no_second_optim", "--augment_nopunct", "0"]
    shared += ["--lr", "0.01"]
    tagger.main(
        [
            *shared,
            *("--max_steps", "60", "--eval_interval", "60", "--fix_eval_interval"),
            *("--save_dir", str(english / "pos"), "--save_name", "mimic.pt"),
        ]
    )
    parser.main(
        [
            *shared,
            *("--optim", "adam", "--tag_emb_dim", "16", "--deep_biaff_output_dim", "16"),
            *("--max_steps", "100", "--eval_interval", "100", "--no_checkpoint"),
            *("--save_dir", str(english / "depparse"), "--save_name", "mimic.pt"),
        ]
    )
    ner_tagger.main(
        [
            *("--shorthand", "en_toy", "--wordvec_pretrain_file", str(vectors)),
            *("--train_file", entities, "--eval_file", entities, "--batch_size", "4"),
            *("--hidden_dim", "16", "--word_emb_dim", "16", "--no_char", "--dropout", "0"),
            *("--optim", "adam", "--lr", "0.02", "--max_steps", "80", "--eval_interval", "80"),
            *("--save_dir", str(english / "ner"), "--save_name", "radiology.pt"),
        ]
    )
    _write_resources(models)
    return models


def _write_vectors(path: Path) -> Path:
    words = sorted({word.lower() for sentence in SENTENCES for word in sentence})
    values = np.random.default_rng(0).normal(size=(len(words), 16))
    lines = [f"{len(words)} 16"]
    lines += [
        " ".join([word, *(f"{value:.4f}" for value in row)])
        for word, row in zip(words, values, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def _write_trees(path: Path) -> Path:
    blocks = []
    for words, tags, heads, deprels, _ in _TREES:
        rows = zip(words.split(), tags.split(), heads.split(), deprels.split(), strict=True)
        lines = [
            "\t".join((str(number), word, word, tag, tag, "_", head, deprel, "_", "_"))
            for number, (word, tag, head, deprel) in enumerate(rows, 1)
        ]
        blocks.append("\n".join([f"# text = {words}", *lines]) + "\n\n")
    path.write_text("".join(blocks), "utf-8")
    return path


def _write_entities(path: Path) -> Path:
    sentences = [
        [{"text": word, "ner": tag} for word, tag in zip(words.split(), tags.split(), strict=True)]
        for words, *_, tags in _TREES
    ]
    path.write_text(json.dumps(sentences), "utf-8")
    return path


def _write_text(folder: Path) -> tuple[Path, Path]:
    """Running text, and per character 1 where a word ends, 2 where a sentence ends, else 0."""
    labels = []
    for words in SENTENCES:
        marks = ["0" * (len(word) - 1) + "1" for word in words[:-1]]
        labels.append("0".join(marks) + "2")
    text, marks = folder / "text.txt", folder / "text.labels"
    text.write_text("\n\n".join([TEXT] * 4) + "\n", "utf-8")
    marks.write_text("\n\n".join(["0".join(labels)] * 4) + "\n", "utf-8")
    return text, marks


def _write_resources(models: Path) -> None:
    needs = [{"model": "pretrain", "package": "toy"}]

    def entry(processor: str, name: str, dependencies: list[dict[str, str]]) -> dict[str, object]:
        content = (models / "en" / processor / f"{name}.pt").read_bytes()
        return {name: {"md5": hashlib.md5(content).hexdigest(), "dependencies": dependencies}}

    package = {"tokenize": "mimic", "pos": "mimic", "lemma": "identity", "depparse": "mimic"}
    english = {
        "lang_name": "English",
        "tokenize": entry("tokenize", "mimic", []),
        "pos": entry("pos", "mimic", needs),
        "depparse": entry("depparse", "mimic", needs),
        "ner": entry("ner", "radiology", needs),
        "pretrain": entry("pretrain", "toy", []),
        "packages": {"mimic": package},
    }
    (models / "resources.json").write_text(json.dumps({"en": english}), "utf-8")
