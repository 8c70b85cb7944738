#!/usr/bin/python3
"""Gives users their transactional ids in Kafka: the access rules that `tramactl access ensure -o
json` lists as byOtherMeans, read from standard input. librdkafka 2.0.2 cannot make them. Again is
no harm. Wants Debian's python3-kafka, hence Debian's Python.

  kafka_transactional_ids.py 127.0.0.1:9092 < rules.json
"""

import json
import sys

from kafka.admin import (ACL, ACLOperation, ACLPermissionType, ACLResourcePatternType,
                         KafkaAdminClient, ResourcePattern, ResourceType)


def rule_of(entry):
    return ACL(principal=f"User:{entry['user']}", host="*",
               operation=ACLOperation[entry["operation"].upper()],
               permission_type=ACLPermissionType.ALLOW,
               resource_pattern=ResourcePattern(ResourceType.TRANSACTIONAL_ID, entry["name"],
                                                ACLResourcePatternType[entry["pattern"].upper()]))


def main():
    entries = json.load(sys.stdin)["byOtherMeans"]
    # It does not know newer brokers; this is the newest protocol that it speaks.
    admin = KafkaAdminClient(bootstrap_servers=sys.argv[1].split(","), api_version=(2, 5, 0))
    made = admin.create_acls([rule_of(entry) for entry in entries])
    if made["failed"]:
        sys.exit(f"kafka refused access rules: {made['failed']}")


if __name__ == "__main__":
    main()
