"""The call of the compiler: from the C++ files and their headers to a library.

Installing the package runs this too, before torch is there: standard library only.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("recurrence.cpp")
# No package: what walks the modules of one takes a library for a module written in C.
INSTALLED = SOURCE.with_name("lib")
FLAGS = ("-O3", "-std=c++17", "-shared", "-fPIC", "-pthread", "-fno-math-errno")
IS_X86 = platform.machine() in ("x86_64", "AMD64")

# By the names that torch has for what a processor can do. On others there is one set.
INSTRUCTION_SETS = (
    {
        "AVX2": ("-mavx2", "-mfma"),
        "AVX512": ("-mavx2", "-mfma", "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl"),
    }
    if IS_X86
    else {"DEFAULT": ()}
)


def library_name(instruction_set: str) -> str:
    """Return the file name of the installed library; one of an older source has another name."""
    return f"recurrence-{instruction_set.lower()}-{source_hash()[:16]}.so"


def source_hash() -> str:
    """Return a hash of the source."""
    files = [*_sources(), *sorted(SOURCE.parent.glob("*.h"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def compile_library(flags: tuple[str, ...], path: Path) -> None:
    """Compile the kernels with these flags too, and write the library.

    Raises
    ------
    RuntimeError
        If there is no compiler, or it fails.
    """
    compiler = find_compiler()
    command = [*compiler, *FLAGS, *flags, *map(str, _sources()), "-o", str(path)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        name = " ".join(compiler)
        raise RuntimeError(
            f"kernels=True needs a compiler of C++17, but {name} failed. Name another one by "
            f"the environment variable CXX, or set kernels=False. It said:\n{result.stderr}"
        )


def _sources() -> list[Path]:
    return sorted(SOURCE.parent.glob("*.cpp"))


def find_compiler() -> list[str]:
    """Return the command that the variable CXX holds, else the first of the usual compilers."""
    wanted = os.environ.get("CXX")
    for command in [wanted] if wanted else ["c++", "g++", "clang++"]:
        # The name of a program, which can have blanks in it, or one with its options.
        for words in ([command], _split(command)):
            if words and (found := shutil.which(words[0])):
                return [found, *words[1:]]
    raise RuntimeError(
        f"kernels=True needs a C++ compiler, but {wanted or 'c++ or g++ or clang++'} is not on the "
        "path. Install one, name one by the environment variable CXX, or set kernels=False."
    )


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # a quotation mark without its other half
        return []
