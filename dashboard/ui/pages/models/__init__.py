"""The parts of the page “Models”: what is here, the hub, and the card of the model in use."""
