"""The device path: pictures stay on the GPU from upload to boxes. Process: engine, command."""
