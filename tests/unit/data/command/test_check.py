"""``stockout-data check`` says what a run would make of a folder, exits by it, and proposes what to write."""

import json
from pathlib import Path

import pytest

from data.command.check import check_data
from data.command.stored import RIGHT
from data.ingest.contracts import RejectionReason
from tests.support.exports import ingest, run_command, sales_frame, units_by_product_and_week, units_read


def foreign(folder: Path) -> Path:
    folder.mkdir()
    sales = sales_frame().assign(sold_at=sales_frame()["sold_at"].dt.strftime("%d/%m/%Y"))
    sales = sales.rename(
        columns={"product_id": "Artikel", "sold_at": "Datum", "quantity": "Menge", "unit_price": "Preis"}
    )
    sales.to_csv(folder / "verkauf.csv", index=False, sep=";", decimal=",")
    return folder


def test_a_clean_folder_is_fine_and_every_part_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    sales_frame().to_csv(folder / "sales.csv", index=False)
    done = run_command("check", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    for words in (
        "sales: 120 rows, 120 used",
        "ASCII, comma",
        "2024-01-01 to 2024-02-29, 9 weeks; 6 products, 100% of all",
        "zero_sales: no, 8 weeks of sales, 18 are needed: from 2024-05-05 on",
        "inventory: no, there are no counts of the stock",
        ": fine",
    ):
        assert words in done.stdout


def test_a_warning_is_status_1_and_a_problem_status_2_as_in_json(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    sales_frame().to_csv(folder / "sales.csv", index=False)
    (folder / "customers.csv").write_text("a\n1\n")
    warned = run_command("check", folder, "--json")
    assert (warned.returncode, json.loads(warned.stdout)["unclaimed"]) == (1, ["customers.csv"])
    (folder / "Inventory.csv").write_text("a\n1\n")
    refused = run_command("check", folder, "--json")
    assert refused.returncode == json.loads(refused.stdout)["status"] == 2
    assert "Inventory.csv, which looks like inventory" in json.loads(refused.stdout)["problems"][0]


def test_a_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    done = run_command("check", tmp_path / "nowhere")
    assert done.returncode == 2
    assert "there is no folder" in done.stdout
    assert not done.stderr


def test_the_proposal_makes_a_foreign_export_readable(tmp_path: Path) -> None:
    folder = foreign(tmp_path / "in")
    found = check_data(folder)
    assert found.status == 2
    proposal = found.proposal.replace("# ", "")
    (folder / "source.toml").write_text(proposal)
    assert check_data(folder).status == 0
    assert units_read(ingest(folder)) == units_by_product_and_week(sales_frame())


def test_an_unknown_time_zone_is_a_problem(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    sales_frame().to_csv(folder / "sales.csv", index=False)
    (problem,) = check_data(folder, time_zone="Mars").problems
    assert "unknown time zone 'Mars'" in problem


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    sales_frame().drop(columns="quantity").to_csv(folder / "sales.csv", index=False)
    (folder / "inventory.csv").write_text("product_id,counted_on,units_on_hand\np1,01/02/2024,5\n")
    (folder / "products-old.csv").write_text("a\n1\n")
    problems = " ".join(check_data(folder).problems)
    for words in ("lacks the column quantity", "'01/02/2024' (row 1)", "products-old.csv"):
        assert words in problems


def test_bad_rows_repeats_returns_and_gaps_are_counted_with_examples(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    sales = sales_frame(rows=400)
    sales = sales[(sales["sold_at"] < "2024-01-15") | (sales["sold_at"] >= "2024-01-22")]
    sales.to_csv(folder / "sales.csv", index=False)
    with (folder / "sales.csv").open("a") as file:
        file.write("p1,2024-02-03,many,5\np1,2024-02-03,-2,5\n")
        file.write("p9,2024-02-05,2,5\np9,2024-02-05,2,5\n")
    facts = check_data(folder).tables["sales"]
    assert facts.bad == {"NEGATIVE_QUANTITY": 1, "UNPARSABLE_QUANTITY": 1}
    (example,) = facts.bad_rows["UNPARSABLE_QUANTITY"]
    assert (example.place, example.column, example.value) == (f"sales.csv row {len(sales) + 1}", "quantity", "many")
    assert (facts.repeated, facts.returns) == (1, 1)
    assert facts.coverage is not None
    assert facts.coverage.empty_weeks == ("2024-01-15",)


def test_a_check_writes_nothing(tmp_path: Path) -> None:
    folder = foreign(tmp_path / "in")
    before = sorted(tmp_path.rglob("*"))
    check_data(folder)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("reason", list(RejectionReason))
def test_every_reason_says_what_would_have_been_right(reason: RejectionReason) -> None:
    assert RIGHT[reason]


def test_weeks_without_a_row_are_a_warning(tmp_path: Path) -> None:
    sales = sales_frame()
    sales.loc[0, "sold_at"] = "2034-05-05"
    sales.to_csv(tmp_path / "sales.csv", index=False)
    done = run_command("check", tmp_path)
    assert done.returncode == 1, done.stdout
    words = " ".join(done.stdout.split())
    assert "to 2034-05-05 and has no row in" in words
    assert "the first that of 2024-03-04: a closed shop has none" in words
