"""The REST API, one module per resource: parse, call the service, answer. Process: hub."""
