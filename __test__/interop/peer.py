"""The published LaunchDarkly SDK for Python on a DynamoDB table, at the command of a test.

Each line of the input is a command in JSON; each line of the output is its result, likewise.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from ldclient import Config, Context, LDClient
from ldclient.feature_store import CacheConfig
from ldclient.integrations import DynamoDB
from ldclient.versioned_data_kind import FEATURES, SEGMENTS

KINDS = {kind.namespace: kind for kind in (FEATURES, SEGMENTS)}


class Peer:
    """A store, and a client in daemon mode that evaluates flags from it."""

    def __init__(self, table, prefix, endpoint):
        place = (table, prefix, {"endpoint_url": endpoint, "region_name": "eu-west-1"})
        self.store = DynamoDB.new_feature_store(*place, caching=CacheConfig.disabled())
        self.big_segments = DynamoDB.new_big_segment_store(*place)
        self.client = None

    def init(self, data):
        self.store.init({KINDS[name]: items for name, items in data.items()})

    def upsert(self, kind, text):
        """Takes JSON as text: it may have numbers that JavaScript hasn't."""
        self.store.upsert(KINDS[kind], json.loads(text))

    def upsert_all(self, kind, texts):
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda text: self.upsert(kind, text), texts))

    def delete(self, kind, key, version):
        self.store.delete(KINDS[kind], key, version)

    def get(self, kind, key):
        return self.store.get(KINDS[kind], key, KINDS[kind].encode)

    def all(self, kind):
        items = self.store.all(KINDS[kind], lambda found: found)
        return {key: KINDS[kind].encode(item) for key, item in items.items()}

    def initialized(self):
        return self.store.initialized

    def evaluate(self, key, context, default):
        if self.client is None:
            config = Config(
                "an-SDK-key", feature_store=self.store, use_ldd=True, send_events=False
            )
            self.client = LDClient(config)
        detail = self.client.variation_detail(key, Context.from_dict(context), default)
        return [detail.value, detail.reason]

    def last_up_to_date(self):
        return self.big_segments.get_metadata().last_up_to_date

    def membership(self, user_hash, references):
        found = self.big_segments.get_membership(user_hash) or {}
        return {reference: found[reference] for reference in references if reference in found}

    def close(self):
        if self.client is not None:
            self.client.close()


def main():
    peers = {}
    for line in sys.stdin:
        name, method, arguments = json.loads(line)
        try:
            if method == "open":
                peers[name] = Peer(*arguments)
                answer = {"result": None}
            else:
                answer = {"result": getattr(peers[name], method)(*arguments)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
