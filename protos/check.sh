#!/usr/bin/env bash
# Lints the protos and fails where the committed stubs are not what the protos give.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
bin=$(dirname "$python")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# An image made by protoc holds the imported Google protos too, so that the linter needs no network.
protos/generate.sh "$scratch/gen" "$scratch/image.binpb"
"$bin/buf" lint "$scratch/image.binpb" --config protos/buf.yaml
diff -r -x __pycache__ protos/gen "$scratch/gen" ||
  { echo "protos/gen is not what protos/stockout gives: run 'make stubs' and commit"; exit 1; }
echo "protos: lint clean, stubs fresh"
