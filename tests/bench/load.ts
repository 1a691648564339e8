import { Agent, request } from "node:http";
import { DEMO_PASSWORD } from "../../db/seed";

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

/** Signs somebody with the demo's password in and gives the cookie. */
export async function signInAt(origin: string, email: string): Promise<string> {
  const body = new URLSearchParams({ email, password: DEMO_PASSWORD, redirectTo: "" });
  const answer = await fetch(`${origin}/login`, { method: "POST", body, redirect: "manual" });
  return answer.headers.getSetCookie()[0]?.split(";")[0] ?? "";
}

const ASKED = 400;
const WARM_UP = 60;

type Target = [origin: string, cookie: string, path: string];

/** Asks for two pages in turn and prints how the one's times stand to the other's. Fails on any answer but 200. */
export async function comparePages(name: string, one: Target, other: Target): Promise<void> {
  const times: [number[], number[]] = [[], []];
  for (let i = 0; i < WARM_UP + ASKED; i++) {
    for (const [n, [origin, cookie, path]] of [one, other].entries()) {
      const began = performance.now();
      const answer = await fetch(`${origin}${path}`, { headers: { cookie } });
      await answer.arrayBuffer();
      if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`);
      if (i >= WARM_UP) times[n]?.push(performance.now() - began);
    }
  }
  const [a, b] = times.map((list) => list.sort((x, y) => x - y));
  const at = (list: number[] | undefined, share: number) => list?.[Math.floor((list.length - 1) * share)] ?? 0;
  const words = [0.5, 0.99].map((share) => {
    const [x, y] = [at(a, share), at(b, share)];
    return `p${share * 100} ${x.toFixed(1)} / ${y.toFixed(1)} ms = ${(x / y).toFixed(2)}`;
  });
  console.log(`${name}: ${words.join(", ")}`);
}
