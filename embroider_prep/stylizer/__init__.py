"""Photo to illustration: classic recipes, which also teach the networks, and networks through ONNX Runtime."""
