"""A page that shows a network from the inside: `tito explore`, or `python -m tinytorch.explorer`.

One HTML file, which needs no network: a convolution to step through, every feature map of a network with the
arithmetic behind each number, and a picture to push about. The numbers in it come from the `tinytorch` at hand.
"""
