"""What a convolution's scene asks for besides the grids: regions, places, values under the operators, the counter."""

from __future__ import annotations

from layeranim import numbers
from layeranim.engine.trace import Region
from layeranim.stories.convolution.conv_plan import ConvPlan, kernel_heading
from layeranim.stories.convolution.conv_view import ConvView
from layeranim.stories.storyboard import Address, Fact, Line, Run


class ConvParts:
    """What the scene asks for besides the grids: the chain, names, values under the operators, the counter."""

    def __init__(self, view: ConvView, stage: ConvPlan, first: int) -> None:
        self.view, self.plan, self.first = view, stage, first
        self.chain, self.labels, self.label_places, self.signs = (
            stage.chain,
            stage.labels,
            stage.label_places,
            stage.signs,
        )

    def windows(self, u: int) -> list[tuple[str, Region]]:
        """The input grids that unit ``u`` reads, with the region of each."""
        w = self.view.window(u)
        first = 0 if self.view.regrouped else self.view.first_channel(w.f)
        rows = [row for row in range(self.view.depth) if first + row < self.view.shown_channels]
        return [(f"input:{first + row}", self.view.region(w, row)) for row in rows]

    def target(self, u: int) -> tuple[str, Region]:
        """The output grid and cell that unit ``u`` writes."""
        w = self.view.window(u)
        return f"output:{w.f}", w.of("output")

    def cell(self, u: int) -> tuple[str, tuple[int, int]]:
        """The output grid, row and column of unit ``u``."""
        w = self.view.window(u)
        return f"output:{w.f}", (w.r, w.c)

    def runs(self, first: int, last: int) -> list[tuple[str, int, int, int | None]]:
        """The units from ``first`` to ``last`` by output grid: its name, its first and last cell in reading order, and
        the unit that opens a new filter there, if one does."""
        per_map = self.view.per_map
        out: list[tuple[str, int, int, int | None]] = []
        while first <= last:
            f, at = divmod(first, per_map)
            stop = min(last, (f + 1) * per_map - 1)
            out.append((f"output:{f}", at, stop - f * per_map, first if at == 0 else None))
            first = stop + 1
        return out

    def values(self, u: int) -> dict[str, Run]:
        """The number that stands under each operator when unit ``u`` has passed it."""
        view, w = self.view, self.view.window(u)
        if not (view.biased or view.activated):
            return {}
        style = self.plan.styles["pre_activation"]
        out: dict[str, Run] = {}
        at = w.index
        if view.biased and view.depth == 1:
            total = view.trace.read(w.of("partial_sums"))[0]
            out["sum"] = Run(numbers.text(total, style), "ink", source=Address("partial_sums", (*at, 0)))
        pre = view.trace.read(w.of("pre_activation"))
        out["bias" if view.biased else "sum"] = Run(
            numbers.text(pre, style), "ink", source=Address("pre_activation", at)
        )
        return out

    def kernel_heading(self, u: int) -> Line:
        """The name over the weights of unit ``u``."""
        return kernel_heading(self.view, u)

    def new_filter(self, u: int) -> bool:
        """Whether unit ``u`` is the first one of its filter."""
        return u % self.view.per_map == 0

    def counter(self, done: int) -> Line:
        """How many cells are done, of how many."""
        return Run(str(done), "ink", "semibold", Fact("done")), Run(f" / {self.view.units}", source=Fact("windows"))

    def row_end(self, u: int) -> bool:
        """Whether the window leaves its row before unit ``u``."""
        return u > 0 and u % self.view.out_shape[1] == 0
