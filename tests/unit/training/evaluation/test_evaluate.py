import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.image import imread
from matplotlib.textpath import TextPath

from feature_service.bundle import Bundle
from tests.support.training_fixtures import Trained
from training.errors import TrainingFileError
from training.evaluation.evaluate import evaluate
from training.evaluation.figures import ALL, LOCKED, read_evaluation
from training.metrics.yardstick import Yardstick


def test_the_model_stands_beside_every_rule(trained: Trained) -> None:
    for block in read_evaluation(trained.evaluation).blocks.values():
        assert list(block.figures) == [
            *("model", "base rate", "no sale last week", "exp(-4-week rate)", "Gamma-Poisson zero", "TSB"),
            *("same week last year", "logistic regression on 3 features"),
        ]


def test_the_locked_figures_are_those_of_the_locked_origins_alone(trained: Trained) -> None:
    locked, predictions = (
        read_evaluation(trained.evaluation).blocks[LOCKED],
        pq.read_table(trained.predictions).to_pandas(),
    )
    rows = predictions[predictions["locked"]]
    assert rows["as_of_week"].nunique() == 4
    assert locked.rows == len(rows)
    assert locked.base_rate == pytest.approx(rows["actual"].mean())
    brier = ((rows["probability"].astype(float) - rows["actual"]) ** 2).mean()
    assert locked.figures["model"]["brier"].value == pytest.approx(brier)


def test_every_figure_has_an_interval_that_holds_it_or_lies_close(trained: Trained) -> None:
    figures = read_evaluation(trained.evaluation).blocks[ALL].figures["model"]
    for name in ("average_precision", "auc", "brier", "recall_at_budget"):
        assert figures[name].low < figures[name].value < figures[name].high, name


def test_a_model_of_products_with_different_rates_beats_the_base_rate(trained: Trained) -> None:
    evaluation = read_evaluation(trained.evaluation)
    model, chance = (evaluation.blocks[ALL].figures[name] for name in ("model", "base rate"))
    assert model["auc"].value > 0.6
    assert model["brier"].high < chance["brier"].value
    assert evaluation.over_rules["base rate"].average_precision.low > 0


def test_the_finished_bundle_is_the_candidate_with_its_figures(trained: Trained) -> None:
    candidate, finished = Bundle.load(trained.candidate), Bundle.load(trained.bundle_dir)
    assert finished.contract.threshold == candidate.contract.threshold
    assert (
        finished.contract.metrics["auc"]
        == read_evaluation(trained.evaluation).blocks[ALL].figures["model"]["auc"].value
    )
    assert (trained.bundle_dir / "model.onnx").read_bytes() == (trained.candidate / "model.onnx").read_bytes()


def test_the_plots_are_pictures_with_something_on_them(trained: Trained) -> None:
    for name in ("precision_recall.png", "calibration.png", "gain.png", "weeks.png", "importance.png"):
        assert imread(trained.evaluation / name).std() > 0.05


def test_the_report_is_one_page_that_loads_nothing(trained: Trained) -> None:
    page = (trained.evaluation / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 5
    sources = re.findall(r"(?:src|href)=\"([^\"]{0,10})", page) + re.findall(r"url\(|@import|<script|<link", page)
    assert set(sources) == {"data:image"}
    for word in ("logistic regression on 3 features", "Model card", "Sales alone", "locked origins", "Limits"):
        assert word in page


def test_the_report_begins_with_what_looks_wrong_about_the_data_as_text(trained: Trained, tmp_path: Path) -> None:
    assert "about the data" not in (trained.evaluation / "report.html").read_text(encoding="utf-8")
    warnings = ["sales of <b>.csv end early", "two\u202e currencies"]
    evaluate(trained.predictions, trained.candidate, Yardstick(draws=20), tmp_path, warnings)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    beginning = page[: page.index("Every figure is out of fold")]
    assert "2 warnings about the data" in beginning
    assert "<li>sales of &lt;b&gt;.csv end early</li><li>two\\u202e currencies</li>" in beginning


@pytest.mark.parametrize(
    ("font_px", "padding_px", "width_px"),
    [(13, 16, 1068), (9, 8, 1032)],
    ids=["a window of 1280 px", "A4 on its side"],
)
def test_every_table_of_the_report_fits_its_page_by_wrapping_its_cells(
    trained: Trained, font_px: float, padding_px: float, width_px: float
) -> None:
    """No narrower than its longest word can a column become; DejaVu is wider than the fonts of most systems."""
    page = (trained.evaluation / "report.html").read_text(encoding="utf-8")
    assert "nowrap" not in page
    tables = re.findall(r'<div class="scroll"><table>(.*?)</table></div>', page, re.DOTALL)
    assert len(tables) == page.count("<table>") == 4
    for table in tables:
        rows = [
            [re.sub(r"<[^>]+>", " ", cell) for cell in re.findall(r"<t[hd]>(.*?)</t[hd]>", row, re.DOTALL)]
            for row in re.findall(r"<tr.*?</tr>", table, re.DOTALL)
        ]
        columns = zip(*rows, strict=True)
        longest = [max(_width_px(word, font_px) for cell in column for word in cell.split()) for column in columns]
        assert sum(longest) + padding_px * len(longest) < width_px


def _width_px(word: str, font_px: float) -> float:
    """At 72 dots an inch a point is a pixel."""
    bold = FontProperties(family="DejaVu Sans", weight="bold", size=font_px)
    return float(TextPath((0, 0), word, prop=bold).get_extents().width)


def test_missing_figures_are_told_by_their_path(tmp_path: Path) -> None:
    with pytest.raises(TrainingFileError, match=r"metrics\.json cannot be read"):
        read_evaluation(tmp_path)
