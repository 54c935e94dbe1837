"""Tasks beside the impression: plain words, abbreviations, questions; each with a rule baseline.

A task is one class and one line of ``TASKS``. Nothing here imports torch.
"""

from graphsum.tasks.task import Answer, Request, Task
from preprocessing.registry import Table

TASKS: Table[type[Task]] = Table(
    "task",
    {
        "impression": "graphsum.tasks.impression:Impression",
        "paraphrase": "graphsum.tasks.paraphrase:Paraphrase",
        "abbreviations": "graphsum.tasks.abbreviations:Abbreviations",
        "qa": "graphsum.tasks.answering:QuestionAnswering",
    },
)

__all__ = ["TASKS", "Answer", "Request", "Task"]
