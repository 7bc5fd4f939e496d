import pytest

from verf.sandbox.prose import prose


@pytest.mark.parametrize(
    "text, html",
    [
        ("Two\nlines.\n\nNext.", "<p>Two\nlines.</p>\n<p>Next.</p>"),
        ("# Title\nText", "<h3>Title</h3><p>Text</p>"),
        ("- one `x`\n- two", "<ul><li>one <code>x</code>\n</li><li>two</li></ul>"),
        ("Say:\n\n```sh\ncurl <x>\n```", '<p>Say:</p>\n<pre tabindex="0">curl &lt;x&gt;</pre>\n'),
        ("| a | b |\n|---|---|", '<pre tabindex="0">| a | b |\n|---|---|</pre>'),
        ("<b>`<i>`</b>", "<p>&lt;b&gt;<code>&lt;i&gt;</code>&lt;/b&gt;</p>"),
        ("", ""),
    ],
)
def test_the_markdown_of_docstrings_becomes_html(text, html):
    assert prose(text) == html
