"""Starts the workers of all test processes from one process that has their libraries in memory already: imports are most of
what a short worker costs.

Python runs `sitecustomize` at the start of each worker; it hands its arguments, folder, environment and streams over to the
server, which forks. The copy does what the worker would have done; the worker waits for it, passes signals on, and ends as
the copy did. Nothing is imported ahead but what two workers had to import. Where the system lacks what this needs, or the
interpreter was started otherwise, workers start as they do in Slicer.

    python warm_workers.py SOCKET       serve until standard input ends
"""
import marshal
import os
import sys

#: the address of the server, and its process id
ADDRESS, SERVER = "WARM_WORKERS", "WARM_WORKERS_PROCESS"
PACKAGE = "TumorConnectomeLib"
#: packages that start threads when they are imported, which a fork would lose
_THREADED = ("duckdb", "_duckdb")
_ACCEPTED = b"+"
_LENGTH = 4


def _interpreter():
    """What a worker can not take over from a process that was started with other values."""
    return [sys.executable, *map(str, (tuple(sys.flags), sys.warnoptions, sys._xoptions, sys.getfilesystemencoding(),
                                       os.environ.get("PYTHONHASHSEED"), os.environ.get("OPENBLAS_NUM_THREADS")))]


def hand_over(address, arguments):
    """Have the server run ``python -m TumorConnectomeLib ARGUMENTS`` instead of this process: returns only if it does not.

    Only modules that Python has at its start, or that are loaded at once: this is what each worker pays.
    """
    import _signal
    import _socket
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.connect(address)
    except OSError:
        return                                          # the tests that it belongs to have ended
    request = marshal.dumps((_interpreter(), arguments, os.getcwd(), dict(os.environ), sys.path))
    streams = b"".join(number.to_bytes(_LENGTH, sys.byteorder) for number in (0, 1, 2))
    connection.sendmsg([len(request).to_bytes(_LENGTH, sys.byteorder)], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    connection.send(request)
    for number in (_signal.SIGTERM, _signal.SIGINT):
        _signal.signal(number, lambda number, frame: connection.send(bytes([number])))
    if connection.recv(1) != _ACCEPTED:
        for number in (_signal.SIGTERM, _signal.SIGINT):
            _signal.signal(number, _signal.SIG_DFL if number == _signal.SIGTERM else _signal.default_int_handler)
        return
    status = int.from_bytes(connection.recv(_LENGTH), sys.byteorder)
    if os.WIFSIGNALED(status):
        _signal.signal(os.WTERMSIG(status), _signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.WEXITSTATUS(status))


class Server:
    """Forks a copy of this process for each worker; ends, with all of them, when standard input does."""

    def __init__(self, address):
        import selectors
        import socket
        self._folder, self._listener = os.path.dirname(address), socket.socket(socket.AF_UNIX)
        self._listener.bind(address)
        self._listener.listen(64)
        self._selector = selectors.DefaultSelector()
        for source, called in ((0, self._end), (self._listener, self._accept)):
            self._selector.register(source, selectors.EVENT_READ, called)
        self._read, self._workers, self._imported = selectors.EVENT_READ, {}, {}

    def serve(self):
        """Never returns."""
        while True:
            for key, _ in self._selector.select():
                if key.fd in self._selector.get_map():  # not closed since
                    key.data()

    def _end(self):
        import shutil
        for worker in self._workers.values():
            os.kill(worker, 9)
        shutil.rmtree(self._folder, ignore_errors=True)     # also when the tests were ended before they could
        os._exit(0)

    def _accept(self):
        import socket
        connection, _ = self._listener.accept()
        header, streams, _, _ = socket.recv_fds(connection, _LENGTH, 3)
        request = b""
        while header and len(request) < int.from_bytes(header, sys.byteorder):
            part = connection.recv(1 << 20)
            if not part:
                break                                   # the worker was killed
            request += part
        else:
            if header:
                self._start(connection, streams, *marshal.loads(request))
        for stream in streams:
            os.close(stream)
        if connection not in self._workers:
            connection.close()

    def _start(self, connection, streams, interpreter, arguments, folder, environment, path):
        import gc
        if interpreter != _interpreter() or len(os.listdir("/proc/self/task")) > 1:
            return
        if not self._imported:
            sys.path[:] = path
        report, said = os.pipe()
        gc.freeze()
        worker = os.fork()
        if worker == 0:
            os.close(report)
            for source in list(self._selector.get_map().values()):
                if source.fd:
                    os.close(source.fd)
            self._selector.close()
            connection.close()
            try:
                _run(arguments, streams, folder, environment, path, said)
            finally:                                    # whatever happens: there is one server
                os._exit(70)
        os.close(said)
        self._workers[connection] = worker
        watch = os.pidfd_open(worker)
        self._selector.register(connection, self._read, lambda: self._hear(connection, worker))
        self._selector.register(watch, self._read, lambda: self._ended(connection, worker, watch, report))
        self._send(connection, _ACCEPTED)

    @staticmethod
    def _send(connection, message):
        import contextlib
        with contextlib.suppress(OSError):              # it was killed
            connection.sendall(message)

    def _hear(self, connection, worker):
        try:
            told = connection.recv(1)
        except OSError:
            told = b""
        if not told:                                    # who waited for the worker was killed
            self._selector.unregister(connection)
        os.kill(worker, told[0] if told else 9)         # it is not reaped before `_ended`

    def _ended(self, connection, worker, watch, report):
        _, status = os.waitpid(worker, 0)
        self._send(connection, status.to_bytes(_LENGTH, sys.byteorder))
        for source in (watch, connection):
            if source in self._selector.get_map():
                self._selector.unregister(source)
        del self._workers[connection]
        connection.close()
        os.close(watch)
        with open(report, encoding="utf-8", errors="replace") as stream:
            self._learn(stream.read().splitlines())

    def _learn(self, names):
        """Import what the worker had to import, if another one had to before."""
        import contextlib
        import importlib
        for name in names:
            self._imported[name] = self._imported.get(name, 0) + 1
            if self._imported[name] == 2 and name not in sys.modules and name.partition(".")[0] not in _THREADED:
                with contextlib.suppress(Exception):    # then the workers will say what is wrong
                    importlib.import_module(name)


def _run(arguments, streams, folder, environment, path, said):
    """Be the worker; never returns."""
    import atexit
    import gc
    import runpy
    import signal
    import threading
    import time
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    gc.enable()
    sys.argv, sys.path[:] = ["-m", *arguments], [folder, *path]
    sys.orig_argv[1:] = ["-m", PACKAGE, *arguments]
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=stream.isatty(), write_through="PYTHONUNBUFFERED" in environment)
    _forget_another_copy()
    before, code = set(sys.modules), 0
    try:
        import shared_results
        shared_results.share(arguments)
        runpy.run_module(PACKAGE, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
        if code is not None and not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    except KeyboardInterrupt:
        sys.excepthook(*sys.exc_info())
        code = signal.SIGINT
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    threading._shutdown()                               # as at the end of Python: threads, exit functions, streams
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    imported = "\n".join(name for name in sys.modules if name not in before and not name.endswith("__main__"))
    os.write(said, imported.encode()[:65536])           # as much as a pipe holds
    if code is signal.SIGINT:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit((code or 0) & 0xff)


def _forget_another_copy():
    """Workers of an installed package find that one, not the one that is in memory."""
    from importlib.machinery import PathFinder
    known, found = sys.modules.get(PACKAGE), PathFinder.find_spec(PACKAGE)
    if known is not None and (found is None or found.origin != known.__spec__.origin):
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


def start(folder):
    """Start the server, if this system has what it needs.

    It is no child of this process: who waits for its own processes to end does not wait for the server.

    Parameters
    ----------
    folder : path
        An empty one, nobody else's, with a short name.

    Returns
    -------
    tuple
        The environment of processes that may use it, and a function that ends it.
    """
    if not hasattr(os, "pidfd_open"):
        return {}, lambda: None
    import subprocess
    address = os.path.join(folder, "workers")
    environment = {**os.environ, "JE_ARROW_MALLOC_CONF": "background_thread:false"}      # pyarrow's only thread at its import
    server = subprocess.Popen([sys.executable, __file__, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              env=environment)
    process = server.stdout.readline().strip()          # it listens
    server.wait()

    def end():
        server.stdin.close()
        server.stdout.read()                            # until it is gone

    return {ADDRESS: address, SERVER: process}, end


if __name__ == "__main__":
    server = Server(sys.argv[1])
    if os.fork():
        os._exit(0)
    print(os.getpid(), flush=True)
    server.serve()
