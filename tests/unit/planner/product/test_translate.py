"""What the server says in English is said in the reader's language, with the same figures, or left as it is."""

import datetime as dt
import math
import re
from collections import Counter
from string import Formatter
from typing import Any

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from feature_service.client import Reason
from feature_service.kernel import Feature
from feature_service.kernel.phrases import ENGLISH
from feature_service.kernel.sets.catalogue import FEATURE_SETS
from monitoring.outcomes.reasons import OutcomeReason
from planner.product.translate import Sentence, translator_of
from planner.web.language import LANGUAGES, LOCALES

OTHERS = [each for each in LANGUAGES if each != "en"]
VALUES = (-30.0, -3.0, -1.5, -1.0, -0.5, -0.1, -0.005, 0.0, 0.005, 0.3, 0.5, 1.0, 1.5, 3.0, 100.0, math.nan)
"""On each side of every bound at which a phrase changes its words."""
FEATURES = [(name, each) for name, of_set in FEATURE_SETS.items() for each in of_set.features]
PORTUGUESE = translator_of("pt_BR")


class Recorder:
    """English that notes which texts it was asked for: one, or those for one and for many."""

    def __init__(self) -> None:
        self.texts: set[str | tuple[str, str]] = set()

    def text(self, english: str) -> str:
        self.texts.add(english)
        return ENGLISH.text(english)

    def of_count(self, one: str, many: str, number: str) -> str:
        self.texts.add((one, many))
        return ENGLISH.of_count(one, many, number)

    def number(self, english: str) -> str:
        return ENGLISH.number(english)


def of_feature(feature: Feature, value: float) -> Reason:
    """As a server gives it."""
    return Reason(feature.name, value, 1.0, feature.in_words(value))


@pytest.mark.parametrize("language", OTHERS)
def test_all_that_is_said_of_features_and_outcomes_is_translated_and_nothing_else(language: str) -> None:
    recorder = Recorder()
    for _, feature in FEATURES:
        for value in VALUES:
            feature.in_words(value, recorder)
    said = recorder.texts | {each.value for each in OutcomeReason}
    with (LOCALES / f"reasons.{language}.po").open("rb") as file:
        catalogue = {each.id: each for each in read_po(file, locale=language, abort_invalid=True) if each.id}
    assert said - set(catalogue) == set(), "not translated: add them to the catalogue"
    assert set(catalogue) - said == set(), "nobody says that any more: take it out of the catalogue"
    for english, translation in catalogue.items():
        assert not translation.fuzzy, english
        texts = texts_of(translation.string)
        assert len(texts) == len(texts_of(english)), english
        for text in texts:
            assert text, english
            assert fields(text) == fields(texts_of(english)[0]), english


def texts_of(given: Any) -> tuple[str, ...]:
    """One, or those for one and for many."""
    return tuple(given) if isinstance(given, tuple | list) else (given,)


def fields(text: str) -> list[str | None]:
    """The names of what is put in, in their order: all of them empty."""
    return [name for _, name, _, _ in Formatter().parse(text) if name is not None]


@given(value=st.one_of(st.floats(-1e6, 1e6, width=32), st.sampled_from(VALUES[:-1])))
def test_a_reason_has_the_same_figures_in_every_language(value: float) -> None:
    for name, feature in FEATURES:
        reason = of_feature(feature, value)
        said = PORTUGUESE.reason(name, reason)
        assert said.tag == "pt-BR", reason.text
        assert figures(said.text.translate(str.maketrans(",.", ".,"))) == figures(reason.text), said.text


def figures(text: str) -> Counter[str]:
    """The numbers in an English text; ``1,234.5`` is one."""
    return Counter(re.findall(r"-?\d[\d,]*(?:\.\d+)?%?", text.replace(", ", " ")))


@pytest.mark.parametrize(
    ("feature_set", "feature", "value", "sentence"),
    [
        ("stock-1", "units_on_hand", 1.0, "1 unidade em estoque"),
        ("stock-1", "cover_weeks_4", 1.6, "o estoque dura 1,6 semanas no ritmo das últimas 4 semanas"),
        ("stock-1", "item_demand", 1234.5, "em outra loja, a saída do item é de 1.234,5 unidades por semana"),
        ("stock-1", "relative_drop_1", -0.4, "na última semana, o estoque subiu 40%"),
        ("stock-1", "weeks_since_out", 0.0, "ficou sem estoque pela última vez na semana mais recente"),
        ("stock-1", "item_receipts_1_4", 0.3, "as entregas do item a outras lojas foram 30% do normal"),
        ("stock-1", "stock_to_receipt", 2.04, "há em estoque 2 vezes uma entrega comum"),
        ("stock-2", "days_to_delivery", -2.0, "a próxima entrega está atrasada há 2 dias"),
        ("stock-2", "margin_on_day_2", 3.0, "com o que chega até lá, há em estoque muito mais do que 2 dias pedem"),
        ("availability-1", "out_share_52", 0.004, "ficou sem estoque em menos de 1% das últimas 52 semanas"),
        (
            "availability-1",
            "market_out_change",
            -0.01,
            "a parcela de todos os produtos que está sem estoque é 1 ponto abaixo da de uma semana atrás",
        ),
        ("seed-18", "price_mean_lag_1", 59.9, "vendido a 59,90 na última semana"),
        ("sales-2", "price_last", math.nan, "não se sabe a que preço foi a última venda"),
    ],
)
def test_a_reason_is_said_as_a_shopkeeper_would(feature_set: str, feature: str, value: float, sentence: str) -> None:
    (known,) = (each for name, each in FEATURES if (name, each.name) == (feature_set, feature))
    assert PORTUGUESE.reason(feature_set, of_feature(known, value)) == Sentence(sentence, "pt-BR")


@pytest.mark.parametrize(
    ("feature_set", "reason"),
    [
        ("stock-9", Reason("units_on_hand", 3.0, 0.1, "3 units on hand")),
        ("stock-1", Reason("moon_phase", 3.0, 0.1, "3 days to the full moon")),
        ("stock-1", Reason("units_on_hand", 3.0, 0.1, "3 crates on hand")),
    ],
)
def test_what_only_a_newer_server_says_is_left_as_it_says_it(feature_set: str, reason: Reason) -> None:
    assert PORTUGUESE.reason(feature_set, reason) == Sentence(reason.text, "en")


def test_why_an_alert_has_no_outcome_is_said_with_its_days() -> None:
    text = OutcomeReason.RECEIVED.on(dt.date(2024, 7, 1), dt.date(2024, 7, 5))
    said = "chegou uma entrega em 1 de jul. de 2024: sem ela teria se esgotado em 5 de jul. de 2024"
    assert PORTUGUESE.outcome(text) == Sentence(said, "pt-BR")
    for other in ("the shop moved on 2024-07-01", "of no day: 2024-13-01", ""):
        assert PORTUGUESE.outcome(other) == Sentence(other, "en")


def test_an_english_page_has_the_servers_own_words() -> None:
    reason, outcome = Reason("units_on_hand", 3.0, 0.1, "3 units on hand"), OutcomeReason.PRODUCT_GONE.on()
    assert translator_of("en").reason("stock-1", reason) == Sentence(reason.text, "en")
    assert translator_of("en").outcome(outcome) == Sentence(outcome, "en")
