"""What the tests of ``graphsage.data`` share: pickles as Python 2 wrote them, a small dataset, a local server."""

import hashlib
import struct
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from graphsage.data.cards import CardFile

RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"
NDARRAY = b"cnumpy\nndarray\n"
DTYPE = b"cnumpy\ndtype\n"
CSR = b"cscipy.sparse.csr\ncsr_matrix\n"
DEFAULTDICT = b"ccollections\ndefaultdict\n"
LIST = b"c__builtin__\nlist\n"

# ---- the instructions of protocol 2


def number(value):
    """An integer that fits 32 bits."""
    return b"J" + struct.pack("<i", value)


def text(value):
    """A Python 2 string."""
    return b"T" + struct.pack("<I", len(value)) + value


def program(body):
    """A whole pickle file."""
    return b"\x80\x02" + body + b"."


def dtype(code, order=b"<"):
    """A numpy dtype."""
    made = DTYPE + text(code) + number(0) + number(1) + b"\x87R"
    return made + b"(" + number(3) + text(order) + b"NNN" + number(-1) + number(-1) + number(0) + b"tb"


def empty_array():
    """The call that makes an array without a state."""
    return RECONSTRUCT + NDARRAY + number(0) + b"\x85" + text(b"b") + b"\x87R"


def array_state(shape, code, data, *, order=b"<", column_major=False):
    """The state tuple of an array."""
    dimensions = b"(" + b"".join(map(number, shape)) + b"t"
    flag = b"\x88" if column_major else b"\x89"
    return b"(" + number(1) + dimensions + dtype(code, order) + flag + text(data) + b"t"


def array(values, *, order=b"<", column_major=False):
    """A numpy array, as numpy's own ``__reduce__`` describes it."""
    values = np.asarray(values)
    data = values.astype(values.dtype.newbyteorder(order.decode())).tobytes("F" if column_major else "C")
    code = f"{values.dtype.kind}{values.dtype.itemsize}".encode()
    state = array_state(values.shape, code, data, order=order, column_major=column_major)
    return empty_array() + state + b"b"


def csr_state(indptr, indices, values, shape):
    """A CSR matrix from the instructions of its three arrays; ``shape``: two integers."""
    items = text(b"_shape") + number(shape[0]) + number(shape[1]) + b"\x86" + text(b"indptr") + indptr
    items += text(b"indices") + indices + text(b"data") + values + text(b"maxprint") + number(50)
    return CSR + b")\x81}(" + items + b"ub"


def csr(rows, num_columns, values=None):
    """A CSR matrix: ``rows`` are lists of columns; values float32, ones by default."""
    indptr = np.cumsum([0, *map(len, rows)]).astype(np.int32)
    indices = np.array([column for row in rows for column in row], np.int32)
    values = np.ones(len(indices), np.float32) if values is None else np.asarray(values, np.float32)
    return csr_state(array(indptr), array(indices), array(values), (len(rows), num_columns))


def one_hot(labels, num_classes):
    """int32 one-hot matrix."""
    return np.eye(num_classes, dtype=np.int32)[labels]


def adjacency(lists):
    """``defaultdict(list)``: node -> neighbours."""
    items = b"".join(number(node) + b"](" + b"".join(map(number, listed)) + b"e" for node, listed in lists.items())
    return DEFAULTDICT + LIST + b"\x85R(" + items + b"u"


# ---- a small dataset: 3 training, 500 validation and 4 other nodes, then ids 507..512, of which 510 has no row

NUM_NODES, NUM_KNOWN, NUM_COLUMNS, NUM_CLASSES = 513, 507, 11, 3
TEST_INDEX = [511, 507, 512, 509, 508]
WITHOUT_ROW = 510
ALL_ROWS = [[node % NUM_COLUMNS, (3 * node + 1) % NUM_COLUMNS] for node in range(NUM_KNOWN)]
TEST_ROWS = [[k, 10] for k in range(5)]
ALL_LABELS = [node % NUM_CLASSES for node in range(NUM_KNOWN)]
TEST_LABELS = [2, 0, 0, 1, 2]


def neighbour_lists():
    """A ring, a hub (node 0 and every tenth node), one repeat, one self loop, one node alone (5)."""
    lists = {node: [] for node in range(NUM_NODES)}
    ring = [node for node in range(NUM_NODES) if node != 5]
    pairs = [*zip(ring, ring[1:] + ring[:1]), *((0, node) for node in range(20, NUM_NODES, 10)), (7, 8)]
    for a, b in pairs:
        lists[a].append(b)
        lists[b].append(a)
    lists[9].append(9)
    return lists


def planetoid_files(name="tiny"):
    """{file name: bytes} of the small dataset."""
    labels = [one_hot(rows, NUM_CLASSES) for rows in (ALL_LABELS[:3], TEST_LABELS, ALL_LABELS)]
    parts = {
        "x": program(csr(ALL_ROWS[:3], NUM_COLUMNS)),
        "tx": program(csr(TEST_ROWS, NUM_COLUMNS)),
        "allx": program(csr(ALL_ROWS, NUM_COLUMNS)),
        "y": program(array(labels[0])),
        "ty": program(array(labels[1])),
        "ally": program(array(labels[2])),
        "graph": program(adjacency(neighbour_lists())),
        "test.index": "".join(f"{node}\n" for node in TEST_INDEX).encode(),
    }
    return {f"ind.{name}.{part}": data for part, data in parts.items()}


def write_files(folder, files):
    """Write ``{name: bytes}`` into a folder, which is made; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


# ---- a local server


class FileServer:
    """Serves ``files`` (path -> bytes) from 127.0.0.1 and counts ``requests``.

    ``behaviour``: path -> "short" (fewer bytes than announced), "long", "wrong", "stall" (half, then silence).
    """

    def __init__(self):
        self.files, self.behaviour, self.requests = {}, {}, []
        self.stalled, self.release = threading.Event(), threading.Event()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                owner.answer(self)

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def card_file(self, name, data, **changes):
        """Serve ``data`` under ``name`` and return its card entry."""
        self.files["/" + name] = data
        checksum = hashlib.sha256(data).hexdigest()
        return CardFile(**{"name": name, "size": len(data), "sha256": checksum, "url": f"{self.url}/{name}", **changes})

    def answer(self, request):
        self.requests.append(request.path)
        data, behaviour = self.files.get(request.path), self.behaviour.get(request.path)
        if data is None:
            request.send_error(404)
            return
        sent = {"short": data[:-10], "long": data + b"more", "wrong": data[::-1], "stall": data[: len(data) // 2]}
        body = sent.get(behaviour, data)
        request.send_response(200)
        request.send_header("Content-Length", str(len(body) if behaviour in ("long", "wrong") else len(data)))
        request.end_headers()
        request.wfile.write(body)
        request.wfile.flush()
        if behaviour == "stall":
            self.stalled.set()
            self.release.wait(30)


@contextmanager
def file_server(monkeypatch):
    """A running ``FileServer``; whatever proxy the machine has is not asked."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = FileServer()
    thread = threading.Thread(target=server.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.release.set()
        server.server.shutdown()
        server.server.server_close()
        thread.join()


def closed_port():
    """A port of this machine on which nobody listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.server_close()
    return server.server_port


def wait_for(condition, seconds=30):
    """Poll until ``condition()``; False if that takes too long."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
