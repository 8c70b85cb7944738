"""Kafka's jars and class archive, once per machine below $TRAMA_CACHE; used by tools/broker."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

KAFKA_VERSION = "3.9.2"

POM = f"""<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>trama</groupId><artifactId>kafka-broker-jars</artifactId><version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA_VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-reload4j</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
"""


def fail(message):
    sys.exit(f"tools/broker: {message}")


def _require(program, package):
    if shutil.which(program) is None:
        fail(f"{program} not found, run: sudo apt-get install {package}")


def cache_dir():
    root = os.environ.get("TRAMA_CACHE") or pathlib.Path.home() / ".cache" / "trama"
    return pathlib.Path(root).resolve() / f"kafka-{KAFKA_VERSION}"


@contextlib.contextmanager
def locked(path):
    """Two starts at once must neither fetch twice nor start twice."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def get():
    cache = cache_dir()
    if (cache / "complete").exists():
        return
    _require("mvn", "maven")
    _require("java", "openjdk-17-jre-headless")
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "pom.xml").write_text(POM)
    plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
    done = subprocess.run(
        ["mvn", "-B", "-q", plugin, "-DincludeScope=runtime", f"-DoutputDirectory={cache}/lib"],
        cwd=cache, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        fail(f"cannot fetch Kafka {KAFKA_VERSION} with Maven:\n{done.stdout[-2000:]}")
    (cache / "complete").touch()


def class_path():
    # In fixed order: a class archive is bound to the exact class path.
    return ":".join(str(jar) for jar in sorted((cache_dir() / "lib").glob("*.jar")))


def archive_path():
    """The class archive for these jars on this Java; another Java needs another one."""
    java = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr
    digest = hashlib.sha256((class_path() + java).encode()).hexdigest()[:16]
    return cache_dir() / f"classes-{digest}.jsa"
