"""What users of other programs type first: each gets the flag's name here, and nothing is accepted in silence."""

import pytest

from graphsage.cli import main as cli
from graphsage.cli.other_names import ELSEWHERE, SAID_OTHERWISE, hint

TRAIN = "(try: graphsage train --help)"


@pytest.mark.parametrize("typed, here", [
    ("--lr 0.01", "--learning-rate"), ("--lr=0.01", "--learning-rate"), ("--learning_rate 0.01", "--learning-rate"),
    ("--gpu", "--device cuda"), ("--gpu 0", "--device cuda"), ("--cuda", "--device cuda"), ("--no-cuda", "--device cpu"),
    ("--no_cuda", "--device cpu"), ("--layers 3", "--num-layers"), ("--n-layers 3", "--num-layers"),
    ("--num_layers 3", "--num-layers"), ("--hidden 64", "--hidden-features"), ("--hidden_channels 64", "--hidden-features"),
    ("--hidden-dim 64", "--hidden-features"), ("--batch_size 512", "--batch-size"), ("--batch 512", "--batch-size"),
    ("--num-neighbors 10,10", "--fanouts"), ("--num_neighbors 10", "--fanouts"), ("--fanout 10,10", "--fanouts"),
    ("--fan-out 10", "--fanouts"), ("--wd 5e-4", "--weight-decay"), ("--weight_decay 0", "--weight-decay"),
    ("--workers 4", "--num-threads"), ("--num_workers 4", "--num-threads"), ("-e 10", "--epochs"), ("-b 32", "--batch-size"),
    ("-lr 0.1", "--learning-rate"), ("--n-epochs 3", "--epochs"), ("--aggr max", "--aggregator"),
    ("--aggregator-type mean", "--aggregator"), ("--drop-out 0.5", "--dropout"), ("--feat-drop 0.1", "--input-dropout"),
    ("--log-interval 5", "--log-every"), ("--eval-every 5", "--evaluate-every"), ("--save-dir x", "--out"), ("-o x", "--out"),
    ("--early-stopping 5", "--patience"), ("--fp16", "--precision bfloat16"), ("--bn", "--norm batch"),
    ("--jk cat", "--jumping"), ("--seeds 3", "--seed"),
    ("--checkpoint x", "--resume"), ("--random-seed 1", "--seed"), ("--EPOCHS 3", "--epochs"), ("--epohcs 3", "--epochs"),
    ("--epoch 3", "--epochs"), ("--learn 1", "--learning-rate"),
])  # fmt: skip
def test_a_flag_of_another_program_gets_its_name_here(typed, here, refused):
    flag = typed.split()[0].partition("=")[0]
    assert refused("train", "cora", *typed.split()) == f"{flag!r} is not understood, did you mean {here}? {TRAIN}"


@pytest.mark.parametrize("line, sentence", [
    ("train --dataset cora", "the dataset is named without a flag, as in: graphsage train cora"),
    ("train --data cora", "the dataset is named without a flag, as in: graphsage train cora"),
    ("train cora --model sage", "the model is GraphSAGE, and --aggregator says how neighbours are reduced (models of your own: "
                                "gs.Trainer in Python)"),
    ("train --in-channels 8", "it follows from the dataset"),
    ("evaluate run --epochs 3", "--epochs is a flag of `graphsage train`"),
    ("evaluate run --lr 3", "--learning-rate is a flag of `graphsage train`"),
    ("import folder --seed 3", "--seed is a flag of `graphsage train`"),
    ("datasets info cora --seed 3", "--seed is a flag of `graphsage train`"),
    ("embed run --nodes 3", "--nodes is a flag of `graphsage predict`"),
    ("train cora --directed", "--directed is a flag of `graphsage import`"),
])  # fmt: skip
def test_what_is_said_elsewhere_or_otherwise(line, sentence, refused):
    command, flag = line.split()[0], next(word for word in line.split() if word.startswith("--"))
    assert refused(*line.split()) == f"{flag!r} is not understood: {sentence} (try: graphsage {command} --help)"


def test_a_flag_that_is_like_none_gets_no_guess(refused):
    assert refused("train", "--zzz=3") == f"'--zzz' is not understood {TRAIN}"
    assert refused("train", "-z") == f"'-z' is not understood {TRAIN}"
    assert hint("core", ["--core"], {}) == hint("graph", ["--core"], {}) == hint("gpu", ["--device"], {}) == ""


def test_every_hint_is_a_legal_flag_and_no_name_is_there_twice():
    flags = {flag for parser in cli._parser().commands.values() for flag in parser.flags}
    assert [here for here in ELSEWHERE if here.partition(" ")[0] not in flags] == []
    names = [name for names in (*ELSEWHERE.values(), *SAID_OTHERWISE.values()) for name in names.split()]
    assert len(set(names)) == len(names) and [name for name in names if f"--{name}" in flags] == []
    assert not any(set(name) & set("_-= ") == {"_"} or name.startswith("-") or name != name.lower() for name in names)
