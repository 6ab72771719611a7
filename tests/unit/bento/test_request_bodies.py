import datetime as dt
import json

import numpy as np
import pytest

from bento import errors
from bento.errors import STATUS, BadRequestError, BentoBuildError
from bento.requests import MAX_ROWS, decode_assess, decode_rows
from feature_service.kernel import StockoutError

NAMES = ("a", "b")


def test_rows_come_out_in_the_models_order_whatever_the_order_of_their_fields() -> None:
    rows = decode_rows(b'[{"b": 2, "a": 1.5}, {"a": 3, "b": -4}]', "pair-1", NAMES)
    np.testing.assert_array_equal(rows, np.array([[1.5, 2], [3, -4]], dtype=np.float32))
    assert rows.dtype == np.float32


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "the body is not JSON"),
        (b"\xff", "the body is not JSON"),
        (b"[" * 100_000, "the body is not JSON"),
        (b"[]", "a JSON list of at least one object"),
        (b'{"a": 1, "b": 2}', "a JSON list of at least one object"),
        (b"[1]", "row 0 is not a JSON object"),
        (b'[{"a": 1, "b": 2}, {"a": 1}]', "row 1 lacks b; every row needs all 2 features of pair-1"),
        (b'[{"a": 1, "b": 2, "c": 3}]', "does not know: c; it takes all 2 features of pair-1"),
        (b'[{"a": 1, "c": 3}]', "row 0 lacks b; every row needs all 2 features"),
        (b'[{"a": 1, "b": 2, "\\ud800": 3}]', "row 0 has features that the model does not know: ?"),
        (b'[{"a": 1, "b": ' + b"[" * 900 + b"]" * 900 + b"}]", "row 0: b is no number that the model can take: [[["),
        (b'[{"a": null, "b": 2}]', "row 0: a is no number that the model can take: null"),
        (b'[{"a": true, "b": 2}]', "row 0: a is no number that the model can take: true"),
        (b'[{"a": "1", "b": 2}]', 'row 0: a is no number that the model can take: "1"'),
        (b'[{"a": [1], "b": 2}]', "row 0: a is no number"),
        (b'[{"a": NaN, "b": 2}]', "row 0: a is NaN, infinite or too large"),
        (b'[{"a": 1, "b": -Infinity}]', "row 0: b is NaN, infinite or too large"),
        (b'[{"a": 1, "b": 1e300}]', "row 0: b is NaN, infinite or too large"),
        (b'[{"a": 1, "b": 1' + b"0" * 400 + b"}]", "row 0: b is no number that the model can take: 1000"),
        (b'[{"a": 1, "b": 1' + b"0" * 5000 + b"}]", "the body is not JSON"),
        (json.dumps([{"a": 1, "b": 2}] * (MAX_ROWS + 1)).encode(), "holds 10001 rows; one request may hold 10000"),
    ],
)
def test_rows_that_the_model_cannot_take_are_refused_in_one_sentence(body: bytes, sentence: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        decode_rows(body, "pair-1", NAMES)
    assert sentence in str(refused.value)
    assert len(str(refused.value)) < 300


def test_products_and_the_day_are_read() -> None:
    request = decode_assess(b'{"product_ids": ["x", "y", "x"], "as_of": "2018-08-26"}')
    assert request.product_ids == ("x", "y", "x")
    assert request.as_of == dt.date(2018, 8, 26)
    assert decode_assess(b'{"product_ids": ["x"]}').as_of is None


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"[]", 'a JSON object with a list "product_ids"'),
        (b'{"product_ids": "x"}', 'a JSON object with a list "product_ids"'),
        (b'{"product_ids": []}', "holds 0 ids; one request takes 1 to 1000"),
        (b'{"product_ids": ["x"], "asof": 1}', "unknown fields: asof"),
        (b'{"asof": 1}', 'a JSON object with a list "product_ids"'),
        (b'{"product_ids": ["x"], "asof": 1, "c": 2, "d": 3}', "unknown fields: asof, c, d; it takes"),
        (b'{"product_ids": ["x", 7]}', "product_ids[1] must be a string of 1 to 256 bytes"),
        (b'{"product_ids": [""]}', "product_ids[0] must be a string of 1 to 256 bytes"),
        (json.dumps({"product_ids": ["x" * 257]}).encode(), "product_ids[0] must be a string of 1 to 256 bytes"),
        (json.dumps({"product_ids": ["\N{GREEK SMALL LETTER ALPHA}" * 129]}).encode(), "must be a string of 1 to 256"),
        (b'{"product_ids": ["\\ud800"]}', "product_ids[0] must be a string of 1 to 256 bytes"),
        (b'{"product_ids": ["x"], "as_of": "tomorrow"}', "as_of must be a date like 2018-08-26"),
        (b'{"product_ids": ["x"], "as_of": 20180826}', "as_of must be a date like 2018-08-26"),
        (json.dumps({"product_ids": ["x"] * 1001}).encode(), "holds 1001 ids"),
    ],
)
def test_questions_that_break_the_api_are_refused_in_one_sentence(body: bytes, sentence: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        decode_assess(body)
    assert sentence in str(refused.value)


def test_every_error_that_can_be_an_answer_has_a_status() -> None:
    own = {each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, StockoutError)}
    assert own - {StockoutError, BentoBuildError} == set(STATUS)
