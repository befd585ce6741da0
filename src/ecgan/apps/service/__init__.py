"""`ecgan serve`: the REST service and the page."""
