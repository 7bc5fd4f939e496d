"""Telegram bots: updates in, dialogs kept, messages out."""
