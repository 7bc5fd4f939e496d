"""Pages: the design system, forms, security headers, problems, charts and the request's transaction."""
