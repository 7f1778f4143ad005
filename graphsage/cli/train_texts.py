"""What ``graphsage train --help`` and ``--help-all`` say beside the flags."""

TRAIN = """Train a GraphSAGE model on a graph, test it, and compare it with simple
baselines. What is learned follows from the labels: a class, several labels or a
number for each node; --task names other tasks. Model, settings, predictions and
a report for the browser are saved in a folder of their own, runs/DATASET-1.
"""

MANUAL = """Train a GraphSAGE model to tell the class of each node, several labels of each
node, or numbers. With --task links it tells which nodes are linked. With --task
unsupervised it makes embeddings without a look at the labels, from nodes that meet
on random walks.

Each epoch prints the training loss and the validation score: accuracy, micro-F1 of
several labels, or R^2 of numbers. The model that is best on validation is kept and
tested once. One line says which model is best, or that the test nodes are too few to tell.

Beside it stand quick baselines: what is most frequent (or the mean), and what the labels
of neighbours say (label propagation). Others take longer (--no-baseline leaves them out):
gradient-boosted trees on each node's features, the same with the mean of the neighbours'
features, and the same model trained without edges. The trees need scikit-learn (pip
install 'graphsage[baselines]'); where they would take minutes they are left out, and a
line says so.

Numbers may have any unit: they are standardised inside, and predictions and losses
(squared errors) are in their units. Of several labels, a node gets those whose
probability is above the label's threshold, which is chosen on the validation nodes.

With --task links no labels are needed. Some of the links are kept for validation and
test, drawn at random or (--split-by time) the latest ones. The model learns from the
others, and sees only them. Each kept link is ranked among --candidates pairs that are
no links. Its baselines are common neighbours, Adamic-Adar, preferential attachment, and
the same model without edges.

Ctrl-C ends the training after the step under way, saves it, and --resume goes on;
with --no-save it tests what there is. `kill PID` (SIGTERM) does the same. Where nobody
reads what is printed (`| head`), a training that is saved goes on.
"""

EXAMPLES = """three ways to train:
  --batch-size 512                        an epoch asks each training node once
  --batch-size 16 --batches-per-epoch 20  an epoch is 20 random batches
  --batch-size full --optimizer rprop     an epoch is one step on all nodes

examples:
  graphsage train --epochs 3              the bundled Debian graph
  graphsage train cora --runs 10          ten seeds, mean and deviation
  graphsage train cora --fanouts 10,5,5   three layers, as many as fanouts
  graphsage train sbm:nodes=20000,classes=10,homophily=0.7    a random graph
  graphsage train cora --task links       which papers cite each other
  graphsage train my_links --task links --split-by time --negatives 5
"""

MORE = """
All other flags, by group: graphsage train --help-all
"""
