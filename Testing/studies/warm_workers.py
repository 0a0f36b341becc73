"""Starts the workers of all test processes from one process that has their libraries in memory already: imports are most of
what a short worker costs.

Python runs `sitecustomize` at the start of each worker; it hands its arguments, folder, environment and streams over to the
server, which forks. The copy does what the worker would have done; the worker waits for it, passes signals on, and ends as
the copy did. Nothing is imported ahead but what two workers had to import. Where the system lacks what this needs, or the
interpreter was started otherwise, workers start as they do in Slicer.

Programs that run the host come in the same way from a second server, which has what they all need of vtk, Qt and Slicer: those
that a test starts with `from_server` in their environment. They end as all of Python's programs do.

    python warm_workers.py FOLDER       serve until standard input ends
"""
import marshal
import os
import sys

#: the address of the server of workers, and its process id; the address of the server of hosts
ADDRESS, SERVER, HOSTS = "WARM_WORKERS", "WARM_WORKERS_PROCESS", "WARM_HOSTS"
#: the address of the server that a program is handed over to, whatever program it is
PROGRAM = "WARM_PROGRAM"
PACKAGE = "TumorConnectomeLib"
#: packages that start threads when they are imported, which a fork would lose
_THREADED = ("duckdb", "_duckdb")
_ACCEPTED = b"+"
_LENGTH = 4


def from_server():
    """Environment with which a program that runs the host comes from the server, where there is one."""
    return {PROGRAM: os.environ[HOSTS]} if HOSTS in os.environ else {}


def at_start():
    """What Python does first, in workers and in programs that run the host: hand over, or else share results."""
    worker = sys.orig_argv[1:3] == ["-m", PACKAGE]
    server = os.environ.pop(PROGRAM, None)
    if worker:
        server = os.environ.get(ADDRESS)
    if server is not None:
        hand_over(server)
    if worker:
        from shared_results import share
        share(sys.orig_argv[3:])


def _interpreter():
    """What a worker can not take over from a process that was started with other values."""
    options = {name: value for name, value in sys._xoptions.items() if name != "faulthandler"}
    return [sys.executable, *map(str, (tuple(sys.flags), sys.warnoptions, options, sys.getfilesystemencoding(),
                                       os.environ.get("PYTHONHASHSEED"), os.environ.get("OPENBLAS_NUM_THREADS")))]


def hand_over(address):
    """Have the server run the program of this process instead of it: returns only if it does not.

    Only modules that Python has at its start, or that are loaded at once: this is what each worker pays.
    """
    import _signal
    import _socket
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.connect(address)
    except OSError:
        return                                          # the tests that it belongs to have ended
    request = marshal.dumps((_interpreter(), sys.orig_argv, os.getcwd(), dict(os.environ), sys.path))
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
    """Forks a copy of this process for each worker, or for each host; ends, with all of them, when standard input does."""

    def __init__(self, listener, hosts):
        import selectors
        self._listener, self._hosts, self._selector = listener, hosts, selectors.DefaultSelector()
        for source, called in ((0, self._end), (self._listener, self._accept)):
            self._selector.register(source, selectors.EVENT_READ, called)
        self._read, self._workers, self._imported, self._prepared = selectors.EVENT_READ, {}, {}, False

    def serve(self):
        """Return in the copies only: what to call there."""
        while True:
            for key, _ in self._selector.select():
                if key.fd in self._selector.get_map():  # not closed since
                    program = key.data()
                    if program is not None:
                        return program

    def _end(self):
        import shutil
        for worker in self._workers.values():
            os.kill(worker, 9)
        folder = os.path.dirname(self._listener.getsockname())
        shutil.rmtree(folder, ignore_errors=True)       # also when the tests were ended before they could
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
                program = self._start(connection, streams, *marshal.loads(request))
                if program is not None:
                    return program
        for stream in streams:
            os.close(stream)
        if connection not in self._workers:
            connection.close()
        return None

    def _start(self, connection, streams, interpreter, arguments, folder, environment, path):
        import functools
        import gc
        if interpreter != _interpreter():
            return None
        if not self._prepared:
            self._prepare(path)
        if len(os.listdir("/proc/self/task")) > 1:
            return None
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
            return functools.partial(_run, arguments, streams, folder, environment, path, said, self._hosts)
        os.close(said)
        self._workers[connection] = worker
        watch = os.pidfd_open(worker)
        self._selector.register(connection, self._read, lambda: self._hear(connection, worker))
        self._selector.register(watch, self._read, lambda: self._ended(connection, worker, watch, report))
        self._send(connection, _ACCEPTED)
        return None

    def _prepare(self, path):
        import contextlib
        self._prepared, sys.path[:] = True, path
        if self._hosts:
            with contextlib.suppress(Exception):        # then the hosts will say what is wrong
                from slicerhost import app
                app.prepare()

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
        """Import what the worker had to import, if another one had to before; hosts have the module from several places."""
        import contextlib
        import importlib
        for name in names:
            self._imported[name] = self._imported.get(name, 0) + 1
            left_out = self._hosts and name.startswith("TumorConnectome") or name.partition(".")[0] in _THREADED
            if self._imported[name] == 2 and name not in sys.modules and not left_out:
                with contextlib.suppress(Exception):    # then the workers will say what is wrong
                    importlib.import_module(name)


