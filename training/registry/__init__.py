"""MLflow runs, registered versions and aliases, and the ledger of promotions. Nothing else imports ``mlflow``."""
