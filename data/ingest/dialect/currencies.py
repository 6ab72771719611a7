"""Prices with their currency, before or after the number: R$ 1.234,56, €12.50, 12,50 EUR; one in a column."""

from dataclasses import dataclass

import polars as pl

_CURRENCY = (
    r"R\$|US\$|A\$|C\$|NZ\$|HK\$|S\$|MX\$|\$|€|£|¥|₹|₺|₽|₩|₪|zł|Kč|kr|Ft|lei|"
    "EUR|USD|GBP|BRL|CHF|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|RUB|UAH|INR|CNY|JPY|KRW|AUD|NZD|CAD|MXN|ARS|CLP|COP|PEN|"
    "ZAR|ILS|AED|SAR|SGD|HKD|THB|IDR|MYR|PHP|VND"
)
_NUMBER = r"\d(?:[\d.,'’\s]*\d)?"
_BEFORE = rf"^\s*([+-]?)\s*({_CURRENCY})\s*([+-]?{_NUMBER})\s*$"
_AFTER = rf"^\s*([+-]?{_NUMBER})\s*({_CURRENCY})\s*$"


@dataclass(frozen=True)
class Currency:
    """The currency of a column, and a value with it."""

    sign: str
    text: str


@dataclass(frozen=True)
class UncertainCurrency:
    """A value of another currency than one before it."""

    text: str
    other: str


def currency_of(texts: pl.Series) -> Currency | UncertainCurrency | None:
    """The currency that stands beside the numbers of a column; None: there is none."""
    if not texts.str.contains(r"[\p{L}\p{Sc}]").any():
        return None
    signs = pl.select(pl.coalesce(texts.str.extract(_BEFORE, 2), texts.str.extract(_AFTER, 2))).to_series()
    with_sign = pl.DataFrame({"text": texts, "sign": signs}).drop_nulls("sign").unique("sign", maintain_order=True)
    if with_sign.is_empty():
        return None
    if with_sign.height > 1:
        return UncertainCurrency(with_sign["text"][1], with_sign["text"][0])
    return Currency(with_sign["sign"][0], with_sign["text"][0])


def without_currency(text: pl.Expr) -> pl.Expr:
    """The number alone."""
    return text.str.replace(_BEFORE, "${1}${3}").str.replace(_AFTER, "${1}")
