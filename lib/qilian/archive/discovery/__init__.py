"""What lies in a folder, and the catalogue that could name it."""
