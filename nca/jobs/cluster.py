"""Pictures that train on the workers of a Dask cluster. Everything goes through its scheduler: no disk is shared."""

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from nca import __version__
from nca.errors import UserError
from nca.files import check_output, one_line
from nca.jobs.job import Job
from nca.jobs.parcel import Answer, deliver, pack
from nca.lock import locked
from nca.run import MODEL

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["Cluster", "connect"]

PATIENCE = 5  # seconds for the scheduler to answer
NEEDED = f"nca-texture[cluster] {__version__} on the scheduler and its workers, as here"


@contextmanager
def connect(address: str) -> "Iterator[Client]":
    """A client of the scheduler at an address. Raises UserError if none answers, or if Dask is missing."""
    try:
        from distributed import Client, Security
        from distributed.comm import resolve_address
    except ImportError:
        raise UserError("--scheduler needs Dask: pip install 'nca-texture[cluster]'") from None
    security = Security()  # of Dask's own configuration
    if address.startswith("tls:") and not security.get_connection_args("client")["ssl_context"]:
        raise UserError(f"{one_line(address)} needs certificates: name them in Dask's configuration (docs/training.md)")
    try:
        client = Client(resolve_address(address or ":"), security=security, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError):
        expected = "expected what `dask scheduler` prints, such as tcp://10.0.0.5:8786"
        raise UserError(f"no Dask scheduler answers at {one_line(address) or repr('')}: {expected}") from None
    with client:
        yield client


class Cluster:
    """An executor. Dask starts a picture again on another worker if its worker dies, three times at most."""

    def __init__(self, client: "Client") -> None:
        from distributed import Event

        self.client = client
        self.topic = f"nca-{uuid4().hex}"  # of lines, and the name of the signal to stop
        self.signal = Event(self.topic, client)
        self.stopped = False
        self.says: dict[str, Callable[[str], None]] = {}
        self.waiting: dict[str, Future] = {}  # for a worker, as none has said a line
        self.running: dict[str, Future] = {}
        client.subscribe_topic(self.topic, self._hear)

    def train(self, job: Job, say: Callable[[str], None]) -> str:
        """Send a picture, or a run to resume, and write the run folder that comes back."""
        try:
            with locked(job.folder):
                if job.picture:
                    check_output(job.folder, force=job.force, marker=MODEL)
                answer = self._ask(job, say)
                deliver(job, answer.files)
                return answer.end
        except UserError as error:
            return str(error)

    def stop(self) -> None:
        """Each worker saves and sends what it has; a picture without a worker needs none. Again: forget them all."""
        begun = self.running if self.stopped else {}
        futures = [*self.waiting.values(), *begun.values()]
        self.stopped = True
        Thread(target=self._stop, args=(futures,), daemon=True).start()

    def _stop(self, futures: "list[Future]") -> None:
        self.client.cancel(futures)
        self.signal.set()

    def _ask(self, job: Job, say: Callable[[str], None]) -> Answer:
        from distributed import KilledWorker

        from nca.jobs.worker import train_parcel

        self.says[job.name] = say
        future = self.client.submit(train_parcel, pack(job), self.topic, key=f"{self.topic}-{job.name}", pure=False)
        self.waiting[job.name] = future
        if self.stopped:
            future.cancel()
        try:
            answer: Answer = future.result()
            return answer
        except CancelledError:
            return Answer("" if self.stopped else "the scheduler is gone: continue with --resume", {})
        except KilledWorker:
            return Answer(f"each of its workers died: expected workers with memory for it, and {NEEDED}", {})
        except Exception as error:  # whatever a foreign machine has met
            reason = str(error).partition("\n")[0]
            return Answer(f"{type(error).__name__}: {one_line(reason)}; expected {NEEDED}", {})
        finally:
            self.waiting.pop(job.name, None)
            self.running.pop(job.name, None)

    def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        """A line of a worker."""
        _, message = event
        name = message["name"]
        if name in self.waiting:
            self.running[name] = self.waiting.pop(name)
        self.says[name](message["line"])
