"""Every word a person sees is translated. `just messages` brings new ones into the catalogs."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from verf.cli.blueprints import write_product
from verf.web.extracting import manifest_words, python_words

ROOT = Path(__file__).parents[2]
PLACES = [ROOT / "src/verf", *sorted(path.parent for path in ROOT.glob("products/*/*/manifest.py"))]
LANGUAGES = ("ru", "uk")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}|%[sd]")
# Days end with an abbreviation of their own in these languages: "31 марта 2026 г."
DAY_AND_STOP = re.compile(r"%\((?:date|day|ended|until)\)s\.")

pairs = pytest.mark.parametrize(
    ("place", "language"),
    [(place, language) for place in PLACES for language in LANGUAGES],
    ids=lambda part: part.name if isinstance(part, Path) else part,
)


def translated(place: Path, language: str) -> Catalog:
    path = place / "locale" / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def written(place: Path) -> Catalog:
    """What the sources say now."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    catalog = Catalog()
    for _, _, message, comments, context in extract_from_dir(place, methods, options):
        if not isinstance(message, str) or message.strip():
            catalog.add(message, auto_comments=comments, context=context)
    return catalog


def messages(catalog: Catalog) -> dict[object, Message]:
    return {message.id: message for message in catalog if message.id}


def forms(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


def faults(message: Message, plurals: int) -> list[str]:
    found = []
    if not all(forms(message)):
        found.append("is not translated")
    if message.fuzzy:
        found.append("is only a guess (fuzzy)")
    if message.pluralizable and len(forms(message)) != plurals:
        found.append(f"needs {plurals} forms")
    wanted = set(PLACEHOLDER.findall(message.id if isinstance(message.id, str) else message.id[1]))
    if any(set(PLACEHOLDER.findall(text)) != wanted for text in forms(message) if text):
        found.append("has other placeholders")
    if any(DAY_AND_STOP.search(text) for text in forms(message) if text):
        found.append("has two full stops after a day")
    return found


@pairs
def test_no_word_is_missing_and_none_is_left_over(place, language):
    catalog = messages(translated(place, language))
    sources = messages(written(place))
    assert [message for message in sources if message not in catalog] == []
    assert [message for message in catalog if message not in sources] == []


@pairs
def test_every_translation_is_complete(place, language):
    catalog = translated(place, language)
    found = {message.id: faults(message, catalog.num_plurals) for message in messages(catalog).values()}
    assert {message: told for message, told in found.items() if told} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_new_product_speaks_every_language(tmp_path, language):
    place = write_product("notes", tmp_path) / "notes"
    catalog = translated(place, language)
    assert messages(catalog).keys() == messages(written(place)).keys()
    assert [faults(message, catalog.num_plurals) for message in messages(catalog).values()] == [[]] * (len(catalog))


def test_words_are_found_in_code_templates_and_manifests():
    found = messages(written(ROOT / "src/verf"))
    assert "Enter a whole number." in found
    assert "Skip to content" in found
    assert "There is nothing here" in found
    assert "Too many requests. Please wait a little and try again." in found


def test_labels_of_manifests_are_found():
    source = BytesIO(b"room = Room(name='x', navigation=[NavigationItem(label='Sync runs', href='/', icon='x')])\n")
    assert list(manifest_words(source, (), (), {})) == [(1, "_", "Sync runs", [])]


def test_sentences_of_errors_from_below_are_found():
    source = BytesIO(b"raise QuotaExceeded('Please wait.', retry_after=1)\nraise RuntimeError('For the log.')\n")
    assert list(python_words(source, (), (), {})) == [(1, "_", "Please wait.", [])]


def test_lazy_words_are_found():
    assert list(python_words(BytesIO(b"word = lazy('Later')\n"), (), (), {})) == [(1, "_", "Later", [])]


def test_names_of_plans_are_found():
    source = BytesIO(b"PLANS = (Plan(name='pro', title='Pro', summary='For shops that grow.', rank=2),)\n")
    assert [words for _, _, words, _ in python_words(source, (), (), {})] == ["Pro", "For shops that grow."]


def test_damage_would_be_noticed():
    damaged = Message(("%(num)s product", "%(num)s products"), ("%(num)s товар", "товара"), flags=["fuzzy"])
    assert faults(damaged, 3) == ["is only a guess (fuzzy)", "needs 3 forms", "has other placeholders"]
    assert faults(Message("Until %(date)s.", "До %(date)s."), 3) == ["has two full stops after a day"]
    assert faults(Message("Save", ""), 3) == ["is not translated"]
