"""The registered model as a BentoML service over HTTP."""
