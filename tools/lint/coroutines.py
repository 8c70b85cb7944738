"""What GCC 12 compiles wrongly in coroutines, found in the text.

Measured with GCC 12.2, with and without optimisation, by objects that know their own address:

- Within a full expression that holds a co_await, an aggregate made by braces, a closure that
  captures by value and a `?:` are copied byte by byte. A short std::string then points at where it
  was, and what it owned is freed twice. What a constructor or a function has made is copied
  correctly.
- A co_await in the condition of an if, while or switch ends a coroutine without a variable in its
  outermost block by an illegal instruction.

The cure for both is to give it a name first.
"""

import re

CONDITION = "a co_await in a condition is miscompiled by GCC 12: give its result a name first"
BRACES = "braces in an expression with co_await are miscompiled by GCC 12: give the object a name first"
CLOSURE = ("a closure that captures by value in an expression with co_await is miscompiled by GCC 12: "
           "give it a name first, or capture by reference")
CHOICE = "?: in an expression with co_await is miscompiled by GCC 12: give the choice a name first"

_LITERALS = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"\((?:.|\n)*?\)"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
_OPENERS = {")": "(", "]": "[", "}": "{"}
_CONTROL = re.compile(r"\b(if|while|switch|for)\s*(constexpr\s*)?$")
_DECLARATION = re.compile(r"^\s*[\w:<>,&*\s]+[\s&*](\w+|\[[^\]]*\])\s*=[^=]")
# What stands in front of the brace of a block.
_BLOCK = re.compile(
    r"(^|[);{}:\]]|\b(else|do|try|const|noexcept|override|final|mutable)|->[\w:<>,&*\s]+)\s*$")
_BY_REFERENCE = re.compile(r"^(&\s*\w*(\.\.\.)?|this|\w+\s*=\s*&.*|&\s*\w+\s*=.*|)$", re.DOTALL)


def _blank(match):
    """The same length and line ends, but no words and brackets."""
    return re.sub(r"[^\n]", " " if match.group().startswith(("//", "/*")) else "_", match.group())


def _pairs(text):
    """Position of every bracket -> position of its partner."""
    partner, stack = {}, []
    for at, char in enumerate(text):
        if char in "([{":
            stack.append(at)
        elif char in ")]}" and stack and text[stack[-1]] == _OPENERS[char]:
            partner[at] = stack.pop()
            partner[partner[at]] = at
    return partner


def _opens_block(text, at):
    return _BLOCK.search(text[max(0, at - 200):at]) is not None


def _is_control(text, at):
    return text[at] == "(" and _CONTROL.search(text[max(0, at - 30):at]) is not None


def _enclosing(text, partner, at):
    """The bracket that is open at `at`; 0 when there is none."""
    while at > 0:
        at -= 1
        if text[at] in "([{":
            return at
        if text[at] in ")]}":
            at = partner.get(at, 0)
    return 0


def _expression(text, partner, at):
    """The full expression around `at`: where it begins and ends, and whether it is a condition."""
    begin = at
    while begin > 0:
        char = text[begin - 1]
        if char == "{" and _opens_block(text, begin - 1):
            break
        if char == ";":
            opener = _enclosing(text, partner, begin - 1)
            if not _is_control(text, opener):
                break
            begin = opener + 1
            continue
        if char == "(" and _is_control(text, begin - 1):
            return begin, partner.get(begin - 1, len(text)), True
        if char in ")]}" and begin - 1 in partner:
            opener = partner[begin - 1]
            # The end of a statement, of a condition: but not of a closure within the expression.
            if char == ")" and _is_control(text, opener):
                break
            if char == "}" and _opens_block(text, opener) and not re.match(r"\s*[),(;.]", text[begin:]):
                break
            begin = opener
            continue
        begin -= 1
    end = at
    while end < len(text) and text[end] != ";":
        if text[end] in "([{":
            end = partner.get(end, len(text))
        elif text[end] == "}" and _opens_block(text, partner.get(end, end)):
            break
        end += 1
    return begin, end, False


def _odd_parts(text, partner, begin, end):
    """What must not stand in this expression; bodies of closures are expressions of their own."""
    at = begin
    while at < end:
        char = text[at]
        if char == "{":
            if not _opens_block(text, at):
                yield at, BRACES
            else:
                at = partner.get(at, end)
        elif char == "?":
            yield at, CHOICE
        elif char == "[" and at in partner and _opens_closure(text[begin:at]):
            captures = text[at + 1:partner[at]]
            if any(not _BY_REFERENCE.match(one.strip()) for one in captures.split(",")):
                yield at, CLOSURE
        at += 1


def _opens_closure(before):
    """Not an index, which stands behind a name or a bracket."""
    return not re.search(r"[\w)\]]\s*$", re.sub(r"\b(co_await|co_return|return|throw)\s*$", "", before))


def _is_bare_condition(text, begin, end):
    condition = text[begin:end].rsplit(";", 1)[-1]
    return "co_await" in condition and not _DECLARATION.match(condition)


def check(source):
    """[(line, what is wrong)] of the text of one file."""
    text = _LITERALS.sub(_blank, source)
    partner = _pairs(text)
    found = set()
    for match in re.finditer(r"\bco_await\b", text):
        begin, end, is_condition = _expression(text, partner, match.start())
        keyword = _CONTROL.search(text[max(0, begin - 31):begin - 1]) if is_condition else None
        if keyword and keyword.group(1) != "for" and _is_bare_condition(text, begin, end):
            found.add((match.start(), CONDITION))
        found.update(_odd_parts(text, partner, begin, end))
    return sorted((text.count("\n", 0, at) + 1, what) for at, what in found)
