"""Compiles the kernels while a wheel is made; without a compiler it is made without them.

pip keeps to itself what is said here, unless it is called with -v or the build fails. With the
environment variable SKLEARN_RNN_REQUIRE_KERNELS, a wheel without kernels is such a failure.

There is a library for each set of instructions that the package tells apart at run time, so that
one wheel serves all processors of a platform.
"""

import os
import sysconfig
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import TemporaryDirectory

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = "sklearn_rnn/modules/kernels"


class KernelBuildHook(BuildHookInterface):
    """Add the libraries to the wheel, or for an editable installation to the sources."""

    def initialize(self, version, build_data):
        """Compile, and tell hatchling of the files."""
        required = os.environ.get("SKLEARN_RNN_REQUIRE_KERNELS", "0") != "0"
        if self.target_name != "wheel":
            return
        if os.name != "posix":
            if required:
                raise RuntimeError(
                    "SKLEARN_RNN_REQUIRE_KERNELS is set, but kernels are for POSIX systems only."
                )
            return
        compiler = _import_compiler(Path(self.root, FOLDER))
        editable = version == "editable"
        if editable:
            folder = compiler.INSTALLED
            folder.mkdir(exist_ok=True)
            for old in folder.glob("recurrence-*.so"):
                old.unlink()
        else:
            self.temporary = TemporaryDirectory()  # kept until the wheel is written
            folder = Path(self.temporary.name)
        libraries = {}
        try:
            for name, flags in compiler.INSTRUCTION_SETS.items():
                library = folder / compiler.library_name(name)
                compiler.compile_library(flags, library)
                libraries[str(library)] = f"{FOLDER}/lib/{library.name}"
        except RuntimeError as error:
            if required:
                raise RuntimeError(f"SKLEARN_RNN_REQUIRE_KERNELS is set, but {error}") from error
            self.app.display_warning(f"Made without kernels for recurrent layers: {error}")
            return
        if not editable:
            build_data["force_include"].update(libraries)
        build_data["pure_python"] = False
        # The libraries know nothing of Python: one wheel for all its versions.
        platform = sysconfig.get_platform().translate(str.maketrans("-.", "__"))
        build_data["tag"] = f"py3-none-{platform}"


def _import_compiler(folder):
    """Import one module of the package, which as a whole needs torch."""
    spec = spec_from_file_location("_compiler", folder / "_compiler.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
