"""How the file of a model is called."""

from __future__ import annotations

import itertools

import pytest
from tortoise_dev.analysis.file_names import file_stems


@pytest.mark.parametrize(
    ("model", "first", "second"),
    [
        ("Invoice", "invoice", "invoice_model"),
        ("OrderLine", "order_line", "order_line_model"),
        ("HTTPLog", "http_log", "http_log_model"),
        ("Invoice2", "invoice2", "invoice2_model"),
        ("OAuth2Client", "o_auth2_client", "o_auth2_client_model"),
        ("V2Order", "v2_order", "v2_order_model"),
        ("_Order_Line", "order_line", "order_line_model"),
        ("Class", "class_model", "class_model_2"),
        ("_", "model", "model_model"),
    ],
)
def test_the_file_of_a_model(model: str, first: str, second: str) -> None:
    assert list(itertools.islice(file_stems(model), 2)) == [first, second]
