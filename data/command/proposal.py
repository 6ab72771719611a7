"""A ``source.toml`` for a folder: what was told from the files is said, what is missing is guessed at in comments."""

import dataclasses
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from data.errors import DataError
from data.ingest.contracts import GENERIC, SALES, Table
from data.ingest.csv_file import ROW_NUMBER
from data.ingest.dialect.headers import plain
from data.ingest.folder import Folder, resembles
from data.ingest.parquet_file import DAMAGE
from data.ingest.read import columns_of
from data.ingest.reading import IDS_AS_THEY_STAND, UNSAID, IdForm, Reading
from data.ingest.source import FROM_INVENTORY, Source
from data.ingest.validate import CheckedTable

_WORDS = {
    "product_id": "product|item|sku|article|artikel|producto|produit|prodotto|ean|gtin|variant",
    "sold_at": "sold|date|datum|fecha|data|day|time|created|order_date",
    "quantity": "quantity|qty|units|menge|anzahl|cantidad|quantit|pieces|sold",
    "unit_price": "price|preis|prix|precio|prezzo",
    "counted_on": "date|datum|fecha|data|day|counted|snapshot",
    "units_on_hand": "hand|stock|bestand|qty|quantity|units|menge",
    "week_start": "week|woche|semana|semaine|date|datum",
    "in_stock": "stock|avail|verf",
    "category": "categor|kategor|group|gruppe|type",
    "lead_time_days": "lead|liefer|days|tage",
    "supplier_id": "supplier|vendor|lieferant|fornecedor|proveedor|fournisseur",
    "pack_size": "pack|case|gebinde|caixa",
    "minimum_order_units": "min|moq",
    "maximum_order_units": "max",
    "unit_cost": "cost|kosten|einkauf|custo|costo|co[uû]t",
    "service_level": "service",
    "name": "name|nome|nombre",
    "minimum_order_value": "min",
    "ordered_on": "ordered|order.?dat|bestell.*dat|pedid.*dat|date|datum|fecha|data",
    "units": "ordered|qty|quantity|quantit|units|menge|anzahl|cantidad|pieces",
    "expected_on": "expect|due|promis|eta|erwartet|liefertermin|previs|prevu|prévu|prometid",
    "received_on": "receiv|arriv|deliver|eingang|erhalten|gelief|entreg|livr|receb|recibid|reçu|recu|ricev",
    "received_units": "receiv|deliver|eingang|erhalten|gelief|entreg|livr|receb|recibid|reçu|recu|ricev",
    "order_id": "order|po|bestell|pedido|commande|number|nr",
}
"""What columns may be called, by ours."""

_KEPT_SETTINGS = ("sheet", "delimiter", "quote", "thousands", "date_format", "key", "returns", "replaces")


def propose(folder: Folder, source: Source, checked: Mapping[str, CheckedTable]) -> str:
    """The text of the file; lines that need the seller's eye are comments."""
    lines = []
    if source.database:
        lines += [_said("database", source.database), ""]
    if SALES.name not in folder.tables and not folder.unclaimed:
        lines += [f'sales = "{FROM_INVENTORY}"', ""]
    if source.time_zone:
        lines += [_said("time_zone", source.time_zone), ""]
    if source.ignore:
        lines += [_said("ignore", list(source.ignore)), ""]
    if ids := list(_settings(source.ids, IDS_AS_THEY_STAND, [each.name for each in dataclasses.fields(IdForm)])):
        lines += ["[id]", *ids, ""]
    for table in source.tables:
        section = list(_section(folder, table, checked))
        if section:
            lines += [f"[{table.name}]", *section, ""]
    return "\n".join(lines).strip() + "\n" if lines else ""


def _section(folder: Folder, table: Table, checked: Mapping[str, CheckedTable]) -> Iterator[str]:
    paths = folder.claimed.get(table.name, ())
    if table.reading.query:
        yield _said("query", table.reading.query)
    elif not paths:
        paths = tuple(path for path in folder.unclaimed if resembles(path, table))
        if not paths and table.name == SALES.name:
            of_others = [table for table in GENERIC if table.name != SALES.name]
            others = (path for path in folder.unclaimed if not any(resembles(path, each) for each in of_others))
            paths = tuple(others)[:1]
        if paths:
            yield _said("files", [path.name for path in paths])
    elif table.reading.files:
        yield _said("files", list(table.reading.files))
    if there := _headers(paths, table, checked):
        yield from _columns(there, table)
    if table.name in checked:
        yield from _told(checked[table.name])
    yield from _settings(table.reading, UNSAID, _KEPT_SETTINGS)


def _settings(said: Reading | IdForm, unsaid: Reading | IdForm, names: Sequence[str]) -> Iterator[str]:
    """What the seller's file says already and no file tells by itself."""
    for name in names:
        value = getattr(said, name)
        if value != getattr(unsaid, name):
            yield _said(name, list(value) if isinstance(value, tuple) else value)


def _told(rows: CheckedTable) -> Iterator[str]:
    if any("cp1252" in part.form for part in rows.raw.parts):
        yield _said("encoding", "cp1252")
    evidence = " ".join(rows.evidence.values())
    if "decimal sign ," in evidence:
        yield _said("decimal", ",")
    if found := re.search(r"(day|month) first", evidence):
        yield _said("date_order", "dmy" if found[1] == "day" else "mdy")


def _headers(paths: Sequence[Path], table: Table, checked: Mapping[str, CheckedTable]) -> list[str]:
    """What the columns of a table are called in the file, or in the result; none where that cannot be told."""
    if table.reading.query and table.name in checked:
        return [name for name in checked[table.name].raw.rows.columns if name != ROW_NUMBER]
    try:
        return list(columns_of(paths[0], table)) if paths else []
    except (DataError, EOFError, zlib.error, *DAMAGE):
        return []


def _columns(there: list[str], table: Table) -> Iterator[str]:
    free = [name for name in there if name not in {header for column in table.columns for header in column.headers}]
    for column in table.columns:
        if column.parts_in_file:
            yield _said(column.name, list(column.parts_in_file))
        elif column.name_in_file:
            yield _said(column.name, column.name_in_file)
        elif written := next((name for name in free if plain(name) == column.name), None):
            free.remove(written)
            yield _said(column.name, written)
        elif column.name not in there:
            like = next((name for name in free if re.search(_WORDS[column.name], name.lower())), None)
            if like is not None:
                free.remove(like)
                yield f"# {_said(column.name, like)}"
            elif not column.optional:
                yield f'# {column.name} = "…"  # one of: {", ".join(there)[:200]}'


def _said(name: str, value: object) -> str:
    return f"{name} = {json.dumps(value, ensure_ascii=False)}"
