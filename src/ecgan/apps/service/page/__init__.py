"""The page: Gradio, without anything that asks other hosts or writes down who was here."""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
