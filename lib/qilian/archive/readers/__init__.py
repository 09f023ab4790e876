"""One module a family of foreign formats; a reader is a function from files to a contract."""
