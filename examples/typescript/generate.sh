#!/usr/bin/env bash
# Writes the TypeScript client's code of the protos into the folder gen. It is made from images of our own, so that buf
# need not ask buf.build for the protos that ours import.
set -euo pipefail
cd "$(dirname "$0")"
root=../..
python=$root/.venv/bin/python
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$root/protos/generate.sh" "$scratch/python" "$scratch/image.binpb"
# An error's details are sent as google.protobuf.Any, so none of our protos imports what is in them.
googleapis=$("$python" -c 'import google.rpc, pathlib; print(pathlib.Path(next(iter(google.rpc.__path__))).parents[1])')
"$python" -m grpc_tools.protoc -I "$googleapis" --include_imports --descriptor_set_out="$scratch/details.binpb" \
  google/rpc/error_details.proto

"$root/.venv/bin/buf" generate "$scratch/image.binpb"
"$root/.venv/bin/buf" generate "$scratch/details.binpb" --clean=false
