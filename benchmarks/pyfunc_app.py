"""What people write first: FastAPI around an MLflow model, feature rows in, probabilities out.

``uvicorn benchmarks.pyfunc_app:app`` with the model's folder in ``PYFUNC_MODEL``.
"""

import os

import mlflow.pyfunc
import pandas as pd
from fastapi import FastAPI

app = FastAPI()
_model = mlflow.pyfunc.load_model(os.environ["PYFUNC_MODEL"])


@app.get("/health")
async def health() -> None:
    """The model is loaded."""


@app.post("/predict")
async def predict(rows: list[dict[str, float]]) -> dict[str, list[float]]:
    """The probability of each row. Async: with threads the rows would wait for one another all the same."""
    probabilities: list[float] = _model.predict(pd.DataFrame(rows))[:, 1].tolist()
    return {"probabilities": probabilities}
