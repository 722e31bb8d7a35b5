"""What the panel shows, of which every text is whole at the width of a narrow dock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from driving import choose, wait_for
from panel_width import assert_fits


def shown(module: Any) -> Iterator[str]:
    """All that the panel shows or would show in a tooltip, now and when it is laid out anew, which may be later."""
    yield from texts_of(module)
    assert_fits(module, module.ui.statusLabel.text or module.ui.factsLabel.text)
    yield from texts_of(module)


def texts_of(module: Any) -> Iterator[str]:
    for widget in vars(module.ui).values():
        for name in ("text", "toolTip"):
            yield str(widget.property(name) or "")
        if widget.inherits("QComboBox"):
            yield from (widget.itemText(index) for index in range(widget.count))
            yield from (str(widget.itemData(index, 3) or "") for index in range(widget.count))  # its tooltip


def chosen(module: Any, node: Any) -> Iterator[str]:
    choose(module.ui.inputSelector, node)
    if node is not None and module._parameters.inputVolume is not node:  # as what the selector does not offer
        module.panel._input.show(node)
    yield from shown(module)


def when_ended(module: Any) -> Iterator[str]:
    """What is shown once nothing goes on any more."""
    wait_for(lambda: not module.panel._busy)
    yield from shown(module)
