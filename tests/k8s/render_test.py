#!/usr/bin/env python3
"""Renders every base and overlay with kustomize and checks what a cluster operator relies on."""

import os
import pathlib
import subprocess
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("TRAMA_CACHE", pathlib.Path.home() / ".cache/trama"))
KUSTOMIZE = CACHE / "vendor/bin/kustomize"
WORKLOADS = {"Deployment", "StatefulSet"}


def render(folder):
    done = subprocess.run([str(KUSTOMIZE), "build", str(folder)], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"kustomize build {folder.relative_to(ROOT)}: {done.stderr}")
    return [item for item in yaml.safe_load_all(done.stdout) if item]


def services():
    """Every service that CMake declares has its folder under k8s/base."""
    found = set()
    for cmake in ROOT.glob("services/**/CMakeLists.txt"):
        for line in cmake.read_text().splitlines():
            if line.startswith("trama_service("):
                found.add(line.removeprefix("trama_service(").split()[0].rstrip(")"))
    return found


class RenderTest(unittest.TestCase):
    def test_every_base_and_overlay_builds(self):
        folders = sorted((ROOT / "k8s").glob("*/*/kustomization.yaml"))
        self.assertGreater(len(folders), 5)
        for file in folders:
            with self.subTest(file.parent.name):
                self.assertTrue(render(file.parent))

    def test_every_service_is_deployed_by_the_dev_overlay(self):
        items = render(ROOT / "k8s/overlays/dev")
        names = {i["metadata"]["name"] for i in items if i["kind"] in WORKLOADS}
        self.assertEqual(names, {f"trama-{service}" for service in services()})

    def test_workloads_have_probes_limits_and_no_privileges(self):
        for item in render(ROOT / "k8s/overlays/dev"):
            if item["kind"] not in WORKLOADS:
                continue
            pod = item["spec"]["template"]["spec"]
            with self.subTest(item["metadata"]["name"]):
                self.assertTrue(pod["securityContext"]["runAsNonRoot"])
                self.assertFalse(pod["automountServiceAccountToken"])
                for container in pod["containers"]:
                    self.assertEqual(container["livenessProbe"]["httpGet"]["path"], "/livez")
                    self.assertEqual(container["readinessProbe"]["httpGet"]["path"], "/readyz")
                    self.assertIn("memory", container["resources"]["limits"])
                    self.assertTrue(container["securityContext"]["readOnlyRootFilesystem"])
                    self.assertEqual(container["securityContext"]["capabilities"]["drop"], ["ALL"])

    def test_engines_run_as_two_replicas_with_stable_names(self):
        items = {i["metadata"]["name"]: i for i in render(ROOT / "k8s/overlays/dev")
                 if i["kind"] == "StatefulSet"}
        for engine in ("trama-routing", "trama-sla"):
            self.assertEqual(items[engine]["spec"]["replicas"], 2)
            env = items[engine]["spec"]["template"]["spec"]["containers"][0]["env"]
            self.assertIn("TRAMA_GROUP_INSTANCE", {e["name"] for e in env})


if __name__ == "__main__":
    unittest.main()
