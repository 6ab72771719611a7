"""The registered model as a BentoML service over HTTP, and how its Bento is built."""
