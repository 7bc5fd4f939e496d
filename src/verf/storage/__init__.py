"""Objects by URL: files people upload and files we make."""
