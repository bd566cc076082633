"""Export to ONNX. Nothing here imports onnx before it is needed."""

from .export import export_onnx

__all__ = ["export_onnx"]
