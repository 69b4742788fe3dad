"""The revisions, in the order in which they follow one another; one that was released is never changed."""
