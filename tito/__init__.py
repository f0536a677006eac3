"""The command line that runs a student's day. It never runs a student's code in its own process."""
