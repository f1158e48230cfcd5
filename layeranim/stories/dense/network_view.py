"""The numbers of one multilayer perceptron, forwards or backwards: names, axes, which units are followed."""

from __future__ import annotations

from layeranim.stories import phrases
from layeranim.stories.activations import activation_word
from layeranim.stories.pictures import side_of
from layeranim.stories.stage import NetLayer, Network
from layeranim.stories.stage.arrangements import largest
from layeranim.stories.stage.figures import Figures
from layeranim.stories.storyboard import Address, FilmView, Line, Run, Telling


class NetworkView(FilmView):
    """The numbers of one network; a unit of the film is a unit of its first layer."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        config = self.config
        self.sizes: tuple[int, ...] = config.sizes
        self.layers = len(self.sizes) - 1
        self.activation: str = config.activation if self.layers > 1 else "linear"
        self.end: str = config.output_activation
        self.biased = "dense1_bias" in self.trace
        self.classes = self.end == "softmax" and self.sizes[-1] > 1
        base, self.side = telling.base, side_of(telling, self.sizes[0])
        self.digits = bool(base and base.planes and self.side and self.sizes[-1] <= 10)

    @property
    def shares(self) -> dict[str, str]:
        """What the layers make in parts of 1, as kinds."""
        inside = [self.made(k) for k in range(1, self.layers) if self.activation == "sigmoid"]
        return dict.fromkeys((*(("output",) if self.end != "linear" else ()), *inside), "share")

    def axis(self, k: int) -> str:
        return f"dense{k}_out_features" if k else "in_features"

    def made(self, k: int) -> str:
        """What a layer makes; the last one what the whole network does."""
        return "input" if k == 0 else "output" if k == self.layers else f"dense{k}_output"

    def sums(self, k: int) -> tuple[str, ...]:
        """What a layer adds up."""
        return tuple(f"dense{k}_{name}" for name in ("products", "weighted_sum", "pre_activation"))

    def error(self, k: int) -> str:
        """How the loss changes with what a layer adds up; the sums of the last one are what it makes."""
        if k < self.layers:
            return f"grad_dense{k}_pre_activation"
        return "grad_output" if self.end == "linear" else f"grad_dense{k}_output"

    def bent(self, k: int) -> bool:
        """Whether a layer's sums go through a function."""
        return (self.end if k == self.layers else self.activation) != "linear"

    def name(self, k: int) -> str:
        return "x" if k == 0 else "y" if k == self.layers else "h" if self.layers == 2 else f"h_{{{k}}}"

    def called(self, unit: int) -> str:
        """What an output is called: classes of digits by the digit."""
        return str(unit if self.digits else unit + 1)

    @property
    def winner(self) -> int:
        """The largest output of the sample that is told."""
        return largest(self.trace["output"][self.sample])[0]

    def path(self) -> list[int]:
        """Which unit is followed in each layer: the largest output, and back from there what speaks loudest for it."""
        path = [self.winner]
        for k in range(self.layers, 1, -1):
            products = self.trace[f"dense{k}_products"][self.sample, path[0]]
            path.insert(0, largest(products)[0])
        return path

    def options(self) -> tuple[str, ...]:
        """What the header keeps: sizes, the functions, whether there is a bias."""
        return (
            "→".join(map(str, self.sizes)),
            *((activation_word(self.activation),) if self.layers > 1 else ()),
            *((activation_word(self.end),) if self.end != "linear" else ()),
            *(("no bias",) if not self.biased else ()),
        )

    def symbols(self) -> dict[str, Line]:
        """What the numbers of the layers are called in front of their arithmetic."""
        out: dict[str, Line] = {}
        for k in range(1, self.layers + 1):
            name = self.name(k)
            out |= {self.sums(k)[-1]: (Run("z", "ink", "semibold"),)} if self.bent(k) else {}
            out[self.made(k)] = phrases.name(name)
        return out

    def ended(self, figures: Figures, best: int) -> Line:
        """What an output adds up, and its share."""
        z, y = (Address(name, (self.sample, best)) for name in (self.sums(self.layers)[-1], "output"))
        who = f"{'class' if self.classes else 'output'} {self.called(best)}"
        return phrases.bent(figures.text, who, z, y, self.end)

    def net(self, back: bool = False) -> Network:
        """The network as nodes; ``back``: with errors under them."""
        layers = [NetLayer("input", "x", "in_features")]
        for k in range(1, self.layers + 1):
            before = self.sums(k)[-1] if self.bent(k) else ""
            error, slopes = (self.error(k), f"grad_dense{k}_weight") if back else ("", "")
            weight = f"dense{k}_weight"
            layers.append(NetLayer(self.made(k), self.name(k), self.axis(k), weight, before, error, slopes,
                                   *((f"new_{weight}", f"grad_{self.made(k)}") if back and k < self.layers else
                                     (f"new_{weight}",) if back else ())))  # fmt: skip
        return Network(tuple(layers))
