// BullMQ on Redis: node bullmq.mjs PORT
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { Counter, DATA, latencies, obey, scattered, together } from "./driven.mjs";

const port = Number(process.argv[2]);
const CALLERS = 32;
const AT_ONCE = 2000;
const connection = () => new Redis({ host: "127.0.0.1", port, maxRetriesPerRequest: null });
// One connection for each caller, as as many processes would have.
const queues = Array.from({ length: CALLERS }, () => new Queue("bench", { connection: connection() }));
const [queue] = queues;
await Promise.all(queues.map((one) => one.waitUntilReady()));
const administrator = connection();
let waiting = [];

await obey({
  clear: async () => {
    await administrator.flushall();
    waiting = [];
  },

  // Jobs without a priority wait in a list, in which a cancel looks for its job from one end; those with one in a
  // sorted set, where it finds it at once.
  fill: async (count, purpose) => {
    const opts = purpose === "to cancel" ? { priority: 1 } : {};
    for (let filled = 0; filled < count; filled += AT_ONCE) {
      const length = Math.min(AT_ONCE, count - filled);
      const jobs = await queue.addBulk(Array.from({ length }, () => ({ name: "job", data: DATA, opts })));
      for (const job of jobs) waiting.push(job.id);
    }
    waiting = scattered(waiting);
  },

  submit: (callers, calls) => together(callers, calls, (_, caller) => queues[caller % CALLERS].add("job", DATA)),

  submitTogether: (callers, calls, length) => together(callers, calls, (_, caller) =>
    queues[caller % CALLERS].addBulk(Array.from({ length }, () => ({ name: "job", data: DATA })))),

  cancel: (callers, calls) => {
    const victims = waiting.splice(0, calls);
    return together(callers, calls, async (number, caller) => {
      const removed = await queues[caller % CALLERS].remove(victims[number]);
      if (removed !== 1) throw new Error("there was no such job");
    });
  },

  work: async (jobs) => {
    const counter = new Counter(jobs);
    const worker = new Worker("bench", async () => {}, { connection: connection(), concurrency: CALLERS });
    worker.on("completed", () => counter.tick());
    const rate = await counter.done;
    await worker.close(true);
    return rate;
  },

  latency: async (samples) => {
    let seen = () => {};
    const worker = new Worker("bench", async () => seen(), { connection: connection() });
    await worker.waitUntilReady();
    const arrival = () => new Promise((resolve) => (seen = resolve));
    const found = await latencies(samples, () => 20, () => queue.add("job", DATA), arrival);
    await worker.close(true);
    return found;
  },
});
