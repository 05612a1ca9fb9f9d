"""Where a retriever lives while it is measured: in this process, or in one of its own."""
