// Takes orders from the bench, one JSON array a line, and answers each with one line.
import { createInterface } from "node:readline";

// What a job carries besides its ids, as many bytes as the bench's own jobs.
export const DATA = { text: "x".repeat(480) };

export async function obey(queue) {
  for await (const line of createInterface({ input: process.stdin })) {
    const [order, ...words] = JSON.parse(line);
    let answer;
    try {
      answer = { value: (await queue[order](...words)) ?? null };
    } catch (error) {
      answer = { error: String(error?.stack ?? error) };
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
  process.exit(0);
}

// So many callers that each make one call after the other; how many of them a second.
export async function together(callers, calls, call) {
  let next = 0;
  const begun = performance.now();
  const caller = async (number) => {
    while (next < calls) await call(next++, number);
  };
  await Promise.all(Array.from({ length: callers }, (_, number) => caller(number)));
  return (calls / (performance.now() - begun)) * 1000;
}

// Counts jobs as they are worked on. The first one starts the clock: a start of the worker is not counted.
export class Counter {
  constructor(expected) {
    this.expected = expected;
    this.seen = 0;
    this.done = new Promise((resolve) => (this.finish = resolve));
  }

  tick(count = 1) {
    if (this.seen === 0) this.begun = performance.now();
    this.seen += count;
    if (this.seen >= this.expected) {
      this.finish(((this.seen - count) / (performance.now() - this.begun)) * 1000);
    }
  }
}

// How long it takes from the call that adds a job to the start of its handler, in ms, each on an idle queue.
export async function latencies(samples, gap, add, arrival) {
  const found = [];
  for (let sample = 0; sample < samples; sample++) {
    const seen = arrival();
    const begun = performance.now();
    await add();
    await seen;
    found.push(performance.now() - begun);
    await new Promise((resolve) => setTimeout(resolve, gap()));
  }
  return found;
}

// The values in an order that jumps about: neighbours in time are not neighbours where they are stored.
export function scattered(values) {
  const step = 7919;
  return values.map((_, place) => values[(place * step) % values.length]);
}
