"""The page of a check: what the files hold is text in it, and it needs nothing but itself."""

import re
from pathlib import Path

from tests.support.exports import run_command, sales_frame

SCRIPT = "<script>alert(1)</script>"


def test_no_id_header_or_file_name_becomes_markup(tmp_path: Path) -> None:
    folder = tmp_path / "in<b>"
    folder.mkdir()
    sales = sales_frame()
    sales["product_id"] = SCRIPT + sales["product_id"]
    sales[f"note{SCRIPT}"] = "x"
    sales.to_csv(folder / "sales.csv", index=False)
    with (folder / "sales.csv").open("a") as file:
        file.write(f"p1,2024-02-03,{SCRIPT},5,x\n")
    (folder / "sales<i>old.csv").write_text("a\n1\n")
    page = tmp_path / "check.html"
    done = run_command("check", folder, "--html", page)
    text = page.read_text(encoding="utf-8")
    assert done.returncode == 2
    assert "cannot be used" in text
    assert text.count("&lt;script&gt;alert(1)") >= 4
    assert "sales&lt;i&gt;old.csv" in text
    assert not re.search(r"<(script|b|i)>", text)
    assert not re.search(r"https?://|src=|@import|url\(", text)


def test_the_page_has_a_bar_for_each_week_with_rows_and_keeps_the_exit_status(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    sales_frame().to_csv(folder / "sales.csv", index=False)
    page = tmp_path / "check.html"
    assert run_command("check", folder, "--html", page).returncode == 0
    assert page.read_text().count("<rect ") == 9
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_a_page_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    sales_frame().to_csv(tmp_path / "sales.csv", index=False)
    done = run_command("check", tmp_path, "--html", tmp_path / "none" / "check.html")
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert "cannot be written (No such file or directory): name another --html" in done.stderr
