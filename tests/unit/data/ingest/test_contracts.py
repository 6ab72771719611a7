"""What data/README.md says of the files is what the code demands of them."""

from pathlib import Path

from data.ingest.contracts import GENERIC, OLIST, RejectionReason


def test_the_readme_shows_the_contract_as_it_is() -> None:
    readme = (Path(__file__).parents[4] / "data" / "README.md").read_text(encoding="utf-8")
    for table in (*OLIST, *GENERIC):
        assert f"`{table.stem}`" in readme
        for column in table.columns:
            rule = f"{column.kind}, or nothing" if column.optional else column.kind.value
            assert f"| `{column.name}` | {rule} |" in readme
    for reason in RejectionReason:
        assert f"`{reason}`" in readme
