"""Data set layouts: each turns a source, a folder or a zip, into a list of labelled images."""

from ecgan.data.layouts.choose import (
    LAYOUTS,
    ListedSource,
    Source,
    find_layout,
    list_source,
    read_source,
)
from ecgan.data.layouts.label_map import LabelMap, read_label_map
from ecgan.data.layouts.labels_file import LABELS_NAME
from ecgan.data.layouts.layout import Layout
from ecgan.data.layouts.select import Selection, parse_variants
from ecgan.data.layouts.source import (
    Entry,
    Form,
    Listing,
    ListOptions,
    Place,
    Rejection,
    Remark,
    SourceImage,
    source_name,
)
from ecgan.data.layouts.subjects import SubjectRule
from ecgan.data.layouts.words import is_usual, nearest_expression, part_of, read_expression
from ecgan.image_names import IMAGE_SUFFIXES

__all__ = [
    "IMAGE_SUFFIXES",
    "LABELS_NAME",
    "LAYOUTS",
    "Entry",
    "Form",
    "LabelMap",
    "Layout",
    "ListOptions",
    "ListedSource",
    "Listing",
    "Place",
    "Rejection",
    "Remark",
    "Selection",
    "Source",
    "SourceImage",
    "SubjectRule",
    "find_layout",
    "is_usual",
    "list_source",
    "nearest_expression",
    "parse_variants",
    "part_of",
    "read_expression",
    "read_label_map",
    "read_source",
    "source_name",
]
