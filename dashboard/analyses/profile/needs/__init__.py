"""What part of a head does the model need? Its attention replaced by its own models of position, syntax, context."""
