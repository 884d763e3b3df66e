"""From a method's signature to a request, and from a response to its result.

- ``arguments``, ``options``: the types of arguments with their checks; the options of a call
- ``declarations``, ``results``: what an operation is, at run time and for type checkers
- ``payloads``: a body as a model, text or a PDF
- ``polling``, ``paging``: waiting while a 202 lasts; items over pages
- ``steps``, ``invoice_pages``: which pages to request; which of their invoices to return
"""
