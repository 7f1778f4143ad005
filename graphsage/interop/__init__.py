"""Handing a batch to other libraries."""
