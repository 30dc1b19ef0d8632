"""A desk for the tasks of MPC's other families: thumbnails, extract-metadata, remux and animated graphics."""
import time

import mpc
import mps

ENDED = {"SUCCEEDED", "SUCCEED", "FAILED", "CANCELED"}
LISTS = {"ThumbnailsTask": "task_array", "ExtractTask": "tasks", "RemuxTask": "tasks", "AnimatedGraphicsTask": "tasks"}


class Desk(mpc.Desk):
    """Creates tasks of one family and waits for them; `family` is what its operations' names end with."""

    def __init__(self, family, client, server, media, native):
        super().__init__(client, server, media, native)
        self.family = family

    def start(self, **members):
        """The answer to a new task."""
        whole = {"input": self.source(), "output": self.place(self.folder), **members}
        body = {name: value for name, value in whole.items() if value is not None}
        answer = self.client.call(f"Create{self.family}", body)
        assert type(answer.task_id) is str and answer.task_id.isdigit()
        return answer

    def turned_down(self, **members):
        whole = {"input": self.source(), "output": self.place(self.folder), **members}
        body = {name: value for name, value in whole.items() if value is not None}
        return self.client.refused(f"Create{self.family}", body)

    def listed(self, **query):
        return getattr(self.client.call(f"List{self.family}", **query), LISTS[self.family])

    def one(self, task_id):
        task, = self.listed(task_id=[task_id])
        assert task.task_id == task_id
        return task

    def ended(self, task_id, states=ENDED):
        deadline = time.monotonic() + mps.WAIT_SECONDS
        while True:
            task = self.one(task_id)
            if task.status in states:
                return task
            assert time.monotonic() < deadline, task
            time.sleep(mps.POLL_SECONDS)

    def stored(self, key):
        return self.native.get_object(self.bucket, key)
