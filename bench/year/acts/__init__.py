"""What people do in the year: one function for each task, named as the task is."""
