#!/usr/bin/env python3
"""What documented.py finds, and what it leaves alone."""

import unittest

import documented

SOURCE = """
ABSL_FLAG(std::string, group_instance, "",
          "Stable slot.");
  //   made(metrics.Counter("trama_example_total", "In a comment.", {"queue"})),
      seconds_(metrics.Histogram("trama_a_seconds",
                                 "From here, \\"so to speak\\" "
                                 "to there.", {"topic", "partition"}, kBuckets)),
      ready_(*metrics.Gauge("trama_a_ready", "1 when ready.")) {}
"""
README = """
Own setting: `--group_instance=slot`.
| `trama_a_seconds{topic,partition}` | time |
| `trama_a_ready` | ready |
"""


def found(source, readme):
    return [what for _, what in documented.differences(
        {"services/a/a.cc": source}, {"services/a/README.md": readme})]


class DocumentedTest(unittest.TestCase):
    def test_what_is_declared_is_read(self):
        self.assertEqual(documented.metrics_in(SOURCE),
                         ["trama_a_seconds{topic,partition}", "trama_a_ready"])
        self.assertEqual(documented.settings_in(SOURCE), ["group_instance"])

    def test_nothing_is_said_when_both_agree(self):
        self.assertEqual(found(SOURCE, README), [])

    def test_what_is_missing_is_named(self):
        self.assertEqual(found(SOURCE, "nothing"), [
            "metric `trama_a_seconds{topic,partition}` does not stand in services/a/README.md",
            "metric `trama_a_ready` does not stand in services/a/README.md",
            "setting `--group_instance` does not stand in services/a/README.md"])

    def test_what_nobody_declares_is_named(self):
        self.assertEqual(found(SOURCE, README + "`trama_a_seconds{topic}` `trama_a_old_total`"), [
            "metric `trama_a_old_total` is declared nowhere; mend its name or its labels",
            "metric `trama_a_seconds{topic}` is declared nowhere; mend its name or its labels"])

    def test_labels_that_cannot_be_read_are_refused(self):
        self.assertIn("no literals", found('m.Counter("trama_b_total", kHelp, {"x"});', "")[0])

    def test_the_nearest_readme_counts(self):
        readmes = {"services/platform/README.md": "", "services/platform/engine/README.md": ""}
        self.assertEqual(documented.nearest("services/platform/engine/x.cc", readmes),
                         "services/platform/engine/README.md")
        self.assertEqual(documented.nearest("services/platform/base/testing/x.h", readmes),
                         "services/platform/README.md")


if __name__ == "__main__":
    unittest.main()
