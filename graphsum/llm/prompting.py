"""What an LLM is asked and what it answers: prompts to tokens, tokens to clean impressions."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from graphsum.llm.loading import load_llm_tokenizer
from graphsum.options import with_present_names
from graphsum.personal.context import check_authors, check_kinds
from graphsum.pretrained import load_checkpoint_tokenizer, one_line
from preprocessing.errors import InputError
from preprocessing.files import json_text, read_json, write_text_atomically
from preprocessing.limits import SEQUENCE_LENGTH

# Liu et al., Radiology-GPT (2023)
PROMPT = "Derive the impression from findings in the radiology report"
PROMPT_FILE = "prompt_config.json"
LLM_TOKENIZER = "llm_tokenizer"  # folder within a checkpoint whose decoder is an LLM

PREFIX = -2  # stands in a prompt's ids for the prefix that the mapper makes
_PREFIX_TEXT = "\u241fprefix\u241f"  # the same in a prompt's text
_ANSWER_TEXT = "\u241fanswer\u241f"


@dataclass(frozen=True)
class PromptSettings:
    """How an LLM is asked.

    ``prompt``: the instruction. ``findings``: are they part of the prompt? ``prefix``: does the
    mapper's prefix stand before the instruction? ``max_prompt_length``: findings are cut on the
    right to that many tokens. ``max_target_length``: of an impression, in training. ``context``:
    what stands before the findings of an LLM alone (:mod:`graphsum.personal.context`), and
    ``authors`` the codes of the authors that it knows.
    """

    prompt: str = PROMPT
    findings: bool = True
    prefix: bool = False
    max_prompt_length: int = 1024
    max_target_length: int = 80
    context: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.prompt, str):
            raise InputError("prompt must be a text")
        if type(self.findings) is not bool or type(self.prefix) is not bool:
            raise InputError("findings and prefix must be true or false")
        for length in (self.max_prompt_length, self.max_target_length):
            if type(length) is not int or not 0 < length <= SEQUENCE_LENGTH:
                raise InputError(f"lengths must be from 1 to {SEQUENCE_LENGTH}")
        check_kinds(self.context)
        check_authors(self.authors)


class Prompter:
    """Prompts, labels and answers in an LLM's own tokens.

    The prompt is a turn of the tokenizer's chat template where there is one; otherwise Alpaca's
    form ("### Instruction: ... ### Response:"), which Radiology-GPT used. The prefix stands after
    the start token and what the template opens a turn with, as the image does in R2GenGPT.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, settings: PromptSettings) -> None:
        self.tokenizer = tokenizer
        self.settings = settings
        self.end_id = self._end_of_turn()

    @classmethod
    def for_llm(
        cls, name: str, settings: PromptSettings, *, revision: str | None = None
    ) -> "Prompter":
        """With the tokenizer of an LLM; raises InputError when that cannot be used."""
        return cls(load_llm_tokenizer(name, revision=revision), settings)

    def prompt_ids(self, findings: str, examples: Sequence[tuple[str, str]] = ()) -> np.ndarray:
        """Tokens of the prompt, with :data:`PREFIX` where the prefix goes, [P].

        Args:
            findings: of the report; not used when the settings leave them out.
            examples: findings and impressions of other reports, shown before as answered turns.
        """
        tokens = self._token_ids(self.text(findings, examples))
        over = len(tokens) - self.settings.max_prompt_length
        if over > 0 and self.settings.findings:
            kept = self._token_ids(findings)[:-over]
            if not kept:
                raise InputError(
                    f"a prompt of {len(tokens)} tokens without room for findings; give fewer "
                    f"--shots or more --max-prompt-length than {self.settings.max_prompt_length}"
                )
            tokens = self._token_ids(self.text(self.tokenizer.decode(kept), examples))
        return np.array(tokens, np.int64)

    def text(self, findings: str, examples: Sequence[tuple[str, str]] = ()) -> str:
        """The prompt as text, up to where the answer begins."""
        turns = []
        for shown, answer in examples:
            turns += [self._question(shown), {"role": "assistant", "content": answer}]
        question = self._question(findings)
        if self.settings.prefix:
            question["content"] = _PREFIX_TEXT + question["content"]
        return self.render([*turns, question], answer_follows=True)

    def instruction_ids(self, instruction: str) -> np.ndarray:
        """Tokens of any instruction as a turn of the user, [P], up to where the answer begins.

        Without a chat template, what follows its first empty line is Alpaca's input.
        """
        if not self.tokenizer.chat_template:
            instruction = instruction.replace("\n\n", _INPUT, 1)
        turn = {"role": "user", "content": instruction}
        return np.array(self._token_ids(self.render([turn], answer_follows=True)), np.int64)

    def target_ids(self, impression: str, *, whole: bool = False) -> np.ndarray:
        """Tokens of an impression with the end of the turn, [T]; none for no impression.

        It is cut to ``max_target_length`` unless ``whole``.
        """
        if not impression:
            return np.zeros(0, np.int64)
        ids = self.tokenizer(impression, add_special_tokens=False, verbose=False)["input_ids"]
        if whole:
            return np.array([*ids, self.end_id], np.int64)
        return np.array([*ids[: self.settings.max_target_length - 1], self.end_id], np.int64)

    def decode(self, tokens: Tensor) -> list[str]:
        """Clean impressions of generated tokens [B, T]."""
        texts = self.tokenizer.batch_decode(tokens, skip_special_tokens=True)
        return [clean_answer(text) for text in texts]

    def save_pretrained(self, folder: str | Path) -> None:
        """Write tokenizer and settings into ``llm_tokenizer/`` of a checkpoint."""
        path = Path(folder) / LLM_TOKENIZER
        self.tokenizer.save_pretrained(str(path))
        write_text_atomically(path / PROMPT_FILE, [json_text(asdict(self.settings), indent=None)])

    @classmethod
    def from_pretrained(cls, folder: str | Path, *, expected: str | None = None) -> "Prompter":
        """The inverse of :meth:`save_pretrained`; ``expected``: the tokenizer's hash, if known.

        Raises:
            InputError: the folder holds none, or a broken one.
        """
        path = Path(folder) / LLM_TOKENIZER
        try:
            values = with_present_names(read_json(path / PROMPT_FILE))
            lists = {name: tuple(values.get(name, ())) for name in ("context", "authors")}
            settings = PromptSettings(**values | lists)
        except (InputError, TypeError) as error:
            raise InputError(
                f"{path}: the LLM's tokenizer cannot be read ({error}); the checkpoint is "
                "incomplete or damaged"
            ) from None
        tokenizer = load_checkpoint_tokenizer(path, expected=expected)
        with one_line(str(path), "the LLM's tokenizer cannot be used"):
            return cls(tokenizer, settings)

    def _question(self, findings: str) -> dict[str, str]:
        content = self.settings.prompt
        if self.settings.findings:
            content += f"\n\n{findings}" if self.tokenizer.chat_template else _INPUT + findings
        return {"role": "user", "content": content}

    def render(self, turns: Sequence[dict[str, str]], *, answer_follows: bool) -> str:
        """Turns (``role``, ``content``) as one text, up to where the answer begins if it does."""
        if self.tokenizer.chat_template:
            return self.tokenizer.apply_chat_template(
                list(turns), tokenize=False, add_generation_prompt=answer_follows
            )
        text = self.tokenizer.bos_token or ""
        for turn in turns:
            text += _HEADINGS[turn["role"]].format(turn["content"])
        return text + (_HEADINGS["assistant"].partition("{}")[0] if answer_follows else "")

    def _token_ids(self, text: str) -> list[int]:
        """Tokens of a text that holds its special tokens itself, the prefix's mark among them."""
        before, mark, after = text.partition(_PREFIX_TEXT)
        ids = [
            self.tokenizer(part, add_special_tokens=False, verbose=False)["input_ids"]
            for part in (before, after)
        ]
        return [*ids[0], *([PREFIX] if mark else []), *ids[1]]

    def _end_of_turn(self) -> int:
        """The special token that the template closes an answer with; else the end token."""
        if self.tokenizer.chat_template:
            turns = [
                {"role": "user", "content": "?"},
                {"role": "assistant", "content": _ANSWER_TEXT},
            ]
            closing = self.render(turns, answer_follows=False).partition(_ANSWER_TEXT)[2]
            special = set(self.tokenizer.all_special_ids) | set(
                self.tokenizer.get_added_vocab().values()
            )
            for token in self._token_ids(closing):
                if token in special:
                    return token
        return self.tokenizer.eos_token_id


