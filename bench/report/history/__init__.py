"""All stored runs of a folder on one page: results/index.html."""
