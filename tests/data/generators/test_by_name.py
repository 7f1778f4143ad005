"""Generated datasets: what the text asks for is what comes, and every other text is refused with a sentence."""

import json

import numpy as np
import pytest
from helpers.graphs import digest

from graphsage.data.catalogue import load_dataset
from graphsage.data.dataset import DatasetError
from graphsage.data.generators import recipe
from graphsage.data.generators.by_name import GENERATORS, generate, generate_into, usage


def test_what_is_asked_for_is_made():
    dataset = load_dataset("sbm:nodes=2001,classes=4,degree=6,homophily=0.5,features=5,train=0.2,val=0.3,seed=9")
    assert dataset.name.startswith("sbm:nodes=2001,")
    assert (dataset.num_nodes, dataset.num_features, dataset.num_classes) == (2001, 5, 4)
    assert (len(dataset.train), len(dataset.val), len(dataset.test)) == (400, 600, 1001)
    assert np.bincount(dataset.labels).tolist() == [501, 500, 500, 500]
    src, dst = dataset.graph.to_edges()
    assert len(src) == 2 * 6003
    assert np.count_nonzero(dataset.labels[src] == dataset.labels[dst]) == 2 * round(6003 * 0.5)
    assert dataset.features.dtype == np.float32


def test_defaults():
    assert load_dataset("sbm").num_nodes == load_dataset("sbm:").num_nodes == 10_000
    assert load_dataset("rmat:scale=8").graph.num_nodes == 256
    assert [line.partition(":")[0] for line in usage()] == list(GENERATORS)
    assert generate(usage()[0].replace("10000", "300")).num_nodes == 300  # the text is one that is understood


@pytest.mark.parametrize("spec", ["sbm:nodes=300", "rmat:scale=8"])
def test_the_same_text_is_the_same_dataset(spec):
    def arrays(spec):
        made = load_dataset(spec)
        return made.graph.indices, made.labels, made.features, made.train, made.val, made.test

    first, again, other = arrays(spec), arrays(spec), arrays(f"{spec},seed=1")
    assert digest(first) == digest(again)
    for one, two in zip(first, other):
        assert not np.array_equal(one, two)


def test_golden_dataset():
    made = load_dataset("sbm:nodes=300,seed=5")
    arrays = made.graph.indptr, made.graph.indices, made.labels, made.train, made.val, made.test
    assert digest(arrays)[:16] == "0f04779e9af5e468"
    # numpy's normal draws need not be the same to the last bit on every machine
    assert made.features[:2, :3] == pytest.approx(np.array([[0.9664, 0.8450, 1.0780], [0.2029, -0.9950, -0.9060]]), abs=1e-3)


def test_features_are_class_means_and_noise():
    """40,000 nodes: a class's mean is known to 0.007 a feature, the noise's deviation to 0.1 %; bounds of 5 deviations."""
    made = load_dataset("rmat:scale=15,classes=2,features=6,separation=4,degree=1")
    means = np.stack([made.features[made.labels == label].mean(axis=0) for label in (0, 1)])
    assert 1 < np.linalg.norm(means, axis=1).mean() < 10
    noise = made.features - means[made.labels]
    assert abs(noise.std() - 1) < 0.01
    assert abs(np.corrcoef(noise.T) - np.eye(6)).max() < 0.03
    flat = load_dataset("rmat:scale=15,classes=2,features=6,separation=0,degree=1").features
    assert abs(flat.mean(axis=0)).max() < 0.03


