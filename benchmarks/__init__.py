"""Speed and memory of the engine, as ratios to what the published network and the machine itself give."""
