#!/usr/bin/env bash
# Correctness and figures of the CUDA backend on this machine's GPU, in <= 10 minutes.
# Prints one table, writes JSON beside it.
#
#   bench/cuda/run.sh [--results FOLDER] [--seconds N] [--only FIGURE ...]
#
# Needs numba, numba-cuda, NumPy, SciPy and psutil; CuPy for cuBLAS, PyTorch and JAX for their
# rows, compute-sanitizer and nvdisasm where they are. PYTHON=/path/to/python chooses
# another one. bench/README.md says how it measures.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec "${PYTHON:-python3}" -m bench.cuda "$@"
