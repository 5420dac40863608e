"""Invoices and their payments."""
