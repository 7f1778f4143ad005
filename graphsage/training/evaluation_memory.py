"""Exact evaluation within the memory there is: told before the training, and never what it ends by."""

from dataclasses import replace
from pathlib import Path

from graphsage.base.checks import TooLarge
from graphsage.nn.foretold import sizes
from graphsage.nn.room import Room
from graphsage.training.ranks import ALONE


class WithinMemory:
    """What evaluators share. A subclass has ``config``, ``loader`` and ``plan``, and says what is needed and how to do without.

    folder: where files of outputs go that do not fit memory, if it is there; None: one for temporary files. ranks: the
    ``Ranks`` that compute outputs together, for as long as the loop says so. room: the ``Room`` of exact outputs.
    """

    folder, ranks, _room = None, ALONE, None

    @property
    def room(self):
        if self._room is not None:
            return self._room
        folder = self.folder if self.folder is not None and Path(self.folder).is_dir() else None
        return Room(memory=self.config.memory, scratch=folder, ranks=self.ranks if self.ranks.size > 1 else None)

    @room.setter
    def room(self, room):
        self._room = room

    def needed(self):
        """``Foretold`` of exact outputs; None where there are none."""
        raise NotImplementedError

    def looks_at_all(self):
        """Does a layer look at the inputs of all neighbours, which from files is slow?"""
        raise NotImplementedError

    def give_up_exact(self):
        """Outputs are sampled from now on."""
        raise NotImplementedError

    def memory_line(self):
        """What is to be told of it, "" where it fits. Where neither memory nor disk suffice, outputs are sampled from here on.

        Validation is sampled, too, where files would be slow and the setting says how much memory there is: what happens to be
        free must not choose, as a resume would choose otherwise.
        """
        need, config = self.needed(), self.config
        try:
            line = "" if need is None else self.room.line(need, self.loader.device)
        except TooLarge as error:
            if config.evaluate == "exact":
                raise
            self.give_up_exact()
            self.plan = replace(self.plan, exact=False)
            return f"Validation and test are on sampled neighbours: {error}"
        if not line or not self.looks_at_all():
            return _sentence(line)
        if config.memory is None or config.evaluate == "exact" or not self.plan.exact:
            return _sentence(f"{line}, which is slow where a layer looks at all neighbours (--evaluate sampled)")
        self.plan = replace(self.plan, exact=False)
        return f"Validation is on sampled neighbours: exact evaluation takes {sizes(need.total, config.memory)} are allowed"


def _sentence(line):
    return line[:1].upper() + line[1:]
