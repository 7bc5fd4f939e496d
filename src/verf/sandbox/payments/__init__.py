"""What all simulated money providers share: state that outlives the process, webhooks, knobs, hosted pages, controls.

Not a provider itself: each one is a package beside these files and knows nothing of billing.
"""
