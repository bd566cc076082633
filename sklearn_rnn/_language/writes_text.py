"""The methods of a language model that write text."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn._language.beam import search_texts
from sklearn_rnn._language.continuation import Continuation
from sklearn_rnn._language.generation import draw_texts, grow, make_choose
from sklearn_rnn._language.network_reader import make_reader
from sklearn_rnn._language.reader import Reader, TextReader
from sklearn_rnn._language.sampling import draw_seeds
from sklearn_rnn._language.writers import make_writer
from sklearn_rnn._sklearn_compat import Interval, validate_parameter_constraints
from sklearn_rnn._text.sequences import check_sequences
from sklearn_rnn._training.model_lock import lock_of
from sklearn_rnn._training.process_state import prediction_workers, side_by_side
from sklearn_rnn._training.settings import count_workers

_STREAM_CONSTRAINTS: dict = {
    "prompt": [str],
    "max_new_tokens": [Interval(Integral, 1, None, closed="left")],
    "temperature": [Interval(Real, 0, None, closed="left")],
    "top_k": [Interval(Integral, 1, None, closed="left"), None],
    "top_p": [Interval(Real, 0, 1, closed="right"), None],
    "repetition_penalty": [Interval(Real, 0, None, closed="neither")],
    "stop": [str, list, tuple, None],
    "label": "no_validation",
    "random_state": ["random_state", np.random.Generator],
}
_GENERATE_CONSTRAINTS: dict = {
    **_STREAM_CONSTRAINTS,
    "n_samples": [Interval(Integral, 1, None, closed="left"), None],
    "num_beams": [Interval(Integral, 1, None, closed="left")],
    "length_penalty": [Interval(Real, None, None, closed="neither")],
}


class WritesText:
    """Mixin of a language model: `generate` and `stream`.

    The model has the parameter `n_jobs`, has learned `documents_` and `reverse_`, and has what
    `make_reader` needs.
    """

    documents_: bool
    reverse_: bool
    n_jobs: int | None

    def generate(
        self,
        prompt="",
        max_new_tokens=200,
        *,
        temperature=1.0,
        top_k=None,
        top_p=None,
        repetition_penalty=1.0,
        stop=None,
        n_samples=None,
        num_beams=1,
        length_penalty=1.0,
        label=None,
        random_state=None,
    ):
        """Write text that continues a prompt.

        The text is returned without the prompt, and begins with a space if one belongs there, so
        that ``prompt + model.generate(prompt)`` is the whole text.

        Parameters
        ----------
        prompt : str, default=""
            The text to continue. Tokens that are not in the vocabulary are read as the unknown
            token, which is never written.

        max_new_tokens : int, default=200
            Largest number of tokens to write. A text ends earlier if the model ends it, unless
            it was fitted with ``documents=False``.

        temperature : float, default=1.0
            Divides the scores of the tokens before the softmax. Below 1, likely tokens become
            likelier still; above 1, texts get more surprising. 0 takes the most likely token each
            time.

        top_k : int, default=None
            Draw only from the `top_k` most likely tokens. None draws from all.

        top_p : float in range (0.0, 1.0], default=None
            Draw only from the most likely tokens, the fewest whose probabilities add up to at least
            this (nucleus sampling, Holtzman et al., 2020). None draws from all.

        repetition_penalty : float, default=1.0
            Above 1, tokens of the prompt and of the text so far become less likely: their scores
            are divided by it if positive, and multiplied by it if negative (Keskar et al., 2019).
            Useful for words and subwords, but not for characters, which have to repeat.

        stop : str or list of str, default=None
            The text ends before the first of these that occurs.

        n_samples : int, default=None
            Number of texts to write at once, returned as a list. None returns one text as a str.
            The first samples are the same for any `n_samples`, up to rounding errors of the
            network.

        num_beams : int, default=1
            If greater than 1, search for the most likely text instead of drawing one: at each
            token, keep this number of texts (beam search). `temperature`, `top_k` and `top_p` must
            have their defaults. `n_samples` of the texts are returned, the best first, and
            `num_beams` must be at least as large.

        length_penalty : float, default=1.0
            Beam search ranks texts by the logarithm of their probability, divided by their number
            of tokens to the power of this. 0 prefers short texts; the higher, the longer. Ignored
            if ``num_beams=1``.

        label : object, default=None
            The class of the text, one of `classes_`. Only for a model that was fitted with labels.

        random_state : int, Generator, RandomState instance or None, default=None
            Seed of the random numbers. An int gives the same text each time.

        Returns
        -------
        text : str or list of str
            The text, or a list of `n_samples` texts.

        Raises
        ------
        ValueError
            If a parameter has an invalid value, or beam search is combined with parameters of
            random drawing.
        TypeError
            If the model was fitted on token ids, so that there is no text to write.

        Notes
        -----
        `repetition_penalty`, `temperature`, `top_k` and `top_p` mean what they mean in Hugging
        Face's transformers, and are applied in this order. Words are joined by the rules of
        English: no space before a comma, two quotation marks around what is between them.
        """
        params = {name: value for name, value in locals().items() if name != "self"}
        stop = _check_params(self, "generate", params, _GENERATE_CONSTRAINTS)
        _check_beams(temperature, top_k, top_p, n_samples, num_beams)
        n_texts = 1 if n_samples is None else n_samples
        seeds = draw_seeds(random_state, n_texts)
        with lock_of(self).reading(), prediction_workers(count_workers(self.n_jobs)):
            reader, state, text = self._open(prompt, stop, label, repetition_penalty)
            if num_beams > 1:
                texts = search_texts(
                    text,
                    reader,
                    state,
                    num_beams=num_beams,
                    max_new_tokens=max_new_tokens,
                    length_penalty=length_penalty,
                )[:n_texts]
            else:
                texts = draw_texts(
                    text,
                    reader,
                    state,
                    seeds,
                    max_new_tokens=max_new_tokens,
                    temperature=temperature,
                    top_k=top_k,
                    top_p=top_p,
                )
        written = [each.finish() for each in texts]
        return written[0] if n_samples is None else written

    def stream(
        self,
        prompt="",
        max_new_tokens=200,
        *,
        temperature=1.0,
        top_k=None,
        top_p=None,
        repetition_penalty=1.0,
        stop=None,
        label=None,
        random_state=None,
    ):
        """Write text that continues a prompt, piece by piece.

        Parameters
        ----------
        prompt : str, default=""
            The text to continue. Tokens that are not in the vocabulary are read as the unknown
            token, which is never written.

        max_new_tokens : int, default=200
            Largest number of tokens to write. A text ends earlier if the model ends it, unless
            it was fitted with ``documents=False``.

        temperature : float, default=1.0
            Divides the scores of the tokens before the softmax. Below 1, likely tokens become
            likelier still; above 1, texts get more surprising. 0 takes the most likely token each
            time.

        top_k : int, default=None
            Draw only from the `top_k` most likely tokens. None draws from all.

        top_p : float in range (0.0, 1.0], default=None
            Draw only from the most likely tokens, the fewest whose probabilities add up to at least
            this (nucleus sampling, Holtzman et al., 2020). None draws from all.

        repetition_penalty : float, default=1.0
            Above 1, tokens of the prompt and of the text so far become less likely: their scores
            are divided by it if positive, and multiplied by it if negative (Keskar et al., 2019).
            Useful for words and subwords, but not for characters, which have to repeat.

        stop : str or list of str, default=None
            The text ends before the first of these that occurs. What may be its beginning is held
            back until it is clear that it is not.

        label : object, default=None
            The class of the text, one of `classes_`. Only for a model that was fitted with labels.

        random_state : int, Generator, RandomState instance or None, default=None
            Seed of the random numbers. An int gives the same text each time.

        Returns
        -------
        pieces : iterator of str
            The text that `generate` returns, as it is written. A piece is a token, or several if
            they form one character.

        Raises
        ------
        ValueError
            If a parameter has an invalid value, or if the model reads texts from their end.
        TypeError
            If the model was fitted on token ids, so that there is no text to write.
        """
        params = {name: value for name, value in locals().items() if name != "self"}
        stop = _check_params(self, "stream", params, _STREAM_CONSTRAINTS)
        seeds = draw_seeds(random_state, 1)
        choose = make_choose(seeds, temperature=temperature, top_k=top_k, top_p=top_p)
        with lock_of(self).reading(), prediction_workers(count_workers(self.n_jobs)):
            reader, state, text = self._open(prompt, stop, label, repetition_penalty)
        growth = grow([text], reader, state, choose, max_new_tokens=max_new_tokens)
        return self._pieces(text, growth)

    def _make_reader(self, label: Any) -> Reader:
        """Return a reader of texts of one label, or of any."""
        return make_reader(self, label)

    def _open(
        self, prompt: str, stop: tuple[str, ...], label: Any, repetition_penalty: float
    ) -> tuple[TextReader, Any, Continuation]:
        """Return the model, its state after the prompt, and the text that will follow."""
        vectorizer = getattr(self, "vectorizer_", None)
        if self.reverse_:
            raise ValueError(
                f"This {type(self).__name__} was fitted with reverse=True: it predicts what comes "
                "before a text, and cannot continue one. Fit one with reverse=False."
            )
        if vectorizer is None:
            raise TypeError(
                f"This {type(self).__name__} was fitted on token ids, which stand for no text. To "
                "generate text, fit it on texts."
            )
        model = self._make_reader(label)
        reader = TextReader(model, repetition_penalty=repetition_penalty, ends=self.documents_)
        (state,) = side_by_side(reader.start, [_read_prompt(prompt, vectorizer)])
        writer = make_writer(vectorizer)
        return reader, state, Continuation(writer, writer.start(prompt), stop)

    def _pieces(self, text: Continuation, growth: Iterator[None]) -> Iterator[str]:
        """Yield what is added to a text with each step."""
        goes_on = True
        while goes_on:
            with lock_of(self).reading(), prediction_workers(count_workers(self.n_jobs)):
                (goes_on,) = side_by_side(_take_step, [growth])
            if not goes_on:
                text.finish()
            if piece := text.take():
                yield piece


def _take_step(growth: Iterator[None]) -> bool:
    return next(growth, growth) is None


def _read_prompt(prompt: str, vectorizer: Any) -> np.ndarray:
    """Return the token ids of a prompt, without truncation."""
    vectorizer = copy.copy(vectorizer)
    for name, value in {"max_length": None, "sparse_output": True}.items():
        if hasattr(vectorizer, name):
            setattr(vectorizer, name, value)
    return check_sequences(vectorizer.transform([prompt])).data


def _check_params(estimator: Any, method: str, params: dict, constraints: dict) -> tuple[str, ...]:
    """Check the parameters of a method, and return the stop strings."""
    check_is_fitted(estimator)
    name = f"{type(estimator).__name__}.{method}"
    validate_parameter_constraints(constraints, params, caller_name=name)
    stop = () if params["stop"] is None else params["stop"]
    stop = (stop,) if isinstance(stop, str) else tuple(stop)
    for each in stop:
        if not isinstance(each, str) or not each:
            raise ValueError(
                f"The 'stop' parameter of {name} must be a str or a list of str, none of them "
                f"empty. Got {params['stop']!r} instead."
            )
    return stop


def _check_beams(
    temperature: float, top_k: Any, top_p: Any, n_samples: int | None, num_beams: int
) -> None:
    if num_beams == 1:
        return
    if temperature not in (0, 1) or top_k is not None or top_p is not None:
        raise ValueError(
            "Beam search draws nothing at random. Leave 'temperature', 'top_k' and 'top_p' at "
            f"their defaults, or set num_beams=1. Got {temperature=}, {top_k=}, {top_p=}, "
            f"{num_beams=}."
        )
    if n_samples is not None and n_samples > num_beams:
        raise ValueError(
            f"Beam search finds as many texts as it has beams. Got {n_samples=}, {num_beams=}; "
            "set num_beams to n_samples or more."
        )
