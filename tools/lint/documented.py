"""Metrics and settings are a contract: what the code declares stands in the README of its folder, and
a README names no metric that nobody declares.

The README of a file is the nearest one in its folder or above. A metric is declared by a call like
`metrics.Counter("trama_x_total", "Help.", {"queue"})` and named as `trama_x_total{queue}`; a setting is
declared by ABSL_FLAG and named as `--x` or `x`, in backquotes both.
"""

import pathlib
import re

STRING = r'"(?:[^"\\]|\\.)*"'
METRIC = re.compile(
    r"(?:\.|->)(?:Counter|Gauge|Histogram)\(\s*\"(?P<name>trama_\w+)\"\s*,\s*"
    rf"(?:{STRING}\s*)+(?:,\s*\{{(?P<labels>[^}}]*)\}})?")
DECLARING = re.compile(r"(?:\.|->)(?:Counter|Gauge|Histogram)\(\s*\"trama_")
FLAG = re.compile(r"ABSL_FLAG\([^,]+,\s*(\w+)\s*,")
NAMED_METRIC = re.compile(r"trama_[a-z0-9_]+(\{[a-z0-9_,]+\})?")


def without_comments(text):
    return re.sub(r"^\s*//.*$", "", text, flags=re.M)


def metrics_in(text):
    """Names with labels, as READMEs write them; None among them for one that cannot be read."""
    text = without_comments(text)
    names = []
    for match in METRIC.finditer(text):
        labels = re.findall(r'"(\w+)"', match.group("labels") or "")
        names.append(match.group("name") + ("{" + ",".join(labels) + "}" if labels else ""))
    return names + [None] * (len(DECLARING.findall(text)) - len(names))


def settings_in(text):
    return FLAG.findall(without_comments(text))


def quoted_in(readme):
    """Everything in backquotes on one line."""
    return set(re.findall(r"`([^`\n]+)`", readme))


def differences(declared, readmes):
    """`declared`: path -> text of a source. `readmes`: path -> text. Yields (path, what)."""
    everywhere = set()
    for path, text in declared.items():
        readme = nearest(path, readmes)
        quoted = quoted_in(readmes.get(readme, ""))
        for name in metrics_in(text):
            if name is None:
                yield path, "a metric is declared with labels or help that are no literals"
                continue
            everywhere.add(name)
            if name not in quoted:
                yield path, f"metric `{name}` does not stand in {readme or 'any README'}"
        named = set().union(*(re.split(r"[\s=,]+", each) for each in quoted))
        for flag in settings_in(text):
            if not {f"--{flag}", flag} & named:
                yield path, f"setting `--{flag}` does not stand in {readme or 'any README'}"
    for readme, text in readmes.items():
        for name in sorted(quoted_in(text)):
            if NAMED_METRIC.fullmatch(name) and name not in everywhere:
                yield readme, f"metric `{name}` is declared nowhere; mend its name or its labels"


def nearest(path, readmes):
    for folder in pathlib.PurePosixPath(path).parents:
        if f"{folder}/README.md" in readmes:
            return f"{folder}/README.md"
    return None


def check(root, paths, report):
    ours = [path for path in paths if path.startswith("services/")]
    texts = {path: (root / path).read_text(errors="replace") for path in ours
             if path.endswith((".cc", ".h", "README.md"))}
    sources = {path: text for path, text in texts.items()
               if not path.endswith(("README.md", "_test.cc"))
             and not re.search(r"/(testing|bench)/", path)}
    readmes = {path: text for path, text in texts.items() if path.endswith("README.md")}
    for path, what in differences(sources, readmes):
        report(path, 1, what)
