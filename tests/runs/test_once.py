"""A start looks at everything once: a trainer for the training and one for its baseline, one store, one reading of features."""

import numpy as np
import pytest
from helpers.table_files import write_tables

from graphsage.graph import features as features_module
from graphsage.runs.trainer import Trainer
from graphsage.tensors.store import FeatureStore

RING = "source,target\n" + "".join(f"{i},{(i + 1) % 30}\n" for i in range(30))
NODES = "id,label\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(30))


@pytest.fixture
def counts(monkeypatch):
    """{what: how often it was made or done}."""
    found = {"trainers": 0, "stores": 0, "scans": 0}

    def counted(name, function):
        def replacement(*arguments, **options):
            found[name] += 1
            return function(*arguments, **options)

        return replacement

    monkeypatch.setattr(Trainer, "__init__", counted("trainers", Trainer.__init__))
    monkeypatch.setattr(FeatureStore, "__init__", counted("stores", FeatureStore.__init__))
    monkeypatch.setattr(features_module, "_checked_dense", counted("scans", features_module._checked_dense))
    return found


def test_a_start_on_an_imported_folder(command, counts, tmp_path):
    folder = write_tables(tmp_path / "mine", RING, NODES, np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32))
    assert command("import", folder)[0] == 0
    counts.update(dict.fromkeys(counts, 0))
    code, out, err = command("train", folder, "--epochs", 2, "--batch-size", 8, "--fanouts", "2,2")
    assert code == 0, err
    assert "features only" in out
    assert counts == {"trainers": 2, "stores": 1, "scans": 1}
