"""The paper's experiments as one command: methods, scores, tables, figures, report."""
