import pytest

from verf.web import lazy, locale, ngettext, speak
from verf.web.locales import gettext, load_catalogs, negotiate

RUSSIAN = r"""
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\n"

msgid "Hello, %(name)s"
msgstr "Здравствуйте, %(name)s"

msgid "%(num)s product"
msgid_plural "%(num)s products"
msgstr[0] "%(num)s товар"
msgstr[1] "%(num)s товара"
msgstr[2] "%(num)s товаров"
"""


@pytest.fixture
def russian(tmp_path):
    rooms = [tmp_path / name for name in ("first", "second")]
    for room, text in zip(
        rooms, (RUSSIAN, RUSSIAN.replace("Hello", "Bye").replace("Здравствуйте", "Пока")), strict=True
    ):
        folder = room / "ru" / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "messages.po").write_text(text)
    load_catalogs(rooms)
    speak("ru")
    yield
    speak("en")
    load_catalogs([])


def test_the_catalogs_of_all_rooms_are_merged(russian):
    assert gettext("Hello, %(name)s", name="Анна") == "Здравствуйте, Анна"
    assert gettext("Bye, %(name)s", name="Анна") == "Пока, Анна"
    assert gettext("100% unknown") == "100% unknown"


@pytest.mark.parametrize(
    ("count", "words"), [(1, "1 товар"), (2, "2 товара"), (5, "5 товаров"), (21, "21 товар"), (111, "111 товаров")]
)
def test_numbers_take_the_form_of_the_language(russian, count, words):
    assert ngettext("%(num)s product", "%(num)s products", count) == words


def test_lazy_words_are_translated_when_shown(russian):
    words = lazy("Hello, %(name)s", name="A")
    assert str(words) == "Здравствуйте, A"
    speak("en")
    assert str(words) == "Hello, A"


def test_an_unknown_language_is_english():
    speak("tlh")
    assert locale() == "en"


@pytest.mark.parametrize(
    ("cookie", "preferred", "accepted", "chosen"),
    [
        ("uk", "ru", "en", "uk"),
        (None, "ru", "en", "ru"),
        ("xx", None, "uk-UA,uk;q=0.9,en;q=0.8", "uk"),
        (None, None, "en;q=0.5, ru-RU;q=0.9", "ru"),
        (None, None, "de, fr", "en"),
        (None, None, None, "en"),
        (None, None, "!!;q=zz,,;;,ru", "ru"),
    ],
)
def test_the_persons_choice_comes_first(cookie, preferred, accepted, chosen):
    assert negotiate(cookie=cookie, preferred=preferred, accepted=accepted) == chosen


async def test_each_request_speaks_the_language_of_its_reader(client):
    english = await client.get("/design")
    assert '<html lang="en"' in english.text
    russian = await client.get("/design", headers={"accept-language": "ru"})
    assert '<html lang="ru"' in russian.text
    client.cookies.set("locale", "uk")
    assert '<html lang="uk"' in (await client.get("/design", headers={"accept-language": "ru"})).text