def _run(arguments, streams, folder, environment, path, said, host):
    """Be the program; never returns."""
    import gc
    import time
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    gc.enable()
    sys.orig_argv[:], sys.path[:] = arguments, path
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=stream.isatty(), write_through="PYTHONUNBUFFERED" in environment)
    _forget_another_copy()
    before, code = set(sys.modules), 0
    try:
        _be_main(arguments[1:])
    except SystemExit as end:
        code = end.code
    except BaseException as error:
        trace = error.__traceback__.tb_next.tb_next     # without this function and the next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        code = error if isinstance(error, KeyboardInterrupt) else 1
    imported = "\n".join(name for name in sys.modules if name not in before and not name.endswith("__main__"))
    os.write(said, imported.encode()[:65536])           # as much as a pipe holds
    os.close(said)
    if host and not isinstance(code, KeyboardInterrupt):
        sys.exit(code)                                  # what is left takes its leave; there it may crash
    _end(code)


def _be_main(arguments):
    """Run what follows `python` in a command line."""
    import runpy
    import types
    while arguments[0] == "-X":
        sys._xoptions[arguments[1]], arguments = True, arguments[2:]
        if "faulthandler" in sys._xoptions:
            import faulthandler
            faulthandler.enable()
    flag, program = arguments[:2] if arguments[0] in ("-c", "-m") else ("", arguments[0])
    first = {"-c": "", "-m": os.getcwd(), "": os.path.dirname(os.path.realpath(program))}[flag]
    sys.argv[:], sys.path[:0] = [flag or program, *arguments[2 if flag else 1:]], [first]
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__builtins__ = sys.modules["builtins"]
    if flag == "-m":
        if program == PACKAGE:
            import shared_results
            shared_results.share(sys.argv[1:])
        runpy._run_module_as_main(program)
    elif flag == "-c":
        if sys.version_info >= (3, 13):                 # which shows these lines in a traceback
            import linecache
            linecache.cache["<string>"] = len(program), None, program.splitlines(True), "<string>"
        exec(compile(program, "<string>", "exec"), vars(main))
    else:
        main.__file__ = os.path.abspath(program)
        with open(program, "rb") as stream:
            exec(compile(stream.read(), main.__file__, "exec"), vars(main))


def _end(code):
    """End as Python does, but for what it does to free memory: threads, exit functions, streams."""
    import atexit
    import signal
    import threading
    if not isinstance(code, (int, type(None), KeyboardInterrupt)):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if isinstance(code, KeyboardInterrupt):
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
    environment = {**os.environ, "JE_ARROW_MALLOC_CONF": "background_thread:false"}      # pyarrow's only thread at its import
    server = subprocess.Popen([sys.executable, __file__, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              env=environment)
    process = server.stdout.readline().strip()          # it listens
    server.wait()

    def end():
        server.stdin.close()
        server.stdout.read()                            # until both are gone

    return {ADDRESS: os.path.join(folder, ADDRESS), SERVER: process, HOSTS: os.path.join(folder, HOSTS)}, end


def _serve(folder):
    """Serve workers in one process and hosts in another one, both without a parent; returns what a copy has to call."""
    import socket
    listeners = {}
    for name in (ADDRESS, HOSTS):
        listeners[name] = socket.socket(socket.AF_UNIX)
        listeners[name].bind(os.path.join(folder, name))
        listeners[name].listen(64)
    for name, listener in listeners.items():
        if os.fork() == 0:
            if name == ADDRESS:
                print(os.getpid(), flush=True)
            return Server(listener, hosts=name == HOSTS).serve()
    os._exit(0)


if __name__ == "__main__":
    program = _serve(sys.argv[1])
    try:
        program()
    finally:
        if sys.exc_info()[0] is not SystemExit:
            os._exit(70)
