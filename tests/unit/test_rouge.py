import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphsum.metrics.rouge import FINGERPRINT, pairwise_mean_rouge, rouge_scores


def test_hand_worked_scores():
    # 3 of 3 predicted words among 4: P 1, R 3/4; 1 of 2 bigrams among 3; subsequence "no effusion".
    scores = rouge_scores(["No effusion seen"], ["no seen large Effusion."])
    assert scores[0] == pytest.approx([100 * 6 / 7, 0.0, 100 * 4 / 7])
    scores = rouge_scores(["small left effusion"], ["left effusion"])
    assert scores[0] == pytest.approx([80.0, 100 * 2 / 3, 80.0])


def test_no_stemming_and_no_overlap_of_empty_texts():
    assert (
        rouge_scores(["effusions", "", "..."], ["effusion", "", "..."]).tolist() == [[0.0] * 3] * 3
    )


def test_fingerprint_names_what_moves_the_numbers():
    assert FINGERPRINT["use_stemmer"] is False
    assert FINGERPRINT["split_summaries"] is False
    assert FINGERPRINT["implementation"].startswith("google rouge-score 0.")


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="argument"):
        rouge_scores(["a"], ["a", "b"])


WORDS = st.sampled_from(
    ["no", "No", "left", "effusion", "T-spine", "é", "2", ".", "1.5", "\n", "İ"]
)
TEXTS = st.lists(WORDS, max_size=14).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS | st.text(max_size=20), min_size=1, max_size=4))
def test_fast_path_equals_rouge_score(texts):
    fast = pairwise_mean_rouge(texts)
    for row, prediction in enumerate(texts):
        slow = rouge_scores([prediction] * len(texts), texts).mean(axis=1)
        np.testing.assert_allclose(fast[row], slow, atol=1e-9)


def test_fast_path_on_texts_longer_than_a_machine_word():
    generator = np.random.default_rng(3)
    texts = [" ".join(generator.choice(list("abcdef"), size=150)) for _ in range(3)]
    slow = rouge_scores(texts, texts[1:] + texts[:1]).mean(axis=1)
    fast = pairwise_mean_rouge(texts)
    np.testing.assert_allclose([fast[0, 1], fast[1, 2], fast[2, 0]], slow, atol=1e-9)
