"""Commands on tickets, one module per noun."""
