"""A process with hnswlib's index. Speaks the commands that EngineWorker.java describes."""

import gc
import importlib.metadata
import json
import platform
import sys
import time

import hnswlib
import numpy

CHUNK = 500


def resident_bytes():
    """Returns the resident memory of this process, or nothing where the system does not tell."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


class Worker:
    def open(self, command):
        self.parameters = command
        self.queries = numpy.load(command["queries"])
        self.index = None
        self.memory_bytes = None
        self.next = 0
        version = importlib.metadata.version("hnswlib")
        return {"description": f"{version}, Python {platform.python_version()}"}

    def build(self, command):
        self.index = None
        gc.collect()
        base = numpy.load(self.parameters["base"])
        before = resident_bytes()
        cpu, wall = time.process_time(), time.perf_counter()
        index = hnswlib.Index(space=self.parameters["metric"], dim=base.shape[1])
        index.init_index(
            len(base),
            M=self.parameters["m"],
            ef_construction=self.parameters["efConstruction"],
            random_seed=self.parameters["seed"],
        )
        index.add_items(base, num_threads=command["threads"])
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        after = resident_bytes()
        if before is not None and after is not None:
            self.memory_bytes = max(0, after - before)
        self.index = index
        return {"wallSeconds": wall, "cpuSeconds": cpu}

    def memory(self, command):
        how = "growth of resident memory"
        return {"bytes": self.memory_bytes, "offHeapBytes": self.memory_bytes, "how": how}

    def filter(self, command):
        if command["files"]:
            raise ValueError("left out: the package calls back into Python for every candidate")
        return {}

    def search(self, queries, command):
        self.index.set_ef(max(command["ef"], command["k"]))
        return self.index.knn_query(queries, k=command["k"], num_threads=1)[0]

    def answer(self, command):
        queries = self.queries[: command["count"]]
        return {"answers": self.search(queries, command).astype(int).tolist()}

    def chunk(self, size):
        """Returns the next queries."""
        start = self.next
        end = min(start + size, len(self.queries))
        self.next = end % len(self.queries)
        return self.queries[start:end]

    def time(self, command):
        # Throughput without Python's share: many queries a call.
        seconds = command["windowMillis"] / 1000
        self.search(self.chunk(CHUNK), command)
        count = 0
        cpu, wall = time.process_time(), time.perf_counter()
        while time.process_time() - cpu < seconds:
            queries = self.chunk(CHUNK)
            self.search(queries, command)
            count += len(queries)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        # Latency: one query a call.
        latencies = []
        start = time.process_time()
        while time.process_time() - start < seconds / 4:
            query = self.chunk(1)
            before = time.perf_counter()
            self.index.knn_query(query, k=command["k"], num_threads=1)
            latencies.append((time.perf_counter() - before) * 1e6)
        return {
            "cpuQps": count / cpu,
            "qps": count / wall,
            "p50Micros": float(numpy.percentile(latencies, 50)),
            "p99Micros": float(numpy.percentile(latencies, 99)),
        }


def main():
    worker = Worker()
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = getattr(worker, command["command"])(command)
        except (OSError, RuntimeError, ValueError, MemoryError) as problem:
            answer = {"error": str(problem)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
