"""ModuleMap: modules by the name of a type or a relation."""

from collections.abc import Hashable, Iterator, Mapping

from torch import nn


class ModuleMap(nn.Module):
    """{name: module}, read by ``of[name]``. A state dict knows them by place: torch allows no names with dots, nor "type"."""

    def __init__(self, modules: Mapping[Hashable, nn.Module]) -> None:
        super().__init__()
        self.places = {name: str(place) for place, name in enumerate(modules)}
        for name, module in modules.items():
            self.add_module(self.places[name], module)

    def __getitem__(self, name: Hashable) -> nn.Module:
        return self._modules[self.places[name]]

    def __contains__(self, name: Hashable) -> bool:
        return name in self.places

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)

    def items(self) -> Iterator[tuple[Hashable, nn.Module]]:
        """Pairs of name and module."""
        return ((name, self[name]) for name in self.places)

    def reset_parameters(self) -> None:
        """Draw the weights of all of them anew."""
        for module in self.children():
            module.reset_parameters()

    def extra_repr(self) -> str:
        return ", ".join(f"{place}: {name}" for name, place in self.places.items())
