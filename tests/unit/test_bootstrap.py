import numpy as np
import pytest

from graphsum.metrics import bootstrap
from graphsum.metrics.bootstrap import (
    confidence_interval,
    paired_p_value,
    resampled_means,
    two_sided_p_value,
)

SCORES = np.random.default_rng(0).normal(50, 20, size=(400, 3))


def test_interval_agrees_with_the_normal_approximation():
    low, high = confidence_interval(SCORES)
    half_width = 1.96 * SCORES.std(axis=0) / np.sqrt(len(SCORES))
    np.testing.assert_allclose((high + low) / 2, SCORES.mean(axis=0), atol=0.3)
    np.testing.assert_allclose((high - low) / 2, half_width, rtol=0.1)


def test_interval_of_a_constant_has_no_width():
    assert confidence_interval(np.full((5, 1), 7.0)).tolist() == [[7.0], [7.0]]


def test_chunks_do_not_change_the_result(monkeypatch):
    whole = confidence_interval(SCORES)
    monkeypatch.setattr(bootstrap, "_CHUNK_ELEMENTS", 3 * len(SCORES))
    np.testing.assert_allclose(confidence_interval(SCORES), whole, rtol=1e-12)


def test_seed_decides():
    assert (confidence_interval(SCORES, seed=1) != confidence_interval(SCORES, seed=2)).any()


def test_p_value_is_symmetric_small_for_a_shift_and_one_for_equals():
    shifted = SCORES + np.random.default_rng(1).normal(3, 5, size=SCORES.shape)
    p = paired_p_value(shifted, SCORES)
    assert (p == 2 / 10_001).all()
    np.testing.assert_array_equal(paired_p_value(SCORES, shifted), p)
    assert (paired_p_value(SCORES, SCORES) == 1).all()


def test_p_value_is_about_uniform_without_a_difference():
    generator = np.random.default_rng(2)
    noise = generator.normal(size=(60, 200))
    p = paired_p_value(noise, np.zeros_like(noise))
    assert 0.01 <= (p < 0.05).mean() <= 0.12
    assert 0.35 <= (p < 0.5).mean() <= 0.65


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="differ in shape"):
        paired_p_value(SCORES, SCORES[:-1])
    with pytest.raises(ValueError, match="no scores"):
        confidence_interval(np.zeros((0, 3)))


def test_p_value_by_hand():
    differences = np.array([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0]])  # three resamples of two scores
    assert two_sided_p_value(differences).tolist() == [1.0, 1.0]  # twice (1 + 1) of 4
    assert two_sided_p_value(np.ones((9, 1))).tolist() == [0.2]  # twice (1 + 0) of 10


def test_means_are_those_of_rows_drawn_with_replacement():
    drawn = np.random.default_rng(3).integers(400, size=(5, 400))
    means = resampled_means(SCORES, n_resamples=5, seed=3)
    np.testing.assert_allclose(means, SCORES[drawn].mean(axis=1), rtol=1e-12)
