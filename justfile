# The commands of the house. `just` alone lists them.

python := ".venv/bin/python"

_list:
    @just --list --unsorted

# Make .venv with everything that development needs
setup:
    python3 run.py test -- --collect-only -q > /dev/null

# Start the whole business; templates are read anew while it runs
dev:
    .venv/bin/verf up

# Format, lint, types, import contracts, architecture
check:
    .venv/bin/ruff format --check .
    .venv/bin/ruff check .
    MYPYPATH=src:$(ls -d products/* | paste -sd:) .venv/bin/mypy --package verf $(ls products | sed 's/^/--package /')
    .venv/bin/lint-imports --no-cache
    {{ python }} -m pytest -q -p no:cacheprovider tests/architecture

# Put files into the house style
fix:
    .venv/bin/ruff check --fix .
    .venv/bin/ruff format .

# Bring new words into the catalogs; then translate what is empty in them
messages:
    set -e; for place in src/verf $(dirname products/*/*/manifest.py); do \
        .venv/bin/pybabel -q extract -F babel.cfg --no-location --sort-output --no-wrap --omit-header -o messages.pot $place; \
        for language in ru uk; do \
            .venv/bin/pybabel -q update -i messages.pot -d $place/locale -l $language --init-missing --ignore-obsolete --no-fuzzy-matching --no-wrap --ignore-pot-creation-date; \
        done; \
    done; rm messages.pot

# All tests; words after it go to pytest
test *words:
    python3 run.py test -- {{ words }}

# All of it: what a change must pass
ci: check test

# Compare with the baselines, as ratios from the same run
bench *names:
    {{ python }} -m benchmarks {{ names }}

# A year in the sandbox: so many customers, two webhooks in a hundred lost; takes long
year customers="200" days="364":
    VERF_YEAR_CUSTOMERS={{ customers }} VERF_YEAR_DAYS={{ days }} {{ python }} -m pytest tests/billing/test_year.py -q -s

# Pin every dependency with its hashes, for run.py and the image
pins:
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-package verf --no-emit-package verf-stock --no-header pyproject.toml products/*/pyproject.toml -o constraints.txt
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-package verf --no-emit-package verf-stock --no-header --group dev -c constraints.txt pyproject.toml products/*/pyproject.toml -o constraints-test.txt
