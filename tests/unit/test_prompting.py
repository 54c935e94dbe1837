"""What an LLM is asked, and what is left of its answer."""

import logging

import numpy as np
import pytest
from tiny_llm import llm_tokenizer

from graphsum.llm.loading import load_llm_tokenizer
from graphsum.llm.prompting import PREFIX, PROMPT, Prompter, PromptSettings, clean_answer
from preprocessing.errors import InputError


def asked(prompter, *arguments):
    ids = [piece for piece in prompter.prompt_ids(*arguments) if piece != PREFIX]
    return prompter.tokenizer.decode(ids)


def test_prompt_of_a_tokenizer_without_template():
    prompter = Prompter(llm_tokenizer(), PromptSettings())
    assert prompter.text("No effusion.") == (
        f"[START]### Instruction:\n{PROMPT}\n\n### Input:\nNo effusion.\n\n### Response:\n"
    )
    assert asked(prompter, "No effusion.") == prompter.text("No effusion.")
    assert prompter.end_id == prompter.tokenizer.eos_token_id


def test_the_prefix_comes_before_the_instruction():
    prompter = Prompter(llm_tokenizer(), PromptSettings(prefix=True, findings=False))
    ids = prompter.prompt_ids("not shown").tolist()
    assert ids.count(PREFIX) == 1
    place = ids.index(PREFIX)
    assert prompter.tokenizer.decode(ids[:place]) == "[START]### Instruction:\n"
    assert prompter.tokenizer.decode(ids[place + 1 :]) == f"{PROMPT}\n\n### Response:\n"


def test_prompt_and_end_of_turn_of_a_chat_template():
    prompter = Prompter(llm_tokenizer(chat=True), PromptSettings(prefix=True))
    ids = prompter.prompt_ids("No effusion.").tolist()
    assert prompter.tokenizer.decode(ids[: ids.index(PREFIX)]) == "<|user|>"
    assert asked(prompter, "No effusion.") == (
        f"<|user|>{PROMPT}\n\nNo effusion.<|end|><|assistant|>"
    )
    assert prompter.end_id == prompter.tokenizer.convert_tokens_to_ids("<|end|>")
    assert prompter.target_ids("Normal chest.")[-1] == prompter.end_id


@pytest.mark.parametrize("chat", [False, True])
def test_examples_are_turns_before(chat):
    prompter = Prompter(llm_tokenizer(chat=chat), PromptSettings())
    text = asked(prompter, "No effusion.", [("Heart size is enlarged.", "Cardiomegaly.")])
    places = [text.index(part) for part in
              ("Heart size is enlarged.", "Cardiomegaly.", "No effusion.")]  # fmt: skip
    assert places == sorted(places)
    assert text.count(PROMPT) == 2


def test_long_findings_lose_their_end():
    tokenizer = llm_tokenizer()
    whole = Prompter(tokenizer, PromptSettings())
    room = len(whole.prompt_ids("")) + 4
    prompter = Prompter(tokenizer, PromptSettings(max_prompt_length=room))
    text = asked(prompter, "No effusion. No pneumothorax. Heart size is normal.")
    assert len(prompter.prompt_ids("No effusion. " * 9)) <= room
    assert text.endswith("\n\n### Response:\n")
    assert "No effusion" in text
    assert "normal" not in text
    with pytest.raises(InputError, match="without room for findings"):
        Prompter(tokenizer, PromptSettings(max_prompt_length=5)).prompt_ids("No effusion.")


def test_labels_end_and_are_cut():
    prompter = Prompter(llm_tokenizer(), PromptSettings(max_target_length=3))
    ids = prompter.target_ids("Small right pneumothorax, small left effusion.")
    assert len(ids) == 3
    assert ids[-1] == prompter.end_id
    assert prompter.target_ids("").dtype == np.int64
    assert len(prompter.target_ids("")) == 0


def test_it_comes_back_from_a_folder(tmp_path):
    prompter = Prompter(llm_tokenizer(chat=True), PromptSettings(prompt="Summarise", prefix=True))
    prompter.save_pretrained(tmp_path)
    again = Prompter.from_pretrained(tmp_path)
    assert again.settings == prompter.settings
    assert again.prompt_ids("No effusion.").tolist() == prompter.prompt_ids("No effusion.").tolist()
    (tmp_path / "llm_tokenizer" / "prompt_config.json").write_text('{"max_prompt_pieces": 9}')
    assert Prompter.from_pretrained(tmp_path).settings == PromptSettings(max_prompt_length=9)
    (tmp_path / "llm_tokenizer" / "prompt_config.json").write_text("{")
    with pytest.raises(InputError, match="tokenizer cannot be read"):
        Prompter.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("answer", "impression"),
    [
        ("Small left effusion.", "Small left effusion."),
        ("Impression: Small left effusion.", "Small left effusion."),
        ("**Impression:** Small left effusion.", "Small left effusion."),
        ("Sure! Here is the impression:\n\nSmall left effusion.", "Small left effusion."),
        ("The impression derived from the findings is: Clear lungs.", "Clear lungs."),
        ('"Clear lungs."', "Clear lungs."),
        ("1. Clear lungs.\n2. Normal heart.", "1. Clear lungs. 2. Normal heart."),
        ("Clear lungs.\n\n### Instruction:\nDerive", "Clear lungs."),
        ("Clear lungs.\nFindings: No effusion.", "Clear lungs."),
        ("Clear lungs.\n\nNote: this is no diagnosis.", "Clear lungs."),
        ("Clear lungs.\n\nNormal heart.", "Clear lungs. Normal heart."),
        ("Effusion. Likely: edema.", "Effusion. Likely: edema."),
        ("Right lung: clear. Left lung: effusion.", "Right lung: clear. Left lung: effusion."),
        ("", ""),
    ],
)  # fmt: skip
def test_clean_answers(answer, impression):
    assert clean_answer(answer) == impression


def test_tokenizers_without_pad_or_end_token(tmp_path, caplog):
    llm_tokenizer(pad=False).save_pretrained(tmp_path / "no_pad")
    with caplog.at_level(logging.WARNING):
        tokenizer = load_llm_tokenizer(str(tmp_path / "no_pad"))
    assert tokenizer.pad_token == "[END]"
    assert [record.message for record in caplog.records] == [
        f"{tmp_path}/no_pad: the tokenizer has no pad token; its end token [END] pads instead"
    ]
    endless = llm_tokenizer()
    endless.eos_token = None
    endless.save_pretrained(tmp_path / "no_end")
    with pytest.raises(InputError, match="no end token"):
        load_llm_tokenizer(str(tmp_path / "no_end"))
