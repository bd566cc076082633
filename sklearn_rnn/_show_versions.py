"""What a bug report needs to say about the machine, like scikit-learn's `show_versions`."""

import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version

# What the package needs, then what it works with where it is there.
_PACKAGES = (
    "sklearn-rnn",
    "torch",
    "skorch",
    "scikit-learn",
    "scipy",
    "numpy",
    "pandas",
    "regex",
    "safetensors",
    "tokenizers",
    "tqdm",
    "joblib",
    "threadpoolctl",
    "matplotlib",
    "onnx",
    "onnxruntime",
    "polars",
    "pyarrow",
    "skops",
    "pip",
)


def show_versions():
    """Print useful debugging information.

    Paste the output into a bug report. It lists the system, the versions of the dependencies,
    how PyTorch computes, whether the compiled kernels for the CPU are installed, and the thread
    pools.

    Examples
    --------
    >>> import sklearn_rnn
    >>> sklearn_rnn.show_versions()
    <BLANKLINE>
    System:
    ...
    Kernels:
    ...
    """
    sections = {
        "System": _get_system(),
        "Python dependencies": {name: _get_version(name) for name in _PACKAGES},
        "PyTorch": _get_torch(),
        "Kernels": _get_kernels(),
    }
    sections |= {f"threadpoolctl info {n}": pool for n, pool in enumerate(_get_pools(), 1)}
    for title, entries in sections.items():
        width = max(map(len, entries))
        print(f"\n{title}:")
        for name, value in entries.items():
            print(f"{name:>{width}}: {value}")


def _get_system():
    return {
        "python": sys.version.replace("\n", " "),
        "executable": sys.executable,
        "machine": platform.platform(),
    }


def _get_version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _get_torch():
    import torch

    blas = re.search(r"BLAS_INFO=([^,\s]+)", torch.__config__.show())
    gpus = [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
    return {
        "threads": torch.get_num_threads(),
        "interop threads": torch.get_num_interop_threads(),
        "BLAS": blas and blas[1],
        "instruction set": torch.backends.cpu.get_cpu_capability(),
        "CUDA": torch.version.cuda,
        "GPUs": ", ".join(gpus) or None,
    }


def _get_kernels():
    from sklearn_rnn.modules.kernels import describe_kernels

    return describe_kernels()


def _get_pools():
    from threadpoolctl import threadpool_info

    keys = ("user_api", "internal_api", "num_threads", "prefix", "filepath", "version")
    pools = [{key: pool.get(key) for key in keys} for pool in threadpool_info()]
    return sorted(pools, key=lambda pool: pool["filepath"])  # not as they happened to be loaded
