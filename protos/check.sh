#!/usr/bin/env bash
# Lints the protos, fails where the committed stubs are not what the protos give, and fails where a change against main
# would break a client. BREAKING_AGAINST names another commit to compare with.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
bin=$(dirname "$python")
against=${BREAKING_AGAINST:-main}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# An image made by protoc holds the imported Google protos too, so that the linter needs no network.
protos/generate.sh "$scratch/gen" "$scratch/image.binpb"
"$bin/buf" lint "$scratch/image.binpb" --config protos/buf.yaml
diff -r -x __pycache__ protos/gen "$scratch/gen" ||
  { echo "protos/gen is not what protos/stockout gives: run 'make stubs' and commit"; exit 1; }
echo "protos: lint clean, stubs fresh"

if ! git rev-parse --quiet --verify "$against:protos/stockout" >/dev/null 2>&1; then
  echo "protos: NOT compared with $against, which is not here or holds no protos"
  exit 0
fi
mkdir "$scratch/before"
git archive "$against" protos | tar -x -C "$scratch/before"
PROTOS="$scratch/before/protos" protos/generate.sh "$scratch/gen-before" "$scratch/before.binpb"
"$bin/buf" breaking "$scratch/image.binpb" --against "$scratch/before.binpb" --config protos/buf.yaml
echo "protos: nothing that breaks a client of $against"
