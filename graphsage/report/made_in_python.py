"""What a report says of a run that was made in Python, where no command repeats what the script alone has."""

from dataclasses import dataclass

from graphsage.config.options import OWN, plain
from graphsage.config.settings import RunConfig


@dataclass(frozen=True)
class Made:
    """A training by ``Trainer``. module: the name of a model that the settings would not make; None: they would."""

    module: str | None = None

    def line(self, config: RunConfig) -> str:
        """A sentence on what is in the script alone, and what was left out."""
        parts = {**plain(config), **plain(config.model), **plain(config.train)}
        own = [f"{name} {value.removesuffix(OWN)}" for name, value in parts.items() if str(value).endswith(OWN)]
        own += [] if self.module is None else [f"model {self.module}"]
        told = f"; {', '.join(own)}: in its script alone" if own else ""
        return f"Made in Python by Trainer{told}. Baselines beyond the simplest are those of graphsage train."
