"""A tuned LLM answers tasks about reports: the counterpart of the rule baselines."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from graphsum.models.generation import GREEDY, generate_impressions
from graphsum.models.instruct import Instruct, InstructProcessor
from graphsum.models.loading import load_model
from graphsum.models.processing import Example
from graphsum.options.runs import find_checkpoint
from graphsum.tasks import TASKS, Request
from graphsum.tasks.instructions import Instruction
from preprocessing.errors import InputError
from preprocessing.records import Report
from preprocessing.registry import load


class Answerer:
    """A model with its processor; it writes greedy answers, which nothing has checked yet."""

    def __init__(self, model: Instruct, processor: InstructProcessor) -> None:
        self.model = model.eval()
        self.processor = processor

    @classmethod
    def from_pretrained(
        cls, checkpoint: str | Path, *, device: str | None = None, llm: str | None = None
    ) -> "Answerer":
        """The model of a run of ``graphsum train --model instruct``.

        Args:
            llm: folder of the LLM that it was trained with, when it has moved.

        Raises:
            InputError: no such checkpoint, or one of another kind of model.
        """
        folder = find_checkpoint(checkpoint)
        model = load_model(folder, device=device, llm=llm)
        if not isinstance(model, Instruct):
            raise InputError(
                f"{checkpoint}: not a model that follows instructions; give a run of graphsum "
                "train --model instruct"
            )
        return cls(model, InstructProcessor.from_pretrained(folder))

    def answers(
        self, requests: Sequence[tuple[str, Request]], *, batch_size: int = 16
    ) -> list[str]:
        """What the model writes for each task and request, cleaned as the task says.

        Raises:
            InputError: a prompt is longer than the model was trained for.
        """
        longest = self.processor.prompter.settings.max_prompt_length
        examples: list[Example] = []
        for task, request in requests:
            if task == "impression":
                examples += self.processor.examples([Report("", request.text)])
                continue
            prompt = load(TASKS, task)().prompt(request)
            examples += self.processor.instruction_examples([Instruction("", task, prompt, "")])
            if len(examples[-1].input_ids) > longest:
                raise InputError(
                    f"the report and what is asked are {len(examples[-1].input_ids)} tokens, above "
                    f"the {longest} that the model was trained for; shorten the text"
                )
        settings = replace(
            GREEDY, max_new_tokens=self.processor.prompter.settings.max_target_length
        )
        written = generate_impressions(
            self.model, self.processor, examples, settings=settings, batch_size=batch_size
        )
        return [
            load(TASKS, task)().clean(text)
            for (task, _), text in zip(requests, written, strict=True)
        ]
