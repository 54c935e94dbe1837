"""A tiny random text encoder as a folder, and invented reports with their labels."""

import torch
from transformers import BertConfig, BertModel

from graphsum.models.tokenizers import train_tokenizer

CLASSES = ("Pleural Effusion", "Pneumothorax")
SCHEMA = """\
name: two
classes:
  - {name: Pleural Effusion, observations: [Pleural Effusion]}
  - {name: Pneumothorax, observations: [Pneumothorax]}
"""
# Text, and the labels of the two classes as a table's cells.
REPORTS = [
    ("Small left pleural effusion.", "1", ""),
    ("Large right effusion. No pneumothorax.", "1", "0"),
    ("No effusion or pneumothorax.", "0", "0"),
    ("Lungs are clear.", "", ""),
    ("Small apical pneumothorax.", "", "1"),
    ("Possible pleural effusion.", "-1", ""),
    ("There is a pneumothorax on the right. No effusion.", "0", "1"),
    ("Heart size is normal.", "", ""),
]


def save_encoder(folder, *, seed: int = 0) -> str:
    """Write an encoder with its tokenizer; returns the folder as text."""
    tokenizer = train_tokenizer([text for text, *_ in REPORTS] * 3, vocab_size=200)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        pad_token_id=tokenizer.pad_token_id,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def write_table(path, *, times: int = 3) -> str:
    """The reports several times, with their labels, as a csv; returns its path as text."""
    rows = ["uid,text," + ",".join(CLASSES)]
    for number in range(times):
        for place, (text, *labels) in enumerate(REPORTS):
            rows.append(f'r{number}-{place},"{text}",' + ",".join(labels))
    path.write_text("\n".join(rows) + "\n")
    return str(path)
