"""Temperature, thresholds, the head and its loss, each against values worked by hand."""

import math

import numpy as np
import pytest
import torch
from tiny_encoder import SCHEMA

from graphsum.labelers.decision import decide, fit_temperature, fit_thresholds, mean_log_loss
from graphsum.labelers.encoder import Reader
from graphsum.labelers.network import LabelNetwork, class_weights, label_loss
from graphsum.labelers.rules import RuleLabeler
from graphsum.labelers.schema import load_schema


def test_loss_of_states_and_of_positives_by_hand():
    logits = torch.tensor([[[math.log(4), 0.0, math.log(2), 0.0]]])  # 4, 1, 2, 1 of 8
    weights = torch.tensor([[2.0, 1.0, 1.0, 1.0]])
    one = [label_loss(logits, torch.tensor([[place]]), weights).item() for place in (0, 2)]
    assert one == pytest.approx([2 * math.log(2), math.log(4)])
    absent = label_loss(logits, torch.tensor([[1]]), weights, positives=True).item()
    assert absent == pytest.approx(math.log(2))  # the other three together: 4 of 8
    assert label_loss(logits, torch.tensor([[-1]]), weights).item() == 0.0
    chances = np.array([[[4.0, 1.0, 2.0, 1.0]]])
    found = mean_log_loss(np.log(chances), np.array([[1]]), positives=True)
    assert found == pytest.approx(math.log(2))


def test_class_weights_by_hand():
    weights = class_weights(torch.tensor([[1, 4, 0, 0]]), 0.5)
    # 1 and 1/2 before they are scaled; their mean over the five reports is 3/5.
    assert weights[0, :2].tolist() == pytest.approx([5 / 3, 5 / 6])
    assert class_weights(torch.tensor([[1, 4, 0, 0]]), 0.0)[0, :2].tolist() == [1.0, 1.0]


def test_temperature_of_logits_three_times_too_large_is_three():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(4000, 1, 4))
    chances = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    targets = np.array([[generator.choice(4, p=row[0])] for row in chances])
    assert fit_temperature(3 * logits, targets, positives=False) == pytest.approx(3, rel=0.1)


def test_thresholds_have_the_best_f1_and_the_rarest_classes_the_usual_one():
    chances = np.array([[0.1, 0.2, 0.3], [0.2, 0.9, 0.3], [0.3, 0.1, 0.3], [0.35, 0.2, 0.3]])
    targets = np.array([[1, -1, 1], [1, -1, 1], [0, -1, 1], [0, -1, 1]])
    found = fit_thresholds(chances, targets)
    assert 0.2 < found[0] <= 0.3
    assert found[1:].tolist() == [0.5, 0.5]


def test_decision_is_present_above_the_threshold_and_else_the_likeliest_other():
    chances = np.array([[[0.3, 0.2, 0.1, 0.4]], [[0.29, 0.1, 0.6, 0.01]]])
    assert decide(chances, np.array([0.3]))[:, 0].tolist() == [0, 2]


class Constant(torch.nn.Module):
    """An encoder whose states are a function of the token alone."""

    def __init__(self):
        super().__init__()
        self.config = type("Config", (), {"hidden_size": 4})()
        self.table = torch.nn.Embedding(10, 4)

    def forward(self, input_ids, attention_mask):
        return type("Output", (), {"last_hidden_state": self.table(input_ids)})()


def test_a_report_in_two_parts_is_read_as_one_and_padding_does_not_count():
    torch.manual_seed(0)
    network = LabelNetwork(Constant(), 3).eval()
    torch.nn.init.normal_(network.query)
    whole, _ = network(
        torch.tensor([[1, 2, 3, 4]]), torch.ones(1, 4), torch.zeros(1, dtype=torch.long)
    )
    parts, attention = network(
        torch.tensor([[1, 2, 9], [3, 4, 9], [5, 9, 9]]),
        torch.tensor([[1, 1, 0], [1, 1, 0], [1, 0, 0]]),
        torch.tensor([0, 0, 1]),
    )
    assert torch.allclose(whole[0], parts[0], atol=1e-6)
    assert attention[:2].sum((0, 1)).tolist() == pytest.approx([1.0] * 3)
    assert attention[0, 2].tolist() == [0.0] * 3


def test_features_are_worth_the_frequencies_of_what_goes_with_them():
    network = LabelNetwork(Constant(), 1, n_features=2)
    features = torch.eye(2)[[0, 0, 0, 1]][:, None]
    network.count_features(features, torch.tensor([[0], [0], [1], [1]]))
    # Of the first feature's three reports two are present; two more have the usual 2.5/6 of it.
    chances = network.feature_weight[0].exp()
    assert chances.sum(1).tolist() == pytest.approx([1.0, 1.0])
    assert chances[0, 0].item() == pytest.approx((2 + 2 * 2.5 / 6) / 5)


def test_features_tell_how_surely_the_rules_find_a_class(tmp_path):
    (tmp_path / "two.yaml").write_text(SCHEMA)
    reader = Reader(None, RuleLabeler(load_schema(tmp_path / "two.yaml")), 64)
    texts = [
        "Small effusion.",
        "There is probably a small effusion.",
        "Effusion or pleural thickening.",
        "Possible effusion.",
        "Effusion is unlikely.",
        "No effusion.",
        "Heart size is normal.",
    ]
    effusion = reader.features(texts)[:, 0]
    assert effusion.argmax(1).tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert (effusion.sum(1) == 1).all()
