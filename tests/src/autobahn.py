"""Runs Autobahn's cases against a server, or against a client; prints one line for each case that did not pass and one
for each group. Arguments: the role that is tested, the server's address or nothing, cases to run."""

import asyncio
import collections
import sys

from kosoku import FailureError, run_fuzzingclient, run_fuzzingserver


async def of_server(address, cases):
    return await run_fuzzingclient(address, cases, None, concurrency=2)


async def of_client(cases):
    async with run_fuzzingserver(cases, None, host="127.0.0.1", port=0) as server:
        print(f"listening {server.port}", flush=True)
        return await server.get_result()


async def results(role, address, cases):
    try:
        return await (of_server(address, cases) if role == "server" else of_client(cases))
    except FailureError as failure:
        return failure.results


def main():
    role, address, *cases = sys.argv[1:]
    groups = collections.defaultdict(lambda: [0, 0])
    for result in asyncio.run(results(role, address, cases or None)):
        group = groups[int(result.case_id.split(".")[0])]
        group[0] += result.passed
        group[1] += 1
        if not result.passed:
            behavior = f"{result.behavior.value}, close {result.behavior_close.value}"
            print(f"failed {result.case_id} {behavior}: {result.expectation!r}")
    for group, (passed, count) in sorted(groups.items()):
        print(f"group {group} {passed} of {count}")
    print("over")


main()
