"""The nightly job as an Airflow DAG (2.4 and later, and 3). kefu is installed on the worker.

A task run again for an old date makes that date again; what has not changed is not written.
"""

import shlex
import signal
import subprocess
from datetime import timedelta

import pendulum
from airflow.decorators import dag, task
from airflow.exceptions import AirflowException, AirflowFailException

ZONE = "Asia/Shanghai"
COMMAND = "kefu run /etc/kefu/nightly.toml --date {day} --memory-limit 1536MB --log-format json --verbose"
# Input not there yet, storage away, another run under way: the one exit that waiting cures.
TRY_AGAIN = 75


def call(command):
    """Runs a command and hands a SIGTERM on: Python's own subprocess.run would kill at once and leave the lease behind."""
    process = subprocess.Popen(shlex.split(command))
    try:
        return process.wait()
    except BaseException:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=90)
        except subprocess.TimeoutExpired:
            process.kill()
        raise


@dag(
    dag_id="kefu_nightly",
    # The zone of the pipeline: without it Airflow's dates are those of UTC, and half past five is still the day before.
    schedule="30 5 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz=ZONE),
    # A whole year at once is a backfill of kefu's, which reads every file once; not 365 tasks.
    catchup=False,
    # Never two at once: the second would only find the lease held.
    max_active_runs=1,
    default_args={
        "retries": 12,
        "retry_delay": timedelta(minutes=10),
        # A night takes minutes. What has not ended after four hours hangs.
        "execution_timeout": timedelta(hours=4),
    },
    tags=["kefu", "客服"],
)
def kefu_nightly():
    @task
    def run(data_interval_end=None):
        # The end of the interval is the moment the run is for, under every timetable; the business day is the one before it, in our zone.
        day = data_interval_end.in_timezone(ZONE).subtract(days=1).to_date_string()
        code = call(COMMAND.format(day=day))
        if code == TRY_AGAIN:
            raise AirflowException(f"kefu exited with {code}: try again")
        if code != 0:
            # A wrong pipeline file or refused data does not get better by trying.
            raise AirflowFailException(f"kefu exited with {code}: see docs/operations.md")

    run()


kefu_nightly()
