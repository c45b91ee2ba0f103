"""What a model predicts of a text, as a function of the vectors of its tokens, so that gradients can be taken."""

from dashboard.capture.gradients.class_head import ClassHead, class_head
from dashboard.capture.gradients.predictor import Kind, Predictor, predictor, predicts_something

__all__ = ["ClassHead", "Kind", "Predictor", "class_head", "predictor", "predicts_something"]
