"""What the paper did with a translator: augmentation, tables, figures, study, report."""
