"""Types, enums and inputs, one file per noun; no I/O except loaders."""

from api.schema import term as term
