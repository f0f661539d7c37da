"""Fills a real MLflow server; run by a Python that has mlflow: ``python real_server.py URL``."""

from __future__ import annotations

import sys

import mlflow  # type: ignore[import-not-found]  # installed where this runs


class Echo(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # has no types here
    """The smallest model."""

    def predict(self, model_input: list[str]) -> list[str]:
        """Return what came in."""
        return model_input


def main(url: str) -> None:
    """Register a model of two versions with its data, and a prompt."""
    mlflow.set_tracking_uri(url)
    mlflow.set_experiment("harvest")
    for _ in range(2):
        with mlflow.start_run(run_name="tune"):
            source = mlflow.data.http_dataset_source.HTTPDatasetSource("https://data.example.org/h.csv?sig=1")
            data = mlflow.data.meta_dataset.MetaDataset(source, name="harvest-2025")
            mlflow.log_input(data, context="training")
            mlflow.log_param("base_model", "base-3b")
            model = mlflow.pyfunc.log_model(name="m", python_model=Echo(), params={"base_model": "base-3b"})
        mlflow.register_model(model.model_uri, "colheita")
    client = mlflow.MlflowClient()
    client.set_registered_model_alias("colheita", "prod", "1")
    mlflow.genai.register_prompt(name="greeting", template="Say hello to {{name}}.")
    mlflow.genai.set_prompt_alias("greeting", alias="production", version=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
