"""Makes a Feast repository of a Parquet file of features: ``python fill.py FEATURES_FILE REPOSITORY``.

Runs with Feast's own interpreter, which has nothing of this project. The file has a column ``product_id``, and one of
float32 per feature. All is Feast's default for one machine: registry in a file, online store in SQLite.
"""

import datetime as dt
import os
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from feast import (  # type: ignore[import-not-found]  # in an environment of its own
    Entity,
    FeatureService,
    FeatureStore,
    FeatureView,
    Field,
    FileSource,
    ValueType,
)
from feast.types import Float32  # type: ignore[import-not-found]

VIEW = "product_features"
SERVICE = "stockout_features"
CONFIG = """\
project: benchmark
provider: local
registry: registry.db
online_store:
  type: sqlite
  path: online.db
entity_key_serialization_version: 3
"""


def main() -> None:
    """Define the features, and write each product's to the online store."""
    features_file, repository = Path(sys.argv[1]), Path(sys.argv[2])
    (repository / "feature_store.yaml").write_text(CONFIG, encoding="utf-8")
    os.chdir(repository)  # its paths are relative to where it runs
    table = pq.read_table(features_file)
    rows = table.to_pandas().assign(at=pd.Timestamp.now(tz=dt.UTC))
    product = Entity(name="product_id", value_type=ValueType.STRING)
    view = FeatureView(
        name=VIEW,
        entities=[product],
        schema=[Field(name=name, dtype=Float32) for name in table.column_names if name != "product_id"],
        source=FileSource(path=str(features_file), timestamp_field="at"),
        ttl=dt.timedelta(days=0),
    )
    store = FeatureStore(repo_path=".")
    store.apply([product, view, FeatureService(name=SERVICE, features=[view])])
    store.write_to_online_store(VIEW, rows)


if __name__ == "__main__":
    main()
