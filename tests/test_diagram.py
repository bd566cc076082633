import re
from email.message import Message

import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_rnn import (
    RNNLanguageModel,
    RNNTextClassifier,
    RNNTextEncoder,
    RNNTextRegressor,
    RNNTokenClassifier,
    RNNTranslator,
    SequenceVectorizer,
    SubwordVectorizer,
)
from sklearn_rnn.utils import _diagram

X, Y = ["good , not bad", "bad , not good"] * 10, ["praise", "complaint"] * 10
SMALL = {"embedding_dim": 4, "hidden_size": 3, "max_epochs": 1, "random_state": 0}


def make_classifier(**params):
    return RNNTextClassifier(**{**SMALL, **params})


def texts_of(html):
    """Return what a diagram says, without its tables of parameters and attributes."""
    html = re.sub(r"<(style|script|table).*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def test_diagram_shows_the_network_with_sizes_and_weights():
    clf = make_classifier(wide_weight=0.25).fit(X, Y)
    said = texts_of(clf._repr_html_())
    assert "recurrent network: 75%" in said
    assert "wide path: 25%" in said
    embedding = clf.module_.deep.embedding
    n_weights = sum(weight.numel() for weight in embedding.parameters())
    n_ids = embedding.table.num_embeddings
    assert f"{n_ids} tokens to 4 features, {n_weights:,} weights" in said
    assert "4 to 3 features in both directions" in said
    assert "LSTMCell" in said
    assert "SequenceVectorizer" in said  # the fitted one, as the parameter is None


def test_diagram_without_wide_path():
    said = texts_of(make_classifier(wide_weight=0).fit(X, Y)._repr_html_())
    assert "AttentionPooling" in said
    assert "wide path" not in said


def test_diagram_of_an_unfitted_estimator_shows_its_parameters():
    said = texts_of(make_classifier(vectorizer=SequenceVectorizer())._repr_html_())
    assert "vectorizer: SequenceVectorizer" in said
    assert "weights" not in said
    assert not hasattr(make_classifier(), "_sk_visual_block_")


@pytest.mark.parametrize(
    ("estimator", "data"),
    [
        (RNNLanguageModel(**SMALL), (X,)),
        (RNNTextEncoder(**SMALL), (X, Y)),
        (RNNTextRegressor(**SMALL), (X, range(20))),
        (RNNTokenClassifier(**SMALL), ([["a", "b"]] * 9, [["O", "B"]] * 9)),
        (RNNTranslator(**SMALL), (X, Y)),
        (make_pipeline(SequenceVectorizer(), make_classifier()), (X, Y)),
        (GridSearchCV(make_classifier(), {"hidden_size": [3]}, cv=2), (X, Y)),
    ],
    ids=lambda value: None if isinstance(value, tuple) else type(value).__name__,
)
def test_every_fitted_estimator_shows_its_network(estimator, data):
    said = texts_of(clone(estimator).fit(*data)._repr_html_())
    assert re.search(r"tokens to 4 features, [\d,]+ weights", said)


@pytest.mark.parametrize("vectorizer", [SequenceVectorizer(), SubwordVectorizer()])
def test_positions_are_not_called_features(vectorizer):
    if "features</div>" not in CountVectorizer().fit(["some words"])._repr_html_():
        pytest.skip("the diagrams of this scikit-learn show no features")
    columns = ColumnTransformer([("ids", vectorizer, "text")])
    for fitted in (
        vectorizer.fit(X),
        make_pipeline(vectorizer).fit(X),
        columns.fit(pd.DataFrame({"text": X})),
    ):
        said = fitted._repr_html_()
        assert "position0" not in said
        assert "features</div>" not in said
    assert vectorizer.get_feature_names_out()[0] == "position0"


def with_metadata(monkeypatch, *addresses):
    message = Message()
    for address in addresses:
        message["Project-URL"] = address
    monkeypatch.setattr(_diagram, "metadata", lambda name: message)


@pytest.mark.parametrize("make", [make_classifier, SequenceVectorizer, SubwordVectorizer])
def test_diagram_links_to_the_documentation_of_the_package(make, monkeypatch):
    with_metadata(monkeypatch, "Source, https://a.org", "Documentation, https://docs.org/latest/")
    name = type(make()).__name__
    assert make()._get_doc_link() == f"https://docs.org/latest/generated/sklearn_rnn.{name}.html"
    assert f'href="{make()._get_doc_link()}"' in make()._repr_html_()


@pytest.mark.parametrize("addresses", [(), ("Source, https://a.org",)])
def test_diagram_has_no_link_while_no_address_is_known(addresses, monkeypatch):
    with_metadata(monkeypatch, *addresses)
    assert make_classifier()._get_doc_link() == ""
    assert "Documentation for" not in make_classifier()._repr_html_()


def test_a_subclass_elsewhere_is_not_linked(monkeypatch):
    class Mine(RNNTextClassifier):
        pass

    with_metadata(monkeypatch, "Documentation, https://docs.org")
    assert Mine()._get_doc_link() == ""
