"""LinkTask: which pairs of nodes are links."""

from dataclasses import replace

from graphsage.base.told import told
from graphsage.config.link_config import LinkConfig
from graphsage.data.links import LinkDataset
from graphsage.data.typed_links import TypedLinkDataset
from graphsage.graph.relation_names import relation_named
from graphsage.loading.link_loader import LinkLoader
from graphsage.nn.layered import has_layers
from graphsage.nn.link_predictor import LinkPredictor
from graphsage.nn.typed_model import TypedGraphSAGE
from graphsage.sampling.items import Items
from graphsage.sampling.negatives import Negatives
from graphsage.tensors.device import pick_device
from graphsage.training.link_evaluation import LinkEvaluator, until
from graphsage.training.link_objective import LinkObjective
from graphsage.training.metric import try_out
from graphsage.training.setup import (
    check_config,
    check_features,
    check_parts,
    check_types,
    check_weights,
    for_task,
    loading_options,
    make_sampler,
    normalizes,
    own_dtype,
)
from graphsage.training.task import Task
from graphsage.training.tasks import metric_for, metrics_of


class LinkTask(Task):
    """Is there a link? The pairs of a ``LinkDataset`` or ``TypedLinkDataset``, beside others that are none."""

    data, settings_kind = (LinkDataset, TypedLinkDataset), LinkConfig

    def __init__(self, model, dataset, config, settings=None, *, loss=None, store=None, progress=None):
        self.settings = settings = LinkConfig() if settings is None else settings
        check_config(config)
        check_parts(dataset, config, "links")
        _refuse_of_nodes(config)
        _refuse_other_relation(settings, dataset)
        if loss is not None:
            settings.refuse_set("link_loss", "by a loss of your own: leave it out")
        check_weights(model)
        self._batch_size, config = config.batch_size, _with_messages(for_task(config, "links", dataset), dataset)
        self.config = config
        self.device = pick_device(config.device)
        self.model, self.encoder = model.to(self.device), encoder_of(model, dataset)
        self.dataset = dataset.row_normalized() if store is None and normalizes(config, dataset) else dataset
        self.metric = metric_for(config.metric, "links")
        try_out(self.metric, (len(dataset.val), 1 + settings.candidates), None)
        self.objective = LinkObjective(model, settings, loss)
        self.loader = self._make_loader(store)
        self.evaluator = LinkEvaluator(model, self.encoder, self.loader, self.dataset, config, settings, progress)

    def _make_loader(self, store):
        dataset, config, settings = self.dataset, self.config, self.settings
        sampler = make_sampler(self.model, dataset.graph, config, **until(dataset))
        negatives = Negatives(settings.negatives, settings.negatives_by, settings.corrupt)
        options = loading_options(self.model, config, self.device, store)
        how = (dataset, sampler, config.batch_size, config.batches_per_epoch)
        loader = LinkLoader(*how, negatives=negatives, **options)
        loader.cast_to = own_dtype(self.model)
        return loader

    @property
    def validated(self):
        """The validation links, or a part of them."""
        return self.evaluator.items

    @property
    def how_to_validate(self):
        """As planned."""
        return {} if self.evaluator.plan.exact else {"sampled": True}

    def lines(self):
        """Those of all tasks, and what makes links harder to learn than they are."""
        found, decoder = super().lines(), getattr(self.model, "decoder", None)
        if self._batch_size != (size := self.config.batch_size):
            found.append(f"Batches of {size:,} links: one of {self._batch_size:,} would ask about all, and hide all messages")
        if self.loader.hides:
            rule = f"A batch asks about {100 * self.loader.hides:.0f} % of the messages and hides them from itself"
            found.append(f"{rule}: with a smaller batch_size more of them are seen")
        if self.dataset.directed and not self.dataset.is_apart and getattr(decoder, "directed", True) is False:
            found.append("Links are directed, and the decoder scores a -> b as b -> a: 'mlp' with directed=True does not")
        return found

    def evaluate(self, what, *, sampled=False):
        """On true links, ``Items`` or [n, 2]: see ``Trainer.evaluate``."""
        items = self.as_items(what)
        if not len(items):
            return None, None
        scores = self.evaluator.outputs(items, sampled=sampled)
        return self.metric.score(scores), self.objective.loss(scores.to(self.device)).item()

    def as_items(self, links, times=None):
        """``Items`` of pairs of nodes: ``links``, if they are ``Items``, else [n, 2] and their times; ValueError for others."""
        items = links if isinstance(links, Items) else Items(self.dataset.checked_pairs("links", links), time=times)
        if items.time is not None and not self.dataset.has_times:
            raise ValueError("times are of no use: the dataset's links have none")
        self.dataset.checked_pairs("links", items.seeds)
        return items

    def scores(self):
        """Each metric of links, of what was evaluated last."""
        judges = {**metrics_of("links"), self.metric.name: self.metric}
        return {name: metric.score(self.evaluator.scores) for name, metric in judges.items()}


