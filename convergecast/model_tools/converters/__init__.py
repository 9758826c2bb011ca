"""Makes ONNX models from the files that others publish. Process: command."""
