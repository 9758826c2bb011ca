"""Detectors of faces, landmarks, alignment and embeddings."""
