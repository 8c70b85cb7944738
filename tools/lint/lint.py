#!/usr/bin/env python3
"""Keeps the layers apart and the files small. Prints path:line: error: … and exits with 1.

Layers: a core file (pure code) includes no Kafka, Redis, gRPC server, HTTP, clock or thread header;
no service includes another's code. Sizes: a file has at most 800 lines (from 400 on it is named as
a warning), a function at most 60, a test 100, a line 100 columns. Documentation: documented.py.
What the compiler spoils in coroutines: coroutines.py.
"""

import pathlib
import re
import subprocess
import sys

import coroutines
import documented

ROOT = pathlib.Path(__file__).resolve().parents[2]

FILE_LINES_MAX = 800
FILE_LINES_WARN = 400
FUNCTION_LINES_MAX = 60
TEST_LINES_MAX = 100
COLUMNS_MAX = 100

SHARED = {"kernel", "platform"}
# What a core must not touch; the reason is part of the message.
FORBIDDEN_IN_CORE = [
    (r"<librdkafka/", "Kafka belongs to the edge"),
    (r"<hiredis/", "Redis belongs to the edge"),
    (r"<grpcpp/|\.grpc\.pb\.h", "gRPC belongs to the edge"),
    (r"<boost/(asio|beast)", "the network belongs to the edge"),
    (r'"services/platform/', "the platform belongs to the edge"),
    (r"<(thread|mutex|shared_mutex|condition_variable|future|atomic)>", "a core has one thread"),
    (r"<(chrono|ctime|random)>|absl/time/clock\.h", "time and chance come in as arguments"),
    (r"<(fstream|iostream|filesystem)>|<sys/socket", "I/O belongs to the edge"),
]
BANNED_WORDS = [
    (r"\babsl::Now\(\)|\bstd::chrono::(system|steady)_clock\b", "take the time as an argument", "core"),
    (r"\busing namespace std\b", "write std::", "all"),
    (r"\b(sleep_for|sleep_until|SleepFor|usleep)\s*\(", "wait for a condition with a deadline", "test"),
]


def tracked():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True)
    return [p for p in listed.stdout.splitlines() if (ROOT / p).is_file()]


def core_sources():
    """The files that CMake lists as core: `trama_service(… CORE …)` and `trama_library(… KIND core)`."""
    cores = set()
    for cmake in ROOT.glob("services/**/CMakeLists.txt"):
        text = re.sub(r"#.*", "", cmake.read_text())
        for call in re.finditer(r"(trama_service|trama_library)\s*\(([^)]*)\)", text):
            words = call.group(2).split()
            key = "CORE" if call.group(1) == "trama_service" else "SRCS"
            if key == "SRCS" and "core" not in words:
                continue
            if key not in words:
                continue
            for word in words[words.index(key) + 1:]:
                if re.fullmatch(r"[A-Z_]+", word):
                    break
                source = (cmake.parent / word).relative_to(ROOT).as_posix()
                cores.update({source, re.sub(r"\.cc$", ".h", source)})
    return cores


def service_of(path):
    """services/channels/sms/x.cc -> channels/sms; services/routing/x.cc -> routing."""
    parts = path.split("/")
    if parts[0] != "services" or len(parts) < 3:
        return None
    return "/".join(parts[1:3]) if parts[1] == "channels" else parts[1]


def check_includes(path, lines, is_core, report):
    mine = service_of(path)
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#include\s+(["<][^">]+[">])', line)
        if not match:
            continue
        header = match.group(1)
        if is_core:
            for pattern, why in FORBIDDEN_IN_CORE:
                if re.match(pattern, header):
                    report(path, number, f"a core may not include {header}: {why}")
        other = service_of(header.strip('"<>'))
        allowed = SHARED | {mine, "channels/common"}
        if mine and other and other not in allowed:
            report(path, number, f"{mine} includes {header} of another service: use its protos")
        if mine in SHARED and other and other not in SHARED:
            report(path, number, f"shared code may not include {header} of a service")


def check_functions(path, lines, report):
    """A body opens on an unindented line that ends in '{' and closes at the next unindented '}'."""
    opened, signature = None, ""
    for number, line in enumerate(lines, 1):
        if opened is None:
            if re.match(r"^(namespace|class|struct|enum|union|extern|template|\}|#|//)", line):
                signature = ""
                continue
            if line and not line[0].isspace():
                signature = line
            if line.endswith("{") and "(" in signature and "= {" not in line:
                opened = number
        elif line.startswith("}"):
            length = number - opened - 1
            limit = TEST_LINES_MAX if signature.startswith(("TEST", "BENCHMARK")) else FUNCTION_LINES_MAX
            if length > limit:
                report(path, opened, f"function of {length} lines; the limit is {limit}: split it")
            opened, signature = None, ""


def check_text(path, lines, is_core, report):
    is_test = path.endswith("_test.cc") or path.startswith("tests/")
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX and "http" not in line and "testdata" not in path:
            report(path, number, f"line of {len(line)} columns; the limit is {COLUMNS_MAX}")
        for pattern, instead, where in BANNED_WORDS:
            if where == "core" and not is_core or where == "test" and not is_test:
                continue
            if re.search(pattern, line):
                report(path, number, f"{line.strip()[:60]!r} is banned, {instead}")


def main():
    errors, warnings = [], []

    def report(path, number, what):
        errors.append(f"{path}:{number}: error: {what}")

    cores = core_sources()
    for path in tracked():
        if not path.endswith((".cc", ".h", ".proto", ".py", ".sh", ".cmake")):
            continue
        lines = (ROOT / path).read_text(errors="replace").splitlines()
        if len(lines) > FILE_LINES_MAX:
            report(path, len(lines), f"{len(lines)} lines; the limit is {FILE_LINES_MAX}: split it by subject")
        elif len(lines) > FILE_LINES_WARN:
            warnings.append(f"{path}: warning: {len(lines)} lines; aim at fewer than {FILE_LINES_WARN}")
        if path.endswith((".cc", ".h")):
            is_core = path in cores
            check_includes(path, lines, is_core, report)
            check_functions(path, lines, report)
            check_text(path, lines, is_core, report)
            for number, what in coroutines.check("\n".join(lines)):
                report(path, number, what)
    documented.check(ROOT, tracked(), report)
    print("\n".join(warnings + errors))
    print(f"{len(cores)} core files, {len(errors)} errors, {len(warnings)} warnings")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
