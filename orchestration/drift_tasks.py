"""The stage that watches for drift. It asks for a refresh, and never trains, promotes or publishes anything by itself.

What a stage needs is imported when it runs, so that Luigi finds a finished run finished without loading MLflow or
scikit-learn.
"""

import tempfile
from pathlib import Path

from luigi.util import requires

from data.snapshots import ModelReference
from feature_service.terminal import visible
from orchestration.console import log
from orchestration.hashes import short_hash
from orchestration.history_tasks import PANEL_DIR, WeeklyPanel
from orchestration.stage import Stage
from orchestration.targets import write_file_whole

DRIFT_DIR = "drift"
_REPORT, _PAGE = "drift.json", "drift.html"


@requires(WeeklyPanel)
class WatchDrift(Stage):
    """What drifted up to the newest week, of the inputs and of what the champion makes of them: a report and a page.

    The report of a week is ``drift/<question>/<week>.json`` in the work dir. It is of that week's data and champion
    alone, whatever was or was not watched in the weeks before.
    """

    @property
    def folder(self) -> Path:
        """The stage's output: one for each panel and champion."""
        from monitoring.drift import DRIFT_SCHEMA

        champion = self._champion()
        rest = short_hash(self.panel_name, self.registry_name, champion.name, champion.version, self.seed)
        return self._week.with_name(f"{self.week_name}-{rest}-drift-{DRIFT_SCHEMA}")

    def complete(self) -> bool:
        """Whether the week's report is there, and is that of this panel and champion."""
        return bool(super().complete()) and all(
            to.exists() and to.read_bytes() == (self.folder / name).read_bytes() for name, to in self._newest.items()
        )

    def fill(self, folder: Path) -> str:
        """Fetch the champion, watch, and write report and page."""
        from data.panel.file import read_panel
        from feature_service.bundle import Bundle
        from monitoring.drift import Watched, WatchedModel, watch
        from monitoring.drift.report.page import page_of
        from training.registry.versions import fetch

        panel = read_panel(self.folder_of(WeeklyPanel) / PANEL_DIR)
        with tempfile.TemporaryDirectory() as temporary:
            champion = fetch(self._champion(), self.question, self.tracking_uri, Path(temporary))
            name = f"{champion.reference.name} version {champion.reference.version}"
            model = WatchedModel(name, Bundle.load(champion.bundle_dir), champion.predictions)
            watched = Watched(self.target, model.bundle.contract.feature_set, model)
            report = watch(panel, watched, seed=self.seed)
        (folder / _REPORT).write_text(report.to_json(), encoding="utf-8")
        (folder / _PAGE).write_text(page_of(report), encoding="utf-8")
        for finding in report.drifted:
            log.warning("drift     %s", visible(finding.sentence))
        return visible(report.summary())

    def run(self) -> None:
        """Also put report and page where those of a week are looked for."""
        super().run()
        for name, to in self._newest.items():
            write_file_whole(to, (self.folder / name).read_bytes())

    @property
    def _week(self) -> Path:
        return self.work_dir / DRIFT_DIR / self.question.name / self.week_name

    @property
    def _newest(self) -> dict[str, Path]:
        return {_REPORT: self._week.with_suffix(".json"), _PAGE: self._week.with_suffix(".html")}

    def _champion(self) -> ModelReference:
        from training.registry.aliases import champion_of

        return champion_of(self.question.name, self.tracking_uri)
