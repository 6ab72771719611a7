#!/usr/bin/env bash
# Writes the Python stubs of $PROTOS/stockout (default: protos/stockout) and of the definition of their rules into the
# folder $1 (default: protos/gen, where they are committed) and, where $2 is given, an image of the protos with their
# imports and comments into that file.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-protos/gen}
image=${2:-}
protos=${PROTOS:-protos}
python=${PYTHON:-.venv/bin/python}
googleapis=$("$python" -c 'import google.rpc, pathlib; print(pathlib.Path(next(iter(google.rpc.__path__))).parents[1])')
mkdir -p "$out"

# The package that enforces the rules brings their definition as a descriptor only, without a .proto file.
rules=$(mktemp)
trap 'rm -f "$rules"' EXIT
"$python" - >"$rules" <<'END'
import sys
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from protovalidate._gen.buf.validate import validate_pb

file = FileDescriptorProto.FromString(validate_pb.desc().proto.to_binary())
sys.stdout.buffer.write(FileDescriptorSet(file=[file]).SerializeToString())
END

protoc() {
  PATH="$(dirname "$python"):$PATH" "$python" -m grpc_tools.protoc --descriptor_set_in="$rules" \
    -I "$protos" -I "$googleapis" --python_out="$out" --mypy_out=quiet:"$out" "$@"
}
protoc buf/validate/validate.proto
protoc --grpc_python_out="$out" --mypy_grpc_out=quiet:"$out" \
  ${image:+--include_imports --include_source_info --descriptor_set_out="$image"} \
  "$protos"/stockout/v1/*.proto
touch "$out/stockout/__init__.py" "$out/stockout/v1/__init__.py" "$out/stockout/py.typed"
