"""What guests' queries run in: worker processes, their turns and limits."""
