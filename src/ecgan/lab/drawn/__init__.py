"""Drawn faces: stylised people with expressions by action units, exact masks and landmarks."""
