"""Nouns: frozen dataclasses, units and errors. No I/O, no pandas, no pydantic; numpy arrays carry shape and unit beside them."""
