"""A web service that answers with the probabilities of a saved classifier."""

import os
from typing import Annotated

from fastapi import FastAPI
from pydantic import BaseModel, Field

import sklearn_rnn


class Question(BaseModel):
    """What a request may ask; FastAPI refuses everything else."""

    documents: Annotated[
        list[Annotated[str, Field(max_length=20_000)]], Field(min_length=1, max_length=256)
    ]


def make_app(model):
    """Return the service of a fitted classifier."""
    model.predict_proba(["not bad"])  # so that no request waits for what is loaded on first use
    app, classes = FastAPI(), model.classes_.tolist()

    # Without `async`: FastAPI then predicts in a thread, and goes on taking requests.
    @app.post("/predict")
    def predict(question: Question):
        probabilities = model.predict_proba(question.documents)
        return {"classes": classes, "probabilities": probabilities.tolist()}

    return app


def app():
    """Open the model and return its service."""
    model = sklearn_rnn.load(os.environ["MODEL"])
    return make_app(model.set_params(n_jobs=1))  # requests run in parallel, not their parts
