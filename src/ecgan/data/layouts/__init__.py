"""Data set layouts: each turns a source, a folder or a zip, into a list of labelled images."""

from ecgan.data.layouts.choose import LAYOUTS, Source, find_layout, list_source
from ecgan.data.layouts.layout import Layout
from ecgan.data.layouts.select import Selection, parse_variants, select
from ecgan.data.layouts.source import (
    IMAGE_SUFFIXES,
    Form,
    Listing,
    ListOptions,
    Place,
    Rejection,
    SourceImage,
    SubjectRule,
    source_name,
)

__all__ = [
    "IMAGE_SUFFIXES",
    "LAYOUTS",
    "Form",
    "Layout",
    "ListOptions",
    "Listing",
    "Place",
    "Rejection",
    "Selection",
    "Source",
    "SourceImage",
    "SubjectRule",
    "find_layout",
    "list_source",
    "parse_variants",
    "select",
    "source_name",
]
