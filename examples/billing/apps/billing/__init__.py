"""Invoices, and the money that comes in for them."""
