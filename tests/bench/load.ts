import { Agent, request } from "node:http";

export interface Delivery {
  body: string;
  header: string;
}

/** Posts every delivery once, `inFlight` at a time over kept connections; answers the seconds it took. Fails on any non-200. */
export async function postAll(port: number, deliveries: readonly Delivery[], inFlight: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  const before = performance.now();
  await inParallel(deliveries, inFlight, async (delivery) => {
    const status = await post(agent, port, delivery);
    if (status !== 200) throw new Error(`answered ${status}`);
  });
  const seconds = (performance.now() - before) / 1000;
  agent.destroy();
  return seconds;
}

/** Runs `work` for every item, `inFlight` at a time. */
export async function inParallel<T>(
  items: readonly T[],
  inFlight: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

function post(agent: Agent, port: number, { body, header }: Delivery): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        agent,
        port,
        host: "127.0.0.1",
        method: "POST",
        path: "/api/webhooks/stripe",
        headers: {
          "content-type": "application/json",
          "content-length": Buffer.byteLength(body),
          "stripe-signature": header,
        },
      },
      (answer) => {
        answer.resume();
        answer.once("end", () => resolve(answer.statusCode ?? 0));
      },
    );
    call.once("error", reject);
    call.end(body);
  });
}
