"""From folders of photographs to training batches."""
