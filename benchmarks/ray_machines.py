"""Annotate on two Ray nodes that share no folder, lose one of them, and compare the output.

    sudo python benchmarks/ray_machines.py --reports 20000

Each node is a network namespace with an address of its own, and a mount namespace in which /dev/shm
is its own and, on the second node, the folder with input and output is hidden. When the second node
has annotated for a while, all its processes are killed. The output must be that of one process,
byte for byte. Linux only, as root, with the extra ray; takes a few minutes.
"""

import argparse
import filecmp
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from preprocessing.corpora.sample import read_reports  # noqa: E402

NODES = {"graphsum-a": "10.77.0.1", "graphsum-b": "10.77.0.2"}
HEAD, LOST = NODES
PORT = "6379"
AUTH = {"RAY_AUTH_MODE": "token"}  # newer versions of Ray ask for it; the head makes the token


def main() -> None:
    """Write the corpus, start the nodes, kill one, compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--reports", type=int, default=20_000)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="graphsum-ray-"))
    try:
        source = folder / "in.jsonl"
        write_corpus(source, options.reports)
        python("-m", "preprocessing", *graph_command(source, folder / "one"))
        connect()
        facts = on_two_nodes(folder, source)
        same = filecmp.cmp(folder / "one", folder / "two", shallow=False)
        print(json.dumps(facts | {"reports": options.reports, "same_bytes": same}))
        if not same:
            sys.exit("the outputs differ")
    finally:
        for node in NODES:
            for pid in pids_of(node):
                os.kill(pid, signal.SIGKILL)
            subprocess.run(["ip", "netns", "del", node], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(folder)


def write_corpus(path: Path, reports: int) -> None:
    """As many invented reports as asked for, as JSON Lines."""
    with path.open("w", encoding="utf-8") as file:
        for one in read_reports(n=reports):
            line = {"uid": one.uid, "findings": one.findings, "impression": one.impression}
            file.write(json.dumps(line) + "\n")


def graph_command(source: Path, output: Path) -> list[str]:
    return ["graph", "--dataset", "jsonl", "--data-dir", str(source), "--output", str(output)]


def python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def connect() -> None:
    """Two network namespaces, each with one end of a cable."""
    for node in NODES:
        ip("netns", "add", node)
    ip("link", "add", "end", "netns", HEAD, "type", "veth", "peer", "name", "end", "netns", LOST)
    for node, address in NODES.items():
        ip("-n", node, "addr", "add", f"{address}/24", "dev", "end")
        for device in ("lo", "end"):
            ip("-n", node, "link", "set", device, "up")


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def on_node(node: str, command: Sequence[str], *, hide: Path | None = None, **how: Any) -> Any:
    """A process on a node, which has its own /dev/shm and does not see ``hide``."""
    steps = ["mount -t tmpfs none /dev/shm"]
    if hide is not None:
        steps.append(f"mount -t tmpfs none {hide}")
    script = " && ".join([*steps, 'exec "$@"'])
    inside = ["unshare", "--mount", "sh", "-c", script, "sh", *command]
    return subprocess.Popen(
        ["ip", "netns", "exec", node, *inside], cwd=ROOT, env=os.environ | AUTH, **how
    )


def pids_of(node: str) -> list[int]:
    """The processes on a node."""
    found = subprocess.run(
        ["ip", "netns", "pids", node], capture_output=True, text=True, check=False
    )
    return [int(pid) for pid in found.stdout.split()]


def busy_workers(node: str) -> list[float]:
    """Seconds of processor that each worker of Ray Data on a node has used."""
    seconds = []
    for pid in pids_of(node):
        try:
            name = Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0")
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if name.startswith("ray::") and "MapWorker" in name:
            seconds.append((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
    return seconds


def on_two_nodes(folder: Path, source: Path) -> dict[str, Any]:
    """Run on both nodes and kill the second; what was seen."""
    ray = [str(Path(sys.executable).with_name("ray")), "start", "--block", "--num-cpus", "1",
           "--object-store-memory", "200000000", "--disable-usage-stats"]  # fmt: skip
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    address = f"{NODES[HEAD]}:{PORT}"
    with tempfile.TemporaryDirectory(prefix="ray-") as temp:
        head = [*ray, "--head", "--port", PORT, "--node-ip-address", NODES[HEAD],
                "--include-dashboard", "false", "--temp-dir", temp]  # fmt: skip
        on_node(HEAD, head, **quiet)
        time.sleep(15)
        other = [*ray, "--address", address, "--node-ip-address", NODES[LOST]]
        on_node(LOST, other, hide=folder, **quiet)
        time.sleep(15)
        command = [sys.executable, "-m", "preprocessing", *graph_command(source, folder / "two"),
                   "--engine", "ray", "--workers", "2"]  # fmt: skip
        enter = f"nsenter --mount --net --target {pids_of(HEAD)[0]}".split()
        driver = subprocess.Popen(
            [*enter, *command],
            cwd=ROOT,
            env=os.environ | AUTH | {"RAY_ADDRESS": address, "PYTHONPATH": str(ROOT)},
        )
        used = wait_until_busy(driver)
        done = json.loads((folder / "two.part.json").read_text())["checkpoint"]["records"]
        victims = pids_of(LOST)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        status = driver.wait(timeout=900)
        return {
            "records_done_at_kill": done,
            "processes_killed": len(victims),
            "seconds_the_lost_worker_had_worked": round(max(used), 1),
            "status": status,
        }


def wait_until_busy(driver: "subprocess.Popen[bytes]") -> list[float]:
    """Wait until the second node's worker has worked for 8 seconds of processor."""
    for _ in range(600):
        if driver.poll() is not None:
            sys.exit(f"the job ended too early, with status {driver.returncode}; more --reports")
        used = busy_workers(LOST)
        if max(used, default=0) > 8:
            return used
        time.sleep(0.5)
    sys.exit("no worker on the second node became busy")


if __name__ == "__main__":
    main()