def _with_messages(config, dataset):
    """``config`` with batches of an eighth of the links where one batch would hide all of them, and so all messages."""
    train = dataset.train.seeds
    if config.batch_size is None or config.batches_per_epoch or dataset.has_times or len(train) > config.batch_size:
        return config
    return replace(config, batch_size=max(1, len(train) // 8)) if dataset.share_seen(train) else config


def encoder_of(model, dataset):
    """The layers behind the embeddings of a ``LinkPredictor``, or None; ValueError for layers without a decoder."""
    if has_layers(model):
        given = f"a {type(model).__name__} gives embeddings of nodes, and links need logits of pairs"
        raise ValueError(f"{given}: LinkPredictor(model) makes them")
    if not isinstance(model, LinkPredictor) or not has_layers(model.encoder):
        return None
    if isinstance(dataset, TypedLinkDataset) != isinstance(model.encoder, TypedGraphSAGE):
        kind = "TypedGraphSAGE" if isinstance(dataset, TypedLinkDataset) else "GraphSAGE"
        raise ValueError(f"the encoder of a {type(dataset).__name__} must be a {kind}, got {told(model.encoder)}")
    if isinstance(dataset, TypedLinkDataset):
        check_types(model.encoder.relations, model.encoder.in_features, dataset)
    else:
        check_features(model.encoder, dataset)
    if isinstance(dataset, TypedLinkDataset) and set(dataset.ends) != set(model.encoder.targets):
        wanted = ", ".join(repr(kind) for kind in dict.fromkeys(dataset.ends))
        rule = f"the links are between {' and '.join(map(repr, dataset.ends))}, and the encoder gives embeddings of"
        raise ValueError(f"{rule} {', '.join(map(repr, model.encoder.targets))}: make it with target=({wanted},)")
    return model.encoder


def _refuse_other_relation(settings, dataset):
    """ValueError where ``settings`` name another relation than the links are of."""
    if settings.relation is None:
        return
    if not isinstance(dataset, TypedLinkDataset):
        settings.refuse_set("relation", "for a graph of one type, which has one kind of links: leave it out")
    if relation_named(dataset.graph, settings.relation) != dataset.relation:
        rule = f"relation = {settings.relation!r} is another than that of the links, {','.join(dataset.relation)}"
        raise ValueError(f"{rule}: leave it out, or split_links(..., relation=) by it")


def _refuse_of_nodes(config):
    for name in ("label_smoothing", "class_weights", "label_reuse", "correct_and_smooth"):
        config.refuse_set(name, "for links, which have no classes: leave it out")
    config.refuse_set("featureless", "for links, which degrees would give away: leave it out")
    config.refuse_set("inductive", "for links: leave it out; links of validation and test are never among the messages")
    config.refuse_set("strictly_before", "for links: leave it out; a link with a time never sees anything of that time")
