"""What a first fit in a process must not import, since it would take longer than the fit."""

import subprocess
import sys

FITS = """
import sys
import sklearn_rnn

words = [["a", "cat", "sat"], ["two", "dogs", "ran", "off"]] * 8
X = [" ".join(each) for each in words]
targets = {
    "RNNTextClassifier": [0, 1] * 8,
    "RNNTextRegressor": [0.0, 1.5] * 8,
    "RNNTextEncoder": [0, 1] * 8,
    "RNNLanguageModel": None,
    "RNNTokenClassifier": [["D", "N", "V"], ["D", "N", "V", "P"]] * 8,
    "RNNTranslator": X,
}
for name, y in targets.items():
    model = getattr(sklearn_rnn, name)(hidden_size=4, max_epochs=1, random_state=0)
    model.fit(words if name == "RNNTokenClassifier" else X, y)
    if late := {"torch._dynamo", "sympy"} & {*sys.modules}:
        sys.exit(f"{name} imports {late}")
"""


def test_a_first_fit_leaves_the_compiler_of_torch_alone():
    done = subprocess.run([sys.executable, "-c", FITS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
