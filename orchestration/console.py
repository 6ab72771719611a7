"""What a run prints: one line for each stage, and one sentence where something is wrong."""

import logging
import os
import sys
from types import TracebackType

import luigi.configuration
from luigi.parameter import MissingParameterException
from luigi.task_register import TaskClassNotFoundException

from feature_service.kernel import StockoutError
from orchestration.refusals import refuse_in_a_sentence

# Luigi exits with 0 whatever happened unless it is configured otherwise, and retries a failed task only after minutes.
_LUIGI_DEFAULTS = {
    # a run's own lines say what it did; and Luigi's lock, by the words of the command, would only make a timer's second
    # start an error: stages are whole whoever writes them, and the weekly run steps aside by a lock of its own
    "core": {"log_level": "WARNING", "no_lock": "true"},
    # a run whose snapshot another run has replaced meanwhile has done its work all the same
    "worker": {"check_unfulfilled_deps": "false"},
    "retcode": {
        "already_running": "10",
        "missing_data": "20",
        "not_run": "25",
        "task_failed": "30",
        "scheduling_error": "35",
        "unhandled_exception": "40",
    },
}

# Left alone, MLflow waits two minutes for an answer, eight times over, at every call.
_ENVIRONMENT_DEFAULTS = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "PGCONNECT_TIMEOUT": "10",
}

log = logging.getLogger("stockout")


class OneSentence(logging.Filter):
    """Leaves the traceback out of a record about an error that the user can put right."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through; of an error that the user can put right only the sentence."""
        sentence = _sentence(record.exc_info[1] if record.exc_info else None)
        if sentence:
            record.msg, record.args = "%s", (sentence,)
            record.exc_info = record.exc_text = None
        return True


def _sentence(error: BaseException | None) -> str | None:
    """What is wrong, if it is something that the user can put right."""
    if isinstance(error, StockoutError | OSError):
        return str(error)
    if isinstance(error, MissingParameterException):
        option = str(error).split("'")[-2].replace("_", "-")
        return f"--{option} is missing; luigi --module orchestration StockoutPipeline --help says what it is"
    if isinstance(error, TaskClassNotFoundException):
        return " ".join(str(error).replace("Did you mean:", "Did you mean").split())
    return None


def _say_the_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Of an error that Luigi lets through, the sentence; anything else as Python says it."""
    sentence = _sentence(error)
    if sentence:
        sys.stderr.write(f"ERROR: {sentence}\n")
    else:
        sys.__excepthook__(kind, error, trace)


def set_up() -> None:
    """Give Luigi our defaults where the user set none, and our log lines a place; called once, on import."""
    for name, setting in _ENVIRONMENT_DEFAULTS.items():
        os.environ.setdefault(name, setting)  # read when mlflow is imported, later
    config = luigi.configuration.get_config()
    for section, options in _LUIGI_DEFAULTS.items():
        for option, value in options.items():
            if not config.has_option(section, option):
                config.set(section, option, value)
    sys.excepthook = _say_the_end  # Luigi looks for the task before it can catch anything
    refuse_in_a_sentence()
    luigi_log = logging.getLogger("luigi-interface")
    if not any(isinstance(known, OneSentence) for known in luigi_log.filters):
        luigi_log.addFilter(OneSentence())
    if not log.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s  %(message)s", "%H:%M:%S"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False
