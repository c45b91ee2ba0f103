"""What decided a prediction: gradient × input and integrated gradients, next to what each head attends to."""
