"""Who is this: people, sign-in, sessions."""
