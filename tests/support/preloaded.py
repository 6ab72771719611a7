"""Commands in processes that have imported what the suite needs already.

A command takes seconds to import MLflow and scikit-learn, and milliseconds to refuse a parameter. Here it is forked
from a process that has done nothing but import: a process of its own, with its own arguments, environment and output.
What must start as a user starts it goes through :func:`tests.support.processes.run`.
"""

import json
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.support.processes import environment

# not luigi.cmdline, which takes the arguments of the process when it is imported, and not what is run as __main__
IMPORTED = (
    *("luigi.retcodes", "luigi.worker", "luigi.server", "mlflow.store.model_registry.sqlalchemy_store", "mlflow.onnx"),
    *("mlflow.store.tracking.sqlalchemy_store", "mlflow.pyfunc.loaders", "onnxmltools", "deltalake"),
    *("orchestration", "training.registry.versions", "training.registry.decisions", "training.candidate"),
    *("training.selection", "training.evaluation.evaluate", "data.history.clean", "orchestration.challenger"),
    *("feature_service.client.plan_commands", "feature_service.client.order_command", "feature_service.terminal"),
    *("feature_service.client.output.info", "feature_service.client.output.performance"),
)
TIMEOUT_S = 600
Run = Callable[[Sequence[str | Path]], subprocess.CompletedProcess[str]]
_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(["tests.support.preloaded", *IMPORTED])


def run_preloaded(
    command: Sequence[str | Path], env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; standard error is part of ``stdout``.

    Args:
        command: A Python script, or this Python with ``-m`` or ``-c``.
        env: Its environment; None: that of a user.
    Raises:
        subprocess.TimeoutExpired: If it takes too long; it is killed.
    """
    with tempfile.NamedTemporaryFile() as out:
        status = wait_for(start_preloaded(command, env, Path(out.name)))
        said = Path(out.name).read_text(encoding="utf-8")
        return subprocess.CompletedProcess([str(word) for word in command], status, said)


@contextmanager
def preloaded_in(environment_now: Callable[[], Mapping[str, str]]) -> Iterator[Run]:
    """Runs commands as :func:`run_preloaded` does, where the environment must be there from the first process on.

    So it is with a library that gives processes another clock. Each command gets the environment of its time.
    """
    itself = [sys.executable, "-m", "tests.support.preloaded"]
    env, pipe = environment_now(), subprocess.PIPE
    with subprocess.Popen(itself, env=env, stdin=pipe, stdout=pipe, text=True) as process:
        asked, answered = process.stdin, process.stdout
        assert asked is not None
        assert answered is not None

        def ask(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
            question = {"command": [str(word) for word in command], "env": dict(environment_now())}
            print(json.dumps(question), file=asked, flush=True)
            return subprocess.CompletedProcess(**json.loads(answered.readline()))

        yield ask


def run_preloaded_apart(
    command: Sequence[str | Path], env: Mapping[str, str], stdin: str
) -> subprocess.CompletedProcess[str]:
    """Run a command as :func:`run_preloaded` does, with something to read; standard error is apart."""
    with tempfile.TemporaryDirectory() as folder:
        out, err, given = (Path(folder) / name for name in ("out", "err", "in"))
        given.write_text(stdin, encoding="utf-8")
        status = wait_for(start_preloaded(command, env, out, err, given))
        said = [path.read_text(encoding="utf-8") for path in (out, err)]
        return subprocess.CompletedProcess([str(word) for word in command], status, *said)


def start_preloaded(
    command: Sequence[str | Path],
    env: Mapping[str, str] | None = None,
    out: Path = Path(os.devnull),
    err: Path | None = None,
    given: Path = Path(os.devnull),
) -> ForkServerProcess:
    """Start a command as :func:`run_preloaded` does.

    Args:
        command: As there.
        env: As there.
        out: Takes what it prints.
        err: Takes its standard error; None: so does ``out``.
        given: Its standard input.
    """
    words = [str(word) for word in command]
    process = _FORKED.Process(target=_become, args=(words, dict(env or environment()), out, err, given))
    process.start()
    return process


def wait_for(process: ForkServerProcess) -> int:
    """The exit status of a started command, negative if a signal ended it.

    Raises:
        subprocess.TimeoutExpired: If it takes too long; it is killed.
    """
    process.join(TIMEOUT_S)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise subprocess.TimeoutExpired(process.name, TIMEOUT_S)
    return process.exitcode


def _become(words: list[str], env: dict[str, str], out: Path, err: Path | None, given: Path) -> None:
    os.environ.clear()
    os.environ.update(env)
    with out.open("wb") as said, err.open("wb") if err else nullcontext(said) as refused:
        os.dup2(said.fileno(), sys.stdout.fileno())
        os.dup2(refused.fileno(), sys.stderr.fileno())
    sys.stdin = given.open(encoding="utf-8")
    try:
        _run(words)
    except Exception:
        sys.excepthook(*sys.exc_info())  # which the command may have set, and multiprocessing does not ask
        sys.exit(1)


def _run(words: list[str]) -> None:
    if words[0] != sys.executable:
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")
        return
    _, flag, what, *arguments = words
    sys.argv = [flag, *arguments]
    if flag == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        assert flag == "-c", words
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    for line in sys.stdin:
        done = run_preloaded(**json.loads(line))
        sys.stdout.write(f"{json.dumps(vars(done))}\n")
        sys.stdout.flush()
