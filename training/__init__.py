"""Train a style of your own: photos to pairs, pairs to a network, a network to ONNX. Run ``python -m training``."""
