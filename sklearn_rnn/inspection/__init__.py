"""Look inside fitted networks: functions that return data, and displays that draw it."""

from sklearn_rnn.inspection._alignment_display import AlignmentDisplay
from sklearn_rnn.inspection._attention_display import AttentionDisplay
from sklearn_rnn.inspection._character_importance import character_importance
from sklearn_rnn.inspection._correlations import unit_correlations
from sklearn_rnn.inspection._gate_display import GateDisplay
from sklearn_rnn.inspection._gradient_flow import gradient_flow
from sklearn_rnn.inspection._gradient_flow_display import GradientFlowDisplay
from sklearn_rnn.inspection._html import ShadedDocument
from sklearn_rnn.inspection._importance import token_importance
from sklearn_rnn.inspection._importance_display import TokenImportanceDisplay
from sklearn_rnn.inspection._learning_rate_display import LearningRateDisplay
from sklearn_rnn.inspection._model_card import ModelCard, model_card
from sklearn_rnn.inspection._reading_display import ReadingDisplay
from sklearn_rnn.inspection._span_display import SpanDisplay
from sklearn_rnn.inspection._state_display import StateDisplay
from sklearn_rnn.inspection._surprise import surprise
from sklearn_rnn.inspection._surprise_display import SurpriseDisplay
from sklearn_rnn.inspection._tag_probabilities import tag_probabilities
from sklearn_rnn.inspection._trace import Trace, trace
from sklearn_rnn.inspection._training_display import TrainingDisplay
from sklearn_rnn.inspection._transition_display import TransitionDisplay

__all__ = [
    "AlignmentDisplay",
    "AttentionDisplay",
    "GateDisplay",
    "GradientFlowDisplay",
    "LearningRateDisplay",
    "ModelCard",
    "ReadingDisplay",
    "ShadedDocument",
    "SpanDisplay",
    "StateDisplay",
    "SurpriseDisplay",
    "TokenImportanceDisplay",
    "Trace",
    "TrainingDisplay",
    "TransitionDisplay",
    "character_importance",
    "gradient_flow",
    "model_card",
    "surprise",
    "tag_probabilities",
    "token_importance",
    "trace",
    "unit_correlations",
]
