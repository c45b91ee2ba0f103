"""What is on this machine and what can be brought to it: looked at before anything is loaded."""
