"""The contestants in Python, by the same protocol as contestants.js: NAME ENDPOINT BUCKET as arguments, orders on stdin."""

import json
import os
import sys
import time
from urllib.parse import urlsplit

ACCESS_KEY = os.environ.get("AWS_ACCESS_KEY_ID", "test")
SECRET_KEY = os.environ.get("AWS_SECRET_ACCESS_KEY", "testtest")


class Original:
    """A bucket as a map the way it was done in 2008: reading asks for the key first, and then for its contents."""

    def __init__(self, endpoint, bucket):
        import boto
        from boto.s3.connection import OrdinaryCallingFormat

        url = urlsplit(endpoint)
        connection = boto.connect_s3(
            ACCESS_KEY,
            SECRET_KEY,
            host=url.hostname,
            port=url.port,
            is_secure=False,
            calling_format=OrdinaryCallingFormat(),
        )
        self.bucket = connection.get_bucket(bucket, validate=False)

    def get(self, name):
        key = self.bucket.get_key(name)
        return key.get_contents_as_string()

    def set(self, name, value):
        self.bucket.new_key(name).set_contents_from_string(value)


class Boto3:
    def __init__(self, endpoint, bucket):
        import boto3

        self.bucket = bucket
        self.client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )

    def get(self, name):
        return self.client.get_object(Bucket=self.bucket, Key=name)["Body"].read()

    def set(self, name, value):
        self.client.put_object(Bucket=self.bucket, Key=name, Body=value)


CONTESTANTS = {"boto 2, the Python original": Original, "boto3": Boto3}

contestant = CONTESTANTS[sys.argv[1]](sys.argv[2], sys.argv[3])
for line in sys.stdin:
    order = json.loads(line)
    value = "x" * order["bytes"]
    times = []
    for _ in range(order["calls"]):
        started = time.perf_counter()
        if order["op"] == "get":
            contestant.get("bench/key")
        else:
            contestant.set("bench/key", value)
        times.append((time.perf_counter() - started) * 1000)
    print(json.dumps(times), flush=True)
