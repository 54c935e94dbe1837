"""What :mod:`programs` imports once for all programs; nothing here may start a thread."""

from importlib import import_module

for _name in (
    "accelerate", "peft", "scipy.stats", "sklearn.feature_extraction.text", "spacy", "stanza",
    "tensorboard", "torch", "torch_geometric", "torch.utils.tensorboard", "transformers",
    "evaluate", "train", "preprocessing.commands", "preprocessing.annotation.builtin",
    "graphsum.bulk", "graphsum.cli.main", "graphsum.models.modeling", "graphsum.summarizer",
    "graphsum.training.loop",
):  # fmt: skip
    import_module(_name)
