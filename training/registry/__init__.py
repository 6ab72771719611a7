"""MLflow: runs, registered versions and aliases, and the ledger of what was promoted and why.

Nothing else imports ``mlflow``.
"""
