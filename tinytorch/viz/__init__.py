"""Figures of your own network, drawn with matplotlib (the extra `viz`): each function returns a figure to show or save.

    filters(model)                              what the filters of a layer look like
    exciting_patches(model, images)             what they answer to most
    feature_maps(model, image)                  what every layer makes of a picture
    grad_cam(model, image)                      where the network looks
    receptive_field(model, image, "conv2")      what a place of a map sees
    explain(conv, x, at=(n, o, i, j))           how one number came about
    learning_curves(history)                    how training went
    confusion_matrix(model, data)               what is taken for what
    surest_mistakes(model, data)                where the network is sure and wrong
    shifted_pictures(models, data)              what it makes of pictures that stand elsewhere
    speed_ladder("ladder.json")                 the rungs of chapter 09, timed

A notebook shows what they return; elsewhere `filters(model).savefig("filters.png")`. Pictures are arrays or tensors as
the network wants them. The data behind the figures are in `tinytorch.analysis`, without matplotlib.
"""

try:
    import matplotlib  # noqa: F401
except ImportError as error:
    raise ImportError("tinytorch.viz draws with matplotlib, the extra `viz`: pip install -e '.[viz]'") from error

from tinytorch.viz.arithmetic import explain
from tinytorch.viz.ladder import speed_ladder
from tinytorch.viz.maps import feature_maps, grad_cam, receptive_field
from tinytorch.viz.shifts import shifted_pictures
from tinytorch.viz.training import confusion_matrix, learning_curves, surest_mistakes
from tinytorch.viz.weights import exciting_patches, filters

__all__ = [
    "confusion_matrix",
    "exciting_patches",
    "explain",
    "feature_maps",
    "filters",
    "grad_cam",
    "learning_curves",
    "receptive_field",
    "shifted_pictures",
    "speed_ladder",
    "surest_mistakes",
]