_INPUT = "\n\n### Input:\n"
_HEADINGS = {"user": "### Instruction:\n{}\n\n", "assistant": "### Response:\n{}\n\n"}

# Where an answer is over although the LLM goes on: the next turn, in any of the usual forms.
_NEXT_TURN = re.compile(
    r"\n\s*\n\s*(?=#|\*\*|note\b|please\b|let me\b|explanation\b|findings\b|i hope\b)"
    r"|###|<\|"
    r"|\n\s*(?:human|user|assistant|instruction|input|findings|question|note)\s*:",
    re.IGNORECASE,
)
# What comes before it: "Sure! Here is the impression:", "**Impression:**".
_LEAD_IN = re.compile(
    r"^\W*(?:(?:sure|certainly|of course|okay|here(?:'s| is| are))\b[^:\n]{0,150}"
    r"|(?:[^:\n.]{0,100}\b)?(?:impression|answer|response|summary)\b[^:\n.]{0,50})"
    r"\W{0,3}:\W*(?=\w)",
    re.IGNORECASE,
)


def clean_answer(text: str) -> str:
    """The impression within an LLM's answer: no lead-in, no further turn, no mark-up.

    What belongs to the impression is left as it is, but for lines, which become blanks.
    """
    text = _LEAD_IN.sub("", text.strip(), count=1)
    end = _NEXT_TURN.search(text)
    if end:
        text = text[: end.start()]
    text = re.sub(r"\*\*|__|`", "", text)
    text = re.sub(r"\s+", " ", text).strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text
