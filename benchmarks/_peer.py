"""A peer in its own environment, asked through a pipe."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent / "peers"
PYTHON = Path(os.environ.get("NEG_PEERS", HERE / ".venv")) / "bin" / "python"
"""Interpreter of the environment with the peers; ``NEG_PEERS`` names another folder."""


class Peer:
    """One process of the peers' environment that solves the same request again and again."""

    def __init__(self, peer: str, **arrays: Any) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._request = Path(self._folder.name) / "request.npz"
        np.savez(self._request, peer=np.asarray(peer), **arrays)
        self._process: subprocess.Popen[str] | None = None

    def __call__(self) -> dict[str, Any]:
        """Its answer: results, or ``failure``; ``seconds`` by its own clock."""
        if self._process is None:
            self._process = subprocess.Popen(
                [PYTHON, HERE / "worker.py"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{self._request}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.communicate()
            self._process = None
        self._folder.cleanup()
