// pg-boss on PostgreSQL: node pgboss.mjs URL
import PgBoss from "pg-boss";
import pg from "pg";
import { Counter, DATA, latencies, obey, scattered, together } from "./driven.mjs";

const url = process.argv[2];
const QUEUE = "bench";
const AT_ONCE = 5000;
const BATCH = 32;
const LOOPS = 4;
const pool = new pg.Pool({ connectionString: url, max: 2 });
const boss = new PgBoss({ connectionString: url, max: 32, supervise: false, schedule: false });
boss.on("error", (error) => console.error(error));
await boss.start();
await boss.createQueue(QUEUE);
const { rows } = await pool.query("SELECT partition_name FROM pgboss.queue WHERE name = $1", [QUEUE]);
const table = `pgboss.${rows[0].partition_name}`;
let waiting = [];

await obey({
  clear: async () => {
    await pool.query(`TRUNCATE ${table}`);
    waiting = [];
  },

  fill: async (count) => {
    for (let filled = 0; filled < count; filled += AT_ONCE) {
      const length = Math.min(AT_ONCE, count - filled);
      await boss.insert(Array.from({ length }, () => ({ name: QUEUE, data: DATA })));
    }
    const found = await pool.query(`SELECT id FROM ${table} WHERE state = 'created' ORDER BY created_on, id`);
    waiting = scattered(found.rows.map((row) => row.id));
    await pool.query(`VACUUM ANALYZE ${table}`);
  },

  submit: (callers, calls) => together(callers, calls, () => boss.send(QUEUE, DATA)),

  submitTogether: (callers, calls, length) => together(callers, calls, () =>
    boss.insert(Array.from({ length }, () => ({ name: QUEUE, data: DATA })))),

  cancel: (callers, calls) => {
    const victims = waiting.splice(0, calls);
    return together(callers, calls, async (number) => {
      const { affected } = await boss.cancel(QUEUE, victims[number]);
      if (affected !== 1) throw new Error("there was no such job");
    });
  },

  // Its own loops ask every half a second at most, so jobs are fetched and completed by hand, in batches.
  work: async (jobs) => {
    const counter = new Counter(jobs);
    const loop = async () => {
      for (;;) {
        const batch = await boss.fetch(QUEUE, { batchSize: BATCH });
        if (!batch?.length) return;
        await boss.complete(QUEUE, batch.map((job) => job.id));
        counter.tick(batch.length);
      }
    };
    await Promise.all(Array.from({ length: LOOPS }, loop));
    return counter.done;
  },

  // Half a second between looks is the least that it takes. Adding at any moment between them.
  latency: async (samples) => {
    let seen = () => {};
    const worker = await boss.work(QUEUE, { pollingIntervalSeconds: 0.5 }, async () => seen());
    const arrival = () => new Promise((resolve) => (seen = resolve));
    const found = await latencies(
      Math.min(samples, 25), () => Math.random() * 300, () => boss.send(QUEUE, DATA), arrival);
    await boss.offWork({ id: worker });
    return found;
  },
});
