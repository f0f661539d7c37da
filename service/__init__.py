"""The ledger, the deriver, the views, the HTTP service, the pages and the command line."""
