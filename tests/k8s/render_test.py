#!/usr/bin/env python3
"""Renders every base and overlay with kustomize and checks what a cluster operator relies on."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("TRAMA_CACHE", pathlib.Path.home() / ".cache/trama"))
KUSTOMIZE = CACHE / "vendor/bin/kustomize"
WORKLOADS = {"Deployment", "StatefulSet"}


def render(folder):
    done = subprocess.run([str(KUSTOMIZE), "build", str(folder)], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"kustomize build {folder}: {done.stderr}")
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
        folders = [file for file in sorted((ROOT / "k8s").glob("*/*/kustomization.yaml"))
                   if file.parent.parent.name != "components"]
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

    def test_retention_is_a_restricted_job_that_nobody_gets_unasked(self):
        [job] = render(ROOT / "k8s/base/retention")
        self.assertEqual(job["kind"], "CronJob")
        self.assertEqual(job["spec"]["concurrencyPolicy"], "Forbid")
        pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        self.assertEqual(pod["restartPolicy"], "Never")
        self.assertTrue(pod["securityContext"]["runAsNonRoot"])
        self.assertFalse(pod["automountServiceAccountToken"])
        [container] = pod["containers"]
        self.assertEqual(container["args"][:3], ["blobs", "expire", "--older-than"])
        self.assertIn("memory", container["resources"]["limits"])
        self.assertTrue(container["securityContext"]["readOnlyRootFilesystem"])
        self.assertEqual(container["securityContext"]["capabilities"]["drop"], ["ALL"])
        kinds = {item["kind"] for item in render(ROOT / "k8s/overlays/dev")}
        self.assertNotIn("CronJob", kinds)

    def test_every_variable_is_a_setting_of_the_services(self):
        """One that is none would be passed over, and nobody would tell."""
        settings = {f"TRAMA_{name.upper()}" for file in ROOT.glob("services/**/*.cc")
                    for name in re.findall(r"^ABSL_FLAG\([^,]+(?:<[^>]*>)?, (\w+),",
                                           file.read_text(), re.M)}
        named = {name for file in ROOT.glob("k8s/**/*.yaml")
                 for name in re.findall(r"\bTRAMA_[A-Z_]+", file.read_text())}
        self.assertIn("TRAMA_KAFKA_BROKERS", settings & named)
        self.assertEqual(named - settings, set())

    def test_kafka_with_users_gives_every_service_its_own_password(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name).resolve()
            k8s = os.path.relpath(ROOT / "k8s", folder)
            (folder / "kustomization.yaml").write_text(
                f"resources: [{k8s}/overlays/dev]\ncomponents: [{k8s}/components/kafka-sasl]\n")
            items = render(folder)
        [settings] = [item["data"] for item in items if item["kind"] == "ConfigMap"]
        self.assertEqual(settings["TRAMA_KAFKA_SECURITY_PROTOCOL"], "sasl_ssl")
        directory, password = os.path.split(
            settings["TRAMA_KAFKA_SASL_PASSWORD"].removeprefix("file:"))
        workloads = [item for item in items if item["kind"] in WORKLOADS]
        self.assertEqual(len(workloads), len(services()))
        for item in workloads:
            template = item["spec"]["template"]
            [container] = template["spec"]["containers"]
            with self.subTest(item["metadata"]["name"]):
                [user] = [each for each in container["env"]
                          if each["name"] == "TRAMA_KAFKA_SASL_USERNAME"]
                self.assertEqual(user["valueFrom"]["fieldRef"]["fieldPath"],
                                 "metadata.labels['app.kubernetes.io/name']")
                self.assertEqual(template["metadata"]["labels"]["app.kubernetes.io/name"],
                                 item["metadata"]["name"])  # As `tramactl access` names users.
                files = {each["mountPath"]: each.get("subPath") or each["subPathExpr"]
                         for each in container["volumeMounts"] if each["name"] == "kafka"}
                self.assertEqual(files, {f"{directory}/{password}": "$(TRAMA_KAFKA_SASL_USERNAME)",
                                         settings["TRAMA_KAFKA_CA_FILE"]: "ca.pem"})
                self.assertIn("kafka", [each["name"] for each in template["spec"]["volumes"]])

    def test_engines_run_as_two_replicas_with_stable_names(self):
        items = {i["metadata"]["name"]: i for i in render(ROOT / "k8s/overlays/dev")
                 if i["kind"] == "StatefulSet"}
        for engine in ("trama-routing", "trama-sla"):
            self.assertEqual(items[engine]["spec"]["replicas"], 2)
            env = items[engine]["spec"]["template"]["spec"]["containers"][0]["env"]
            names = {e["name"] for e in env}
            self.assertLessEqual({"TRAMA_GROUP_INSTANCE", "TRAMA_GRPC_ADVERTISE"}, names)


if __name__ == "__main__":
    unittest.main()
