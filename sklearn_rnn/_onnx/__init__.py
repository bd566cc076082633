"""Export to ONNX. onnx is imported only when it is needed."""

from .export import export_onnx

__all__ = ["export_onnx"]
