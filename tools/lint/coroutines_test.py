#!/usr/bin/env python3
"""The rules about coroutines find what GCC 12 spoils, and leave alone what it compiles."""

import unittest

from coroutines import BRACES, CHOICE, CLOSURE, CONDITION, check


def said(*lines):
    return [what for _, what in check("Awaitable<void> Run() {\n" + "\n".join(lines) + "\n}\n")]


class Coroutines(unittest.TestCase):
    def test_conditions(self):
        for line in ("if (co_await Ready()) return;", "if (a && !(co_await Write(x)).error) {}",
                     "while ((co_await Next()) != 1) {}", "do {} while (co_await Next());",
                     "switch (co_await Next()) {}", "if (bool a = b; co_await Ready()) {}"):
            self.assertEqual(said(line), [CONDITION], line)
        for line in ("if (auto failed = co_await Begin(route)) co_return *failed;",
                     "const bool ready = co_await Ready(); if (ready) {}",
                     "if (const int n = co_await Next(); n > 1) {}", "if (a) co_await Next();",
                     "for (const P& p : co_await All()) Use(p);"):
            self.assertEqual(said(line), [], line)

    def test_braces(self):
        for line in ("co_await Send({name, 1});", "co_await Send(Mail{.to = name});",
                     "Mail mail{co_await Name(), 1};", "mails.push_back({co_await Name(), 1});",
                     "co_await Send(Mail{}, [&] { Done(); });"):
            self.assertEqual(said(line), [BRACES], line)
        for line in ("Mail mail{name, 1}; co_await Send(std::move(mail));", "co_return Mail{};",
                     "if (a) { co_await Send(mail); } else { co_await Drop(mail); }",
                     "co_await Call<P>([&](Done done) { queue.push_back({1, done}); });"):
            self.assertEqual(said(line), [], line)

    def test_closures(self):
        for line in ("co_await Call([name] { Use(name); });", "co_await [=]() -> Awaitable<void> {}();",
                     "co_await Call(1, [&a, b = std::move(b)](int) mutable -> int { return 1; });"):
            self.assertEqual(said(line), [CLOSURE], line)
        for line in ("co_await Call([&] { Use(name); });", "co_await Call([this, &a] { Use(a); });",
                     "co_await Call(names[i]);",
                     "auto call = [name] { Use(name); }; co_await Call(call);",
                     "spawn([name]() -> Awaitable<void> { co_await Call(name); });"):
            self.assertEqual(said(line), [], line)

    def test_choices(self):
        self.assertEqual(said("co_await Send(a ? b : std::string());"), [CHOICE])
        self.assertEqual(said("const P p = a ? co_await Get() : P();"), [CHOICE])
        self.assertEqual(said("const P p = a ? b : c; co_await Send(p);"), [])
        self.assertEqual(said('co_await Send("why?"); // or {not}?'), [])

    def test_the_line_is_named(self):
        self.assertEqual(check("void F() {\n  x();\n  co_await Send(\n      {1});\n}\n")[0][0], 4)


if __name__ == "__main__":
    unittest.main()
