"""Figures and the self-contained HTML page of `ecgan reproduce`."""

from ecgan.lab.reproduce.page.report import write_report

__all__ = ["write_report"]
