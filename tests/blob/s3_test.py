"""The S3 blob store against moto, which checks every signature with botocore's own code and every
right by IAM's rules once it was set up. Runs build/…/tests/platform_blob_s3_test, and the
operator's commands in the same bucket."""

import logging
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TRAMA_BUILD") or ROOT / "build/dev")
REGION = "eu-west-1"
BUCKET, VERSIONED = "trama-blobs", "trama-versioned"
ALLOW_S3 = ('{"Version": "2012-10-17", "Statement":'
            ' [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}')
SET_UP_CALLS = 6  # As many as set_up makes; nobody is let in unsigned after them.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = str(SET_UP_CALLS)

import boto3  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402


def set_up(endpoint):
    """A user that may all of S3, one bucket, and one that keeps versions; the user's keys."""
    def client(service):
        return boto3.client(service, endpoint_url=endpoint, region_name=REGION,
                            aws_access_key_id="setup", aws_secret_access_key="setup")
    iam, s3 = client("iam"), client("s3")
    where = {"LocationConstraint": REGION}
    iam.create_user(UserName="trama")
    key = iam.create_access_key(UserName="trama")["AccessKey"]
    iam.put_user_policy(UserName="trama", PolicyName="s3", PolicyDocument=ALLOW_S3)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    s3.create_bucket(Bucket=VERSIONED, CreateBucketConfiguration=where)
    s3.put_bucket_versioning(Bucket=VERSIONED, VersioningConfiguration={"Status": "Enabled"})
    return key


def run_commands(url, key):
    """What `tramactl blobs` says, with the settings of the services."""
    environment = {**os.environ, "TRAMA_BLOB_URL": url, "TRAMA_BLOB_ACCESS_KEY": "env:ACCESS",
                   "TRAMA_BLOB_SECRET_KEY": "env:SECRET", "ACCESS": key["AccessKeyId"],
                   "SECRET": key["SecretAccessKey"]}
    for words, wanted in ((["expire", "--older-than", "1d", "--dry-run"], "0 of "),
                          (["erase", "demo", "--conversation", "nobody"], "conversation nobody  0")):
        said = subprocess.run([BUILD / "bin/tramactl", "blobs", *words], env=environment,
                              capture_output=True, text=True)
        if said.returncode != 0 or wanted not in said.stdout:
            raise AssertionError(f"tramactl blobs {words}: {said.stdout}{said.stderr}")


def main():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"s3://{BUCKET}?region={REGION}&endpoint=http://{host}:{port}"
    try:
        key = set_up(f"http://{host}:{port}")
        done = subprocess.run(
            [BUILD / "tests/platform_blob_s3_test", *sys.argv[1:]],
            env={**os.environ, "TRAMA_TEST_S3": url,
                 "TRAMA_TEST_S3_VERSIONED": VERSIONED,
                 "TRAMA_TEST_S3_ACCESS_KEY": key["AccessKeyId"],
                 "TRAMA_TEST_S3_SECRET_KEY": key["SecretAccessKey"]})
        if done.returncode == 0:
            run_commands(url, key)
    finally:
        server.stop()
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
