#!/usr/bin/env bash
# Writes the Python stubs of $PROTOS/stockout (default: protos/stockout) into the folder $1 (default: protos/gen, where
# they are committed) and, where $2 is given, an image of the protos with their imports and comments into that file.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-protos/gen}
image=${2:-}
protos=${PROTOS:-protos}
python=${PYTHON:-.venv/bin/python}
googleapis=$("$python" -c 'import google.rpc, pathlib; print(pathlib.Path(next(iter(google.rpc.__path__))).parents[1])')
mkdir -p "$out"
PATH="$(dirname "$python"):$PATH" "$python" -m grpc_tools.protoc -I "$protos" -I "$googleapis" \
  --python_out="$out" --grpc_python_out="$out" --mypy_out=quiet:"$out" --mypy_grpc_out=quiet:"$out" \
  ${image:+--include_imports --include_source_info --descriptor_set_out="$image"} \
  "$protos"/stockout/v1/*.proto
touch "$out/stockout/__init__.py" "$out/stockout/v1/__init__.py" "$out/stockout/py.typed"
