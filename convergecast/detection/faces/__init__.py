"""Detectors of faces, landmarks, alignment and embeddings. Process: engine, command."""
