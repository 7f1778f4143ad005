"""A training, an embedding and predictions on a Ray cluster, here one of this machine.

    pip install 'graphsage[ray]'
    python examples/ray_cluster.py

On a cluster that runs, say where it is first, ``ray.init(address="auto")``, or start this by ``ray job submit``. The folder
must be seen by all machines under one name.
"""

import graphsage as gs
import graphsage.ray


def main(dataset="debian", folder="runs/on-ray"):
    """Two workers train; what is lost is made again."""
    config = gs.RunConfig(dataset=dataset, baseline=False, train=gs.TrainConfig(epochs=5))
    graphsage.ray.train(config, folder=folder, workers=2)
    graphsage.ray.embed(folder, f"{folder}/embed.npy")
    graphsage.ray.predict(folder, f"{folder}/predict.csv")


if __name__ == "__main__":
    main()
