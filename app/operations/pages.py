"""The page of a problem: its title, what happened, what to do, and an example. Pure."""

import inspect
import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any

from app.core.errors import Problem


def problem_page(problem: type[Problem], body: Mapping[str, Any]) -> str:
    """The page as HTML, from the class's docstring; ``body`` is an example of it."""
    paragraphs = inspect.cleandoc(problem.__doc__ or problem.title).split("\n\n")
    words = "\n".join(f"<p>{_marked(paragraph)}</p>" for paragraph in paragraphs)
    example = json.dumps(body, indent=2, ensure_ascii=False)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(problem.title)} · Stet</title>
<link rel="stylesheet" href="/docs/static/problem.css">
</head>
<body>
<main>
<p class="status">{problem.status} <code>{escape(problem.code)}</code></p>
<h1>{escape(problem.title)}</h1>
{words}
<h2>Example</h2>
<pre><code>{escape(example)}</code></pre>
<p><a href="/docs">The API's documentation</a></p>
</main>
</body>
</html>
"""


def _marked(paragraph: str) -> str:
    return re.sub(r"``(.+?)``", r"<code>\1</code>", escape(" ".join(paragraph.split())))
