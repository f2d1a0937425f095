"""The peers' process answers or says why not; ours solves what the peer's equations say."""

import sys
from pathlib import Path

import numpy as np

from benchmarks import _peer, case_peers


def test_a_failing_peer_is_an_answer(monkeypatch):
    monkeypatch.setattr(_peer, "PYTHON", Path(sys.executable))
    peer = _peer.Peer("nobody", size=np.ones(2))
    assert peer()["failure"] == peer()["failure"] == "KeyError: 'nobody'"
    peer.close()


def test_without_the_environment_there_are_no_cases(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(case_peers, "PYTHON", tmp_path / "python")
    assert case_peers.cases() == []
    assert "no peers" in capsys.readouterr().err


def test_resistances_clear_markets_at_the_shares_held():
    """Both equations of multilateral resistance, written out."""
    costs, after, output, spending = case_peers._made_up(6)
    y, e = output / output.sum(), spending / spending.sum()
    price, residual = case_peers._prices(np.exp(costs), np.exp(after), y, e)
    assert residual <= 1e-10 and not np.allclose(price, 1.0, atol=1e-5)
    model = case_peers.Shares(np.exp(costs), y, e)
    found = case_peers.short_run(model)
    q = np.exp(found.prices["outward"])
    reach = (y * q) @ np.exp(costs)
    np.testing.assert_allclose(q * (np.exp(costs) @ (e / reach)), 1.0, rtol=1e-9)
    np.testing.assert_allclose(reach[-1], 1.0, rtol=1e-9)
