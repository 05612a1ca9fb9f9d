"""Title and text of Markdown and MDX files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.data.formats import markdown


@pytest.fixture
def read(tmp_path):
    """Title ("" for none) and text of a file with this content."""

    def read(content, name="a.md"):
        path = tmp_path / name
        path.write_text(content, "utf-8")
        fields, text = markdown.read(path)
        return fields.get("title", ""), text

    return read


@pytest.mark.parametrize(
    ("content", "title", "text"),
    [
        ("# Pumps\n\nText.", "Pumps", "Text."),
        ("Text.\n\n## Pumps ##\n\nMore.\n\n### Valves ###\n", "Pumps", "Text.\n\n\nMore.\n\nValves"),
        ("Pumps\n=====\n\nText.\n\nValves\n---\nMore.", "Pumps", "Text.\n\nValves\nMore."),
        ("# Pumps {#pumps}\n\n## Valves {: #v .big } ##\n", "Pumps", "Valves"),
        ("# Pumps ## {.class #id key=1}\n", "Pumps", ""),
        ("# The `pump` of [Ann](http://x.org/a) **now**", "The pump of Ann now", ""),
        ("# Set {a, b}", "Set {a, b}", ""),
        ("Text.\n{: .note }\nMore.", "", "Text.\nMore."),
        ("#hashtag\n\n#\n\nText.", "", "#hashtag\n\n\n\nText."),
        ("```sh\n# no heading {#x}\n```\n# Pumps", "Pumps", "```sh\n# no heading {#x}\n```"),
        ("````\n```\n# no heading\n````\n# Pumps", "Pumps", "````\n```\n# no heading\n````"),
        (
            "Some text\nof two lines\n---\n- item\n---\n| a |\n---",
            "",
            "Some text\nof two lines\n---\n- item\n---\n| a |\n---",
        ),
        ("---\ntitle: Pumps\n---\n# pumps\n\nText.", "Pumps", "Text."),
        ("---\ntitle: Pumps\n---\n# Another\n\n# Pumps\n", "Pumps", "Another\n\nPumps"),
        ("---\ntitle: 2024\n---\nText.", "2024", "Text."),
    ],
)
def test_title_and_text(read, content, title, text):
    assert read(content) == (title, text)


MDX = """---
title: Tabs
---
import Tabs from '@theme/Tabs';
import {
  A,

  B,
} from './x'

export const Box = ({children}) => (
  <div style={{color: 'red'}}>{children}</div>
);

# Tabs {/* #tabs */}

<Tabs groupId="os" onChange={() => go({a: 1})}>
  <TabItem value="mac" label="macOS">

Use `brew <Name>` and a < b.

  </TabItem>
</Tabs>

import the data first.

{/* a
comment */}
```js
import x from 'y'
<Tabs>
```
Do <b>not</b> <></> export it.<br/>
"""


def test_mdx_without_what_is_code(read):
    title, text = read(MDX, "a.mdx")
    assert title == "Tabs"
    assert [line.strip() for line in text.splitlines() if line.strip()] == [
        "Use `brew <Name>` and a < b.",
        "import the data first.",
        "```js",
        "import x from 'y'",
        "<Tabs>",
        "```",
        "Do not  export it.",
    ]


def test_tags_of_plain_markdown_stay(read):
    assert read("import x from 'y'\n\n<b>bold</b>") == ("", "import x from 'y'\n\n<b>bold</b>")


def test_an_export_that_never_ends_hides_its_paragraph_alone(read):
    assert read("export const a = {\n\nText.\n", "a.mdx") == ("", "Text.")


@given(st.text("ab #`~-={}<>/*:.[]()'\"\n\t", max_size=80), st.sampled_from(["a.md", "a.mdx"]))
def test_words_are_lost_to_no_combination_of_marks(tmp_path_factory, content, name):
    path = tmp_path_factory.getbasetemp() / name
    path.write_text(f"word\n\n{content}", "utf-8")
    fields, text = markdown.read(path)
    assert f"{fields.get('title', '')} {text}".strip().startswith("word")
