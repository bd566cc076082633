"""Look inside fitted networks: functions that return data, and displays that draw it."""

from sklearn_rnn.inspection._attention_display import AttentionDisplay
from sklearn_rnn.inspection._correlations import unit_correlations
from sklearn_rnn.inspection._gate_display import GateDisplay
from sklearn_rnn.inspection._gradient_flow import gradient_flow
from sklearn_rnn.inspection._gradient_flow_display import GradientFlowDisplay
from sklearn_rnn.inspection._html import ShadedDocument
from sklearn_rnn.inspection._importance import token_importance
from sklearn_rnn.inspection._importance_display import TokenImportanceDisplay
from sklearn_rnn.inspection._reading_display import ReadingDisplay
from sklearn_rnn.inspection._state_display import StateDisplay
from sklearn_rnn.inspection._surprise import surprise
from sklearn_rnn.inspection._surprise_display import SurpriseDisplay
from sklearn_rnn.inspection._trace import Trace, trace
from sklearn_rnn.inspection._training_display import TrainingDisplay

__all__ = [
    "AttentionDisplay",
    "GateDisplay",
    "GradientFlowDisplay",
    "ReadingDisplay",
    "ShadedDocument",
    "StateDisplay",
    "SurpriseDisplay",
    "TokenImportanceDisplay",
    "Trace",
    "TrainingDisplay",
    "gradient_flow",
    "surprise",
    "token_importance",
    "trace",
    "unit_correlations",
]
