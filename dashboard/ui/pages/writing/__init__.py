"""“What the model writes”."""
