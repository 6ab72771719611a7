"""Text from outside is written out where it would steer a terminal, and means the same where it is JSON."""

import json
import unicodedata

from google.type import date_pb2
from hypothesis import given
from hypothesis import strategies as st
from stockout.v1 import provenance_pb2

from data.errors import UnreadableInputError
from feature_service.client.messages import provenance_of
from feature_service.client.output.documents import features_as_csv
from feature_service.client.results import FeatureAnswer, ProductFeatures
from feature_service.terminal import json_escaped, visible

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)  # surrogates, too
STEERING_BIDI = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}


@given(text=ANY_TEXT)
def test_nothing_that_steers_is_left_and_nothing_else_is_changed(text: str) -> None:
    assert not [each for each in visible(text) if unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"}]
    assert not [each for each in visible(text) if unicodedata.bidirectional(each) in STEERING_BIDI]
    kept = "".join(each for each in text if visible(each) == each)
    assert visible(kept) == kept
    visible(text).encode()  # no byte is left that could not be printed


@given(value=st.recursive(ANY_TEXT, lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner), max_leaves=5))
def test_json_means_the_same_and_steers_nothing(value: object) -> None:
    for indent in (None, 2):
        document = json_escaped(json.dumps(value, ensure_ascii=False, indent=indent))
        assert json.loads(document) == value
        assert visible(document.replace("\n", "")) == document.replace("\n", "")


def test_an_error_about_a_file_does_not_steer_a_terminal() -> None:
    assert str(UnreadableInputError("a\x1b[2J\nb")) == r"a\x1b[2J\nb"


def test_a_negative_number_stays_a_number_in_csv() -> None:
    provenance = provenance_of(provenance_pb2.Provenance(as_of_week=date_pb2.Date(year=2024, month=1, day=1)))
    values = (-1.5, float("-inf"), 0.0)
    answer = FeatureAnswer(provenance, ("-a", "b", "c"), [ProductFeatures("-1.5", values, True, None)])
    assert features_as_csv(answer).splitlines() == ["product_id,'-a,b,c,error", "'-1.5,-1.5,-inf,0.0,"]
