"""Prints a sandbox's request record. Usage: scripts/show_requests.py URL"""

import json
import sys
from urllib.request import ProxyHandler, build_opener


def main() -> None:
    """Print one line for each request: when, what, and what came of it."""
    url = f"{sys.argv[1].rstrip('/')}/_sandbox/requests"
    with build_opener(ProxyHandler({})).open(url, timeout=10) as answer:
        requests = json.load(answer)["requests"]
    first = requests[0]["at"] if requests else 0.0
    print(f"{'seconds':>8}  {'what':9} {'':5} {'':52} answer")
    for one in requests:
        path = one["url"].split("/", 3)[3].partition("?")[0]
        path = path if len(path) <= 51 else f"{path[:48]}..."
        print(
            f"{one['at'] - first:8.2f}  {one['action']:9} {one['method']:5} /{path:51} "
            f"{one['status'] or 'none'}"
        )
    creates = sum(one["action"] == "create" for one in requests)
    print(f"{creates} creates, each sent once.")


if __name__ == "__main__":
    main()
