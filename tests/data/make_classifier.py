"""Train and save the small classifier beside this file, and write down what it predicts."""

import json
from pathlib import Path

import sklearn_rnn

FOLDER = Path(__file__).parent
DOCUMENTS = ["Good, not bad!", "Bad, not good.", "naïve café", "", "something else entirely"]


def main():
    X = ["good, not bad", "bad, not good", "a naïve café ☃"] * 8
    y = ["praise", "complaint", "neither, naïve"] * 8
    clf = sklearn_rnn.RNNTextClassifier(
        vectorizer=sklearn_rnn.SequenceVectorizer(strip_accents="unicode", max_length=20),
        embedding_dim=4,
        hidden_size=3,
        max_epochs=3,
        early_stopping=True,
        class_weight={"praise": 2.0},
        random_state=0,
    ).fit(X, y)
    sklearn_rnn.save(clf, FOLDER / "classifier-1.safetensors")
    expected = {
        "documents": DOCUMENTS,
        "classes": clf.classes_.tolist(),
        "probabilities": clf.predict_proba(DOCUMENTS).tolist(),
        "loss_curve": list(map(float, clf.loss_curve_)),
    }
    text = json.dumps(expected, indent=1, ensure_ascii=False)
    (FOLDER / "classifier-1.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
