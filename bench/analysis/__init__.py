"""From sealed cells to every stored table: figures, why they are so, and the verdict."""
