import { createServer } from "node:http";
import Stripe from "stripe";

/** A webhook receiver for the tests of the sandbox: verifies each delivery and answers what it is told. */
export interface Receiver {
  url: string;
  /** Verified events in order of arrival, repeated ones included. */
  events: Stripe.Event[];
  /** Raw `Stripe-Signature` headers. */
  signatures: string[];
  /** Answers for the next deliveries, first come first served; afterwards 200. */
  answers: number[];
  close(): Promise<void>;
}

/** Starts a receiver on a free port of 127.0.0.1. A delivery whose signature is wrong is answered 400. */
export async function startReceiver(secret: string): Promise<Receiver> {
  const { webhooks } = new Stripe("sk_test_receiver");
  const receiver: Omit<Receiver, "url" | "close"> = { events: [], signatures: [], answers: [] };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const header = String(request.headers["stripe-signature"]);
    try {
      receiver.events.push(webhooks.constructEvent(Buffer.concat(chunks), header, secret));
      receiver.signatures.push(header);
      response.writeHead(receiver.answers.shift() ?? 200).end();
    } catch {
      response.writeHead(400).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The receiver has no port");
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return Object.assign(receiver, { url: `http://127.0.0.1:${address.port}/hook`, close });
}
