"""The parts of “Carry a head over”."""
