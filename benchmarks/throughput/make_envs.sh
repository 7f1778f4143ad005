#!/bin/sh
# Makes the environments of the throughput benchmark's peers, outside of the checkout:
#
#     sh benchmarks/throughput/make_envs.sh FOLDER [pyg] [dgl]
#
# FOLDER/pyg: PyTorch Geometric with torch-sparse, which a C++ compiler builds from source (about 25 minutes on a core). pyg-lib,
# its faster sampler, is not on PyPI: where its wheel can be had, install it there as well and it is used instead.
# FOLDER/dgl: DGL 2.1.0 with GraphBolt, and the torch 2.2.1 that it needs (about 6 GB on disk with the CUDA build; Python 3.8 to 3.12).
# Read from the environment: PYTHON (default: python3).
set -eu
[ $# -ge 1 ] || { sed -n '2,5p' "$0" >&2; exit 2; }
folder=$1
shift
[ $# -gt 0 ] || set -- pyg dgl
mkdir -p "$folder"

make_venv() {
    "${PYTHON:-python3}" -m venv "$folder/$1"
    "$folder/$1/bin/python" -m pip install --quiet --upgrade pip
}

install() {
    name=$1
    shift
    "$folder/$name/bin/python" -m pip install --disable-pip-version-check "$@"
}

for name in "$@"; do
    make_venv "$name"
    case $name in
        pyg)
            install pyg torch==2.13.0 torch-geometric==2.8.1 numpy scipy setuptools wheel
            install pyg --no-build-isolation torch-scatter==2.1.2 torch-sparse==0.6.18
            ;;
        dgl)
            install dgl torch==2.2.1 'numpy<2' torchdata==0.7.1 dgl==2.1.0 pandas pyyaml pydantic scipy psutil 'setuptools<81'
            ;;
        *)
            echo "make_envs.sh knows pyg and dgl, not $name" >&2
            exit 2
            ;;
    esac
    echo "export GRAPHSAGE_BENCH_$(echo "$name" | tr a-z A-Z)=$(cd "$folder" && pwd)/$name/bin/python"
done