@pytest.mark.parametrize(
    "spec, sentence",
    [
        ("sbm:node=3", "options are OPTION=VALUE, each once, with commas between: nodes, degree, .*; got 'node=3'"),
        ("sbm:nodes", "options are OPTION=VALUE, .*; got 'nodes'"),
        ("sbm:nodes=9,nodes=9", "options are OPTION=VALUE, .*; got 'nodes=9'"),
        ("sbm:nodes=9,", "options are OPTION=VALUE, .*; got ''"),
        ("rmat:nodes=9", "options are OPTION=VALUE, .*: scale, degree, .*; got 'nodes=9'"),
        ("sbm:nodes=many", "nodes must be an integer, got 'many'"),
        ("sbm:nodes=1e5", "nodes must be an integer, got '1e5'"),
        ("sbm:nodes=0", "nodes must be an integer from 1 to 2147483647, got 0"),
        ("sbm:nodes=5,degree=1", "classes must be an integer from 1 to 5, got 8"),
        ("sbm:classes=0", "classes must be an integer from 1 to 10000, got 0"),
        ("sbm:features=0", "features must be an integer >= 1, got 0"),
        ("sbm:seed=-1", "seed must be an integer from 0 to 18446744073709551615, got -1"),
        ("sbm:homophily=high", "homophily must be a number, got 'high'"),
        ("sbm:homophily=1.5", "homophily must be from 0 to 1, got 1.5"),
        ("sbm:homophily=nan", "homophily must be from 0 to 1, got nan"),
        ("sbm:degree=-1", "degree must be from 0 to nodes - 1, 9999, got -1.0"),
        ("sbm:nodes=100,degree=99", "degree and homophily ask for 3960 edges in a class, more than half of the 576 pairs"),
        ("sbm:separation=inf", "separation must be >= 0 and finite, got inf"),
        ("sbm:train=0.7,val=0.4", "val must be from 0 to 1 - train, 0.3, got 0.4"),
        ("sbm:train=2", "train must be from 0 to 1, got 2.0"),
        ("rmat:scale=31", "scale must be an integer from 0 to 30, got 31"),
        ("rmat:degree=0", "degree must be an integer >= 1, got 0"),
        ("rmat:scale=30,degree=1000", "it would need [0-9,]+ bytes, and there are"),
        ("sbm:nodes=2000000000,degree=1000", "it would need [0-9,]+ bytes, and there are"),
    ],
)
def test_what_is_refused(spec, sentence):
    with pytest.raises(DatasetError, match=f"^{spec}: {sentence}"):
        load_dataset(spec)


def test_a_generated_dataset_has_one_split():
    with pytest.raises(DatasetError, match="^sbm has one split: leave split out, got 1$"):
        load_dataset("sbm", split=1)


def test_shares_that_add_up_to_one():
    assert len(load_dataset("sbm:nodes=300,train=0.9,val=0.1").test) == 0


def test_other_names_are_not_generated():
    with pytest.raises(DatasetError, match="no dataset is called 'smb:nodes=3'"):
        load_dataset("smb:nodes=3")


@pytest.mark.parametrize("spec", ["rmat:scale=9,degree=5,features=3,seed=7", "sbm:nodes=300,degree=4", "typed:papers=50"])
def test_written_into_a_folder_it_is_the_same(spec, tmp_path, monkeypatch):
    """Features in parts that are no whole number of chunks, edges by the sort in files."""
    monkeypatch.setattr(recipe, "CHUNK", 70)
    generate_into(spec, tmp_path / "made")
    load_dataset(spec).save(tmp_path / "saved")
    names = [sorted(path.name for path in (tmp_path / place).iterdir()) for place in ("made", "saved")]
    assert names[0] == names[1]
    for path in (tmp_path / "saved").iterdir():
        assert path.read_bytes() == (tmp_path / "made" / path.name).read_bytes() or path.name == "about.json", path.name
    one, two = (json.loads((tmp_path / name / "about.json").read_text()) for name in ("made", "saved"))
    assert one == two


def test_features_do_not_depend_on_how_many_are_drawn_at_a_time(monkeypatch):
    whole = load_dataset("sbm:nodes=301,features=5").features
    monkeypatch.setattr(recipe, "CHUNK", 7)
    assert np.array_equal(load_dataset("sbm:nodes=301,features=5").features, whole)


def test_what_cannot_be_written_into_a_folder(tmp_path, monkeypatch):
    with pytest.raises(DatasetError, match="^rmat:scale=x: scale must be an integer, got 'x'$"):
        generate_into("rmat:scale=x", tmp_path / "made")
    with pytest.raises(DatasetError, match="^rmat:scale=3: .* is there already, and a dataset folder is written anew"):
        generate_into("rmat:scale=3", tmp_path)
    with pytest.raises(DatasetError, match="^sbm:nodes=2000000000,train=0: it would need .* bytes, and there are"):
        generate_into("sbm:nodes=2000000000,train=0", tmp_path / "made")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_called_as_a_generator_is_the_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rmat").mkdir()  # holds none
    generate("sbm:nodes=40,classes=2").save("sbm")
    assert load_dataset("sbm").num_nodes == 40
    assert load_dataset("rmat").num_nodes == 1 << 14
