"""The settings of a training that was made in Python, as the files of a run have them."""

from dataclasses import replace

from graphsage.config.groups import ModelConfig
from graphsage.config.link_config import LinkConfig
from graphsage.config.options import OWN
from graphsage.config.settings import RunConfig
from graphsage.config.walk_config import WalkConfig
from graphsage.data.catalogue import built_in
from graphsage.data.generators.by_name import is_generated
from graphsage.data.link_parts import LinkParts
from graphsage.data.typed_links import TypedLinkDataset
from graphsage.report.made_in_python import Made
from graphsage.trained.model_file import DECODERS, can_save, encoder_of


def settings_of(trainer):
    """(``RunConfig``, ``Made``) of ``trainer``; of one that a ``RunConfig`` made, that and None."""
    if trainer.run_config is not None:
        return trainer.run_config, None
    model, train, settings = trainer.model, trainer.config, trainer.task.settings
    is_ours = can_save(model)
    parts = {"model": encoder_of(model).settings if is_ours else ModelConfig(num_layers=len(train.fanouts))}
    if isinstance(settings, LinkConfig):
        decoder = DECODERS[type(model.decoder)] if is_ours else settings.decoder
        relation = {"relation": trainer.dataset.relation} if isinstance(trainer.dataset, TypedLinkDataset) else {}
        parts |= {"task": "links", "links": replace(settings, decoder=decoder, **relation)}
    if isinstance(settings, WalkConfig):
        parts |= {"task": "unsupervised", "walks": settings}
    config = RunConfig(dataset=_name(trainer.dataset), train=train, baseline=False, **parts)
    is_made_so = is_ours and encoder_of(model).seed == train.seed
    return config, Made(None if is_made_so else type(model).__name__)


def _name(dataset):
    """What ``load_dataset`` makes it of; else, and where the caller split its links, its name as one of the caller's own."""
    name, is_split = dataset.name, isinstance(dataset, LinkParts) and dataset.how_split is None
    is_known = name is not None and (built_in(name) is not None or is_generated(name)) and not is_split
    return name if is_known else f"{name or 'unnamed'}{OWN}"
