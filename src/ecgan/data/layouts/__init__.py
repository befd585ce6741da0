"""Data set layouts: each turns a source, a folder or a zip, into a list of labelled images."""

from ecgan.data.layouts.choose import (
    LAYOUTS,
    ListedSource,
    Source,
    find_layout,
    list_source,
    read_source,
)
from ecgan.data.layouts.layout import Layout
from ecgan.data.layouts.select import Selection, parse_variants
from ecgan.data.layouts.source import (
    IMAGE_SUFFIXES,
    Entry,
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
    "Entry",
    "Form",
    "Layout",
    "ListOptions",
    "ListedSource",
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
    "read_source",
    "source_name",
]
