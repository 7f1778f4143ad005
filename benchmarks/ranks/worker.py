"""One process of a training that is compared with others: started by torchrun, or alone.

    python -m benchmarks.ranks.worker FOLDER DATASET [flags of graphsage train]

The first process leaves weights.pt, and facts.json: updates, bytes sent an update, seconds of each epoch.
"""

import json
import os
import sys
from pathlib import Path

import torch
import torch.distributed as dist

import graphsage as gs
from graphsage.cli.main import _parser
from graphsage.cli.train import configured
from graphsage.runs.run import make_trainer


def main(argv):
    folder, dataset, *flags = argv
    if "WORLD_SIZE" in os.environ:
        dist.init_process_group("gloo")
    data = gs.load_dataset(dataset)
    given = vars(_parser().parse_args(["train", dataset, *flags]))
    trainer = make_trainer(configured(gs.RunConfig(baseline=False), given), data, log=None)
    result = trainer.fit()
    if trainer.ranks.rank == 0:
        leave(Path(folder), trainer, result)
    if dist.is_initialized():
        dist.destroy_process_group()


def leave(folder, trainer, result):
    torch.save(trainer.model.state_dict(), folder / "weights.pt")
    names = ("waiting", "training", "seconds")
    waiting, training, seconds = ([getattr(epoch, name) for epoch in result.history] for name in names)
    facts = {"updates": trainer.state.updates, "bytes": trainer.gradients.num_bytes, "batches": len(trainer.loader)}
    facts |= {"seconds": seconds, "steps": [sum(pair) for pair in zip(waiting, training)], "loss": result.history[-1].loss}
    facts |= {"weights": sum(weight.numel() for weight in trainer.model.parameters()), "test": result.test_score}
    (folder / "facts.json").write_text(json.dumps(facts))


if __name__ == "__main__":
    main(sys.argv[1:])
