"""Compares the hub's answers with its own description, `/api/openapi.json`."""

from __future__ import annotations

import json
import re
from typing import Any

import bson
from jsonschema import Draft202012Validator


class Contract:
    """An OpenAPI document that answers are held against."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    def check(self, method: str, path: str, status: int, content_type: str, body: bytes) -> None:
        """Assert that an answer is one that the document names, in type, shape and values.

        `path` is what was asked for, without the query; `content_type` the header as it came.
        """
        responses = self._operation(method, path)["responses"]
        assert str(status) in responses, f"{method} {path}: {status} is not described"
        contents = self._resolved(responses[str(status)]).get("content", {})
        kind = content_type.partition(";")[0]
        if not contents:
            assert status in (204, 303), f"{method} {path}: {status} has no content described"
            return
        assert kind in contents, f"{method} {path}: {status} came as {content_type}"
        schema = contents[kind]["schema"]
        if kind == "application/json":
            self.validate(json.loads(body, parse_constant=_not_json), schema)
        elif kind == "application/bson":
            self.validate(bson.decode(body), schema)
        elif kind.startswith("text/"):
            self.validate(body.decode(), schema)

    def validate(self, value: object, schema: dict[str, Any]) -> None:
        """Assert that a value follows a schema, which may refer to the document's."""
        root = {**schema, "components": self.document["components"]}
        problems = [
            f"{error.json_path}: {error.message}"
            for error in Draft202012Validator(root).iter_errors(value)
        ]
        assert problems == []

    def _operation(self, method: str, path: str) -> dict[str, Any]:
        paths = self.document["paths"]
        names = sorted(paths, key=lambda name: name.count("{"))  # what is literal goes first
        for name in names:
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", name), path):
                operation: dict[str, Any] = paths[name][method.lower()]
                return operation
        raise AssertionError(f"{path} is not described")

    def _resolved(self, response: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in response:
            return response
        found: dict[str, Any] = self.document["components"]["responses"][
            response["$ref"].rpartition("/")[2]
        ]
        return found


def _not_json(word: str) -> float:
    raise AssertionError(f"{word} is no JSON")
