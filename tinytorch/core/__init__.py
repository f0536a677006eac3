"""The framework as the chapters build it: one generated file for each module of the course, never edited by hand."""
