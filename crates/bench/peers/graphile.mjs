// Graphile Worker on PostgreSQL: node graphile.mjs URL
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import pg from "pg";
import { Counter, DATA, latencies, obey, scattered, together } from "./driven.mjs";

const pool = new pg.Pool({ connectionString: process.argv[2], max: 40 });
const logger = new Logger(() => () => {});
const utils = await makeWorkerUtils({ pgPool: pool, logger });
await utils.migrate();
const AT_ONCE = 5000;
const TABLE = "graphile_worker._private_jobs";
let waiting = [];
let seen = () => {};

const worker = (preset) =>
  run({
    pgPool: pool, logger, concurrency: 32, noHandleSignals: true, preset,
    taskList: { job: async () => seen() },
  });

await obey({
  clear: async () => {
    await pool.query(`TRUNCATE ${TABLE}`);
    waiting = [];
  },

  fill: async (count) => {
    for (let filled = 0; filled < count; filled += AT_ONCE) {
      const length = Math.min(AT_ONCE, count - filled);
      await utils.addJobs(Array.from({ length }, () => ({ identifier: "job", payload: DATA })));
    }
    const found = await pool.query(`SELECT id FROM ${TABLE} ORDER BY id`);
    waiting = scattered(found.rows.map((row) => row.id));
    await pool.query(`VACUUM ANALYZE ${TABLE}`);
  },

  submit: (callers, calls) => together(callers, calls, () => utils.addJob("job", DATA)),

  submitTogether: (callers, calls, length) => together(callers, calls, () =>
    utils.addJobs(Array.from({ length }, () => ({ identifier: "job", payload: DATA })))),

  // A job that waits is cancelled by completing it, which deletes it.
  cancel: (callers, calls) => {
    const victims = waiting.splice(0, calls);
    return together(callers, calls, async (number) => {
      const ended = await utils.completeJobs([victims[number]]);
      if (ended.length !== 1) throw new Error("there was no such job");
    });
  },

  // As its documents advise for many short jobs: fetched into a local queue, completed in batches.
  work: async (jobs) => {
    const counter = new Counter(jobs);
    seen = () => counter.tick();
    const runner = await worker({
      worker: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
    });
    const rate = await counter.done;
    await runner.stop();
    return rate;
  },

  latency: async (samples) => {
    const runner = await worker({ worker: { pollInterval: 2000 } });
    const arrival = () => new Promise((resolve) => (seen = resolve));
    const found = await latencies(samples, () => 20, () => utils.addJob("job", DATA), arrival);
    await runner.stop();
    return found;
  },
});
